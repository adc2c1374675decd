# What the guard does is heard as it is done, and shown.

image one.qcow2
define vm-1 one.qcow2
one=$IMG/one.qcow2
heard=$IMG/heard
watched=$IMG/watched

listen() { "$here/host" exec "$HOST" dlmguard "$@" </dev/null >"$heard" 2>"$heard.err" & }
ends() { ! kill -0 "$1" 2>/dev/null; }
# hears KIND NAME: an event of that kind about that domain is among the lines so far.
hears() { jq -e -s --arg kind "$1" --arg name "$2" 'any(.[]; .kind == $kind and .name == $name)' "$heard"; }

listen events --json
listener=$!
# Until it listens, what happens is not heard.
check "somebody listens" eventually 10 guard run "$one" -- true
check "and hears" eventually 10 eval 'guard run "$one" -- true && hears acquired true'
check "a guest starts" start vm-1
check "which is heard" eventually 5 hears bound vm-1
check "and destroyed" v destroy vm-1
check "which is heard, too" eventually 10 hears released vm-1
check "the agent stops" daemon stop dlmguardd
check "which ends it" eventually 5 ends $listener
check "the agent is back" daemon start dlmguardd

listen events --follow --json --domain vm-1
listener=$!
: >"$heard"
sleep 1
check "the agent is restarted" daemon restart dlmguardd
check "which somebody who follows is told" eventually 10 grep -q "the agent is back" "$heard.err"
check "a guest starts again" start vm-1
check "which is heard after that" eventually 5 hears bound vm-1
check "nothing else is" fails grep -v vm-1 "$heard"
check "nobody ends it" fails ends $listener
kill $listener

"$here/host" exec "$HOST" dlmguard status --watch </dev/null >"$watched" 2>&1 &
listener=$!
check "the status is shown" eventually 5 grep -q '^vm-1 *running' "$watched"
check "the guest is destroyed" v destroy vm-1
check "and the status is shown again" eventually 10 grep -q "No domain holds anything" "$watched"
check "without a terminal it is plain" fails grep -q $'\e' "$watched"
kill $listener
check "nothing is left" clean
