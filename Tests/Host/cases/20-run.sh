# What a command works on belongs to it, and to no guest: `dlmguard run`.

image one.qcow2
image two.raw
ln "$IMG/one.qcow2" "$IMG/link.qcow2"
define vm-1 one.qcow2
one=$IMG/one.qcow2

# code CODE COMMAND...: the command ends with that exit code.
code() {
  local wanted=$1 status=0
  shift
  "$@" || status=$?
  same "$status" "$wanted"
}
# not_run WORD... -- COMMAND...: dlmguard refuses to run it and says these words.
not_run() {
  local words=() text status=0
  while [ "$1" != -- ]; do words+=("$1") && shift; done
  shift
  text=$(guard run "$@" -- touch "$IMG/ran" 2>&1) || status=$?
  echo "$text"
  same "$status" 1 && contains "$text" "${words[@]}" && fails test -e "$IMG/ran"
}
# hold NAME [OPTION...] PATH: in the background; its pid inside the host.
hold() { "$here/host" exec "$HOST" dlmguard run "$@" -- sleep 300 </dev/null >/dev/null 2>&1 & }
pid_of() {
  local text
  text=$(guard inquire "$1" --json) && jq -r '.owners[0].pid' <<<"$text"
}
held_by() { pid_of "$1" >/dev/null; }

check "a command is run" guard run "$one" -- qemu-img check -q "$one"
check "its exit code is the command's own" code 7 guard run "$one" -- sh -c 'exit 7'
# shellcheck disable=SC2016
check "a signal ends it as it would without" code 143 guard run "$one" -- sh -c 'kill -TERM $$'
check "what is not there cannot be run" code 127 guard run "$one" -- /nowhere
check "what may not be run is told apart" code 126 guard run "$one" -- "$IMG/one.qcow2"
# shellcheck disable=SC2016
check "its environment is passed on" inside env WORD=w dlmguard run "$one" -- sh -c 'test "$WORD" = w'
check "no shell takes its words apart" inside dlmguard run "$one" -- test '$(false) ; x' = '$(false) ; x'
check "nothing is held after that" eventually 5 nobody
check "a command that is missing is wrong usage" code 2 guard run "$one"

check "a guest starts" start vm-1
check "nothing is run on its image, and the guest is named" not_run "'vm-1' on node" "Shut 'vm-1' down first" -- "$one"
check "nor by another name of it" not_run "'vm-1' on node" -- "$IMG/link.qcow2"
name=$(ask_guard who "$one" | jq -r .resource)
check "nor by the name of the resource" not_run "'vm-1' on node" -- "$name"
check "nor to read it" not_run "'vm-1' on node" -- --read "$one"
check "nor beside something that is free" not_run "'vm-1' on node" -- "$IMG/two.raw" "$one"
check "which stays free" holders "$IMG/two.raw"
check "the guest is destroyed" v destroy vm-1
check "and gone" gone vm-1

hold "$one"
check "a command holds the image" eventually 10 held_by sleep
check "exclusively" holders "$one" "sleep EX"
check "the guest is refused, and told which command" refused vm-1 "the command 'sleep' (process" "$one" exclusive
check "so is another command" not_run "the command 'sleep'" -- "$one"
check "the agent is killed" daemon kill9 dlmguardd
check "and comes back" daemon start dlmguardd
check "the guest is refused still" refused vm-1 "the command 'sleep'"
check "the command is killed" inside kill -9 "$(pid_of sleep)"
check "which frees the image" eventually 5 holders "$one"
check "so the guest starts" start vm-1
check "and is destroyed" v destroy vm-1
check "it is gone" gone vm-1

hold --read "$one"
check "a command reads" eventually 10 held_by sleep
check "others read beside it" guard run --read "$one" -- true
check "nobody writes" not_run "the command 'sleep'" -- --shared "$one"
check "the guest is refused" refused vm-1 "the command 'sleep'"
check "it ends" inside kill "$(pid_of sleep)"
check "which frees the image again" eventually 5 holders "$one"
hold --shared "$one"
check "a command shares" eventually 10 held_by sleep
check "others share with it" guard run --shared "$one" -- true
check "nobody reads" not_run "the command 'sleep'" -- --read "$one"
check "it ends, too" inside kill "$(pid_of sleep)"

daemon stop dlmguardd
check "without an agent nothing is run" code 3 guard run "$one" -- touch "$IMG/ran"
check "really nothing" fails test -e "$IMG/ran"
check "the agent is back" daemon start dlmguardd
check "nothing is left" clean
