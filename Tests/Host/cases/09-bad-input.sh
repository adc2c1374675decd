# Input that nobody should send, to the real hook and the real agent; afterwards all is as before.

image one.qcow2
image two.qcow2
define vm-1 one.qcow2
define vm-2 one.qcow2
check "vm-1 starts" start vm-1
before=$(report facts vm-1)
agent=$(report member pid)

check "a request of 2 MiB and one without end are answered with a no" \
  inside "$here/abuse" oversize
check "half a request keeps nobody waiting" inside "$here/abuse" partial
check "two requests, byte by byte in turn, are both answered" inside "$here/abuse" interleaved
check "requests that make no sense are answered with a no" inside "$here/abuse" nonsense
check "binary garbage disturbs nobody" inside "$here/abuse" garbage
check "200 idle connections disturb nobody" inside "$here/abuse" idle
check "clients that hang up disturb nobody" inside "$here/abuse" hang-ups
check "nobody but root is served" inside "$here/abuse" stranger
check "the agent is still the same process" same "$(report member pid)" "$agent"
check "vm-1 has its claims" unchanged vm-1 "$before"

check "the hook refuses bad XML, in one plain line" inside "$here/abuse" input
check "it refuses an input that does not end" inside "$here/abuse" endless
xml_of named two.qcow2 >"$IMG/named.xml"
check "it takes any name, and shows it in one plain line" \
  inside "$here/abuse" names "$IMG/named.xml"
check "none of that left an owner behind" eventually 10 owners vm-1

check "the hook knows what it need not act on" hook vm-1 attach begin "$IMG/vm-1.xml"
check "and answers so for operations of the future" hook vm-1 levitate begin "$IMG/vm-1.xml"

name="it's \"web\" 01 <ü> &"
define "$name" two.qcow2
define thief two.qcow2
check "a real domain of a difficult name starts" start "$name"
check "it is shown under that name" phase "$name" running
check "it is named to whoever wants its disk" refused thief "web" "two.qcow2"
check "it is destroyed" v destroy "$name"
check "and gone" gone "$name"

# A session libvirtd runs the same hook, as a user who cannot reach the agent.
as_nobody() {
  # shellcheck disable=SC2016
  inside setpriv --reuid 65534 --regid 65534 --clear-groups \
    bash -c '/etc/libvirt/hooks/qemu.d/dlmguard mine prepare begin -; exit $?' <"$IMG/named.xml"
}
check "the agent takes session_starts = allow" configure 'session_starts = "allow"'
check "a user's own guest starts, unguarded" as_nobody
check "the agent takes session_starts = refuse" configure 'session_starts = "refuse"'
check "a user's own guest is refused" fails as_nobody
check "and the user is told" contains "$(as_nobody 2>&1)" "dlmguard:" "session"

check "vm-1 has its claims after all of this" unchanged vm-1 "$before"
check "a second guest is still refused" refused vm-2 "vm-1"
check "nothing is left" clean
