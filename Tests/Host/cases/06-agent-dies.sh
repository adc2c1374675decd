# The agent comes and goes; its claims stay. Where it cannot do its work, starts are refused.

image one.qcow2
image two.qcow2
define vm-1 one.qcow2
define vm-2 one.qcow2
define vm-3 two.qcow2
disk=$IMG/one.qcow2
state=$DLMGUARD_LAB/$HOST/lib-dlmguard
check "vm-1 starts" start vm-1
before=$(report facts vm-1)

for verb in kill9 stop; do
  check "$verb: the agent" daemon $verb dlmguardd
  check "$verb: a second guest is refused, and the message says what to start" \
    refused vm-2 "dlmguardd" "start"
  check "$verb: so is one with a disk of its own" refused vm-3 "dlmguardd"
  check "$verb: the first one runs on" state_is vm-1 running
  check "$verb: the management program says so with its exit code" \
    same "$(guard status >/dev/null 2>&1; echo $?)" 3
  check "$verb: the agent starts" daemon start dlmguardd
  check "$verb: the claims are the same" unchanged vm-1 "$before"
  check "$verb: a second guest is refused for them" refused vm-2 "vm-1" "$disk"
done
# Killed somewhere in the middle of a start, which then may have come to pass or not.
v start vm-3 >/dev/null 2>&1 &
client=$!
daemon kill9 dlmguardd
daemon start dlmguardd
wait $client
v destroy vm-3 >/dev/null 2>&1
check "killed while a guest starts: nothing of it is left" gone vm-3 30
check "killed while a guest starts: the other claims are as they were" \
  unchanged vm-1 "$before"

check "the agent is killed" daemon kill9 dlmguardd
check "the guest dies meanwhile" inside kill -9 "$(qemu_pid vm-1)"
check "libvirt sees it" eventually 20 state_is vm-1 "shut off"
check "the agent starts" daemon start dlmguardd
check "the dead guest's claims go" gone vm-1 20
check "a second guest starts" start vm-2

check "the agent is stopped" daemon stop dlmguardd
echo '{"not": "a record' >"$state/owners/11111111-2222-4333-8444-555555555555.1.json"
check "it starts over a corrupt record" daemon start dlmguardd
check "the record is put aside" \
  test -e "$state/quarantine/11111111-2222-4333-8444-555555555555.1.json"
check "and not left in place" \
  test ! -e "$state/owners/11111111-2222-4333-8444-555555555555.1.json"
check "an alarm names it" contains "$(report alarms)" 11111111-2222-4333-8444-555555555555
check "the good record is in force" holders "$disk" "vm-2 PW"
rm -rf "${state:?}/quarantine"

check "the socket's directory is removed under the agent" inside rm -rf /run/dlmguard
check "a start is refused" refused vm-3 "dlmguardd"
check "the agent is restarted" daemon restart dlmguardd
check "the claims are there" holders "$disk" "vm-2 PW"
check "a start works" start vm-3
check "nothing is left" clean

# A state directory with no room, and one that is read-only.
check "the agent stops" daemon stop dlmguardd
define vm-1 one.qcow2
define vm-2 one.qcow2
define vm-3 two.qcow2
inside mount -t tmpfs -o size=256k tmpfs /var/lib/dlmguard
check "it starts on a small state directory" daemon start dlmguardd
check "vm-1 starts there" start vm-1
for trouble in full read-only; do
  case $trouble in
  full) inside dd if=/dev/zero of=/var/lib/dlmguard/filler bs=1k 2>/dev/null ;;
  read-only) inside mount -o remount,ro /var/lib/dlmguard ;;
  esac
  check "$trouble: a start is refused, and told where the trouble is" \
    refused vm-3 "vm-3" "/var/lib/dlmguard"
  check "$trouble: nothing is half-held" owners vm-1
  check "$trouble: its disk is free" holders "$IMG/two.qcow2"
  check "$trouble: what is held stays held" refused vm-2 "vm-1"
  inside mount -o remount,rw /var/lib/dlmguard
  inside rm -f /var/lib/dlmguard/filler
  check "$trouble: over, the start works" start vm-3
  check "$trouble: and is on record" holders "$IMG/two.qcow2" "vm-3 PW"
  check "$trouble: it is destroyed" v destroy vm-3
  check "$trouble: and gone" gone vm-3
done
inside dd if=/dev/zero of=/var/lib/dlmguard/filler bs=1k 2>/dev/null
check "full: a guest's end is put on record all the same" v destroy vm-1
check "full: its claims go" gone vm-1
inside rm -f /var/lib/dlmguard/filler
check "the disk is free for the next" start vm-2
check "in the end nothing is left" clean
check "the agent stops on it" daemon stop dlmguardd
inside umount /var/lib/dlmguard
