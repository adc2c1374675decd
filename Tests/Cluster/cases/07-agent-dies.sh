# The agent comes and goes, and even dies while the lockspace stands still: its locks stay in the kernel,
# and the next agent adopts them.

orphans() { # [COUNT]: how many locks of this node are held in the kernel's table, in any but NL
  same "$(inside awk 'NR > 1 && $8 == 2 && $9 > 0' /sys/kernel/debug/dlm/libvirt_locks | wc -l)" "$1"
}
log_says() { inside grep -qF -- "$1" /var/log/dlmguardd.log; }
second_agent() {
  local text
  text=$(inside bash -c 'echo "engine = \"dlm\"
socket = \"/run/second.sock\"" >/run/second.conf; timeout 20 dlmguardd --config /run/second.conf' 2>&1)
  contains "$text" "another dlmguardd"
}
urgent_threads() {
  inside bash -c 'chrt --all-tasks --pid "$(cat /run/dlmguardd.pid)" | grep -c SCHED_FIFO'
}
alarms_none() { same "$(report alarms)" ""; }

check "every node runs libvirtd and the guard" everywhere open_node
check "the guests are defined on node1" eval \
  'at 1 define vm-1 /dev/lun1 /dev/lun2,shareable && at 1 define vm-2 /dev/lun1'
check "and on node2" eval 'at 2 define vm-2 /dev/lun1 && at 2 define vm-3 /dev/lun3'
check "vm-1 starts on node1" at 1 start vm-1
before=$(at 1 report facts vm-1)
check "one thread of the agent goes before all that is not urgent: that of its locks" \
  same "$(at 1 urgent_threads)" 1

for verb in kill9 stop; do
  check "$verb: the agent of node1" at 1 daemon $verb dlmguardd
  check "$verb: node1 refuses starts, and says what to start" at 1 refused vm-2 "dlmguardd" "start"
  check "$verb: node2 refuses another guest, and names the silent node" \
    at 2 refused vm-2 "/dev/lun1" "node1" "$(at 1 v domuuid vm-1 | xargs)"
  check "$verb: the agent starts" at 1 daemon start dlmguardd
  check "$verb: the claims are the same" at 1 eventually 20 unchanged vm-1 "$before"
  check "$verb: nothing was lost" at 1 alarms_none
  check "$verb: node2 refuses it still" at 2 refused vm-2 "node1"
done
check "a second agent on the node refuses to run" at 1 second_agent
check "the first one goes on" at 1 unchanged vm-1 "$before"

check "the agent is killed" at 1 daemon kill9 dlmguardd
check "and the guest dies meanwhile" at 1 inside kill -9 "$(at 1 qemu_pid vm-1)"
check "its locks are held all the same" at 2 refused vm-2 "/dev/lun1"
check "the next agent starts" at 1 daemon start dlmguardd
check "and gives them back" at 1 gone vm-1 20
check "vm-2 starts on node2" at 2 start vm-2

check "vm-1 is refused on node1 now" at 1 refused vm-1 "/dev/lun1" "node2"
check "vm-2 is destroyed, and its locks go" eval 'at 2 v destroy vm-2 && at 2 gone vm-2'
check "vm-1 starts on node1 again" at 1 start vm-1
check "the agent is killed, its records are lost, and the guest dies" eval '
  at 1 daemon kill9 dlmguardd && rm -f "$DLMGUARD_LAB"/node1/lib-dlmguard/owners/*.json &&
  at 1 inside kill -9 "$(at 1 qemu_pid vm-1)"'
check "its locks are in the kernel" at 1 fails orphans 0
check "the next agent starts" at 1 daemon start dlmguardd
check "it gives back what no record explains, one by one" at 1 eventually 20 orphans 0
check "and says so" at 1 log_says "a lock that no guest on record explains was given back"
check "vm-2 starts on node2" at 2 start vm-2
check "and is destroyed" eval 'at 2 v destroy vm-2 && at 2 gone vm-2'

# The lockspace stands still until node3 is fenced.
check "vm-1 runs on node1" at 1 start vm-1
before=$(at 1 report facts vm-1)
check "from now on fencing fails" fence fail
check "the agent of node1 is killed" at 1 daemon kill9 dlmguardd
check "node3 loses its power" power_off 3
check "the lockspace stands still" at 1 eventually 30 lockspace_of libvirt "stopped: 1 2 3"
check "the next agent starts and answers" at 1 daemon start dlmguardd
check "a start is refused: it takes over, and the lockspace waits" \
  at 1 refused vm-2 "taking over" "fencing of node3"
check "it is killed, too, though its end waits with the lockspace" at 1 inside bash -c "kill -9 \$(cat /run/dlmguardd.pid)"
check "from now on fencing works" fence work
check "the lockspace goes on" at 1 eventually 60 lockspace_of libvirt "1 2"
check "the third agent starts" at 1 daemon start dlmguardd
check "the claims are the same" at 1 eventually 20 unchanged vm-1 "$before"
check "nothing was lost" at 1 alarms_none
check "node2 refuses another guest on its disk" at 2 refused vm-2 "/dev/lun1" "node1"
check "node3 is started again" power_on 3
check "nothing is left on node1" at 1 clean
check "nor on node2" at 2 clean
