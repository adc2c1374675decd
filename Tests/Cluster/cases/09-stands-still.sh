# While the lockspace stands still nothing is granted: a start waits for it as long as its hook can, and is
# refused with the reason; and where corosync ends under it, what is held can no longer be trusted.

alarms_say() { contains "$(report alarms)" "$@"; }
quiet() { same "$(report alarms)" ""; }
# Sooner than a start that waits is given up (9 s): it does not wait behind one. Under load a node needs two.
answers() { timeout 6 "$here/lab" exec "$HOST" dlmguard status; }
guests_defined() { define vm-1 /dev/lun1 && define vm-2 /dev/lun2 && define vm-3 /dev/lun3; }

check "every node runs libvirtd and the guard" everywhere open_node

# --- a hook that waits for the lockspace ---------------------------------------------------------
check "the guests are defined on both" eval 'at 1 guests_defined && at 2 guests_defined'
check "vm-1 starts on node1" at 1 start vm-1
check "from now on fencing fails" fence fail
check "node3 loses its power" power_off 3
check "the lockspace stands still" at 1 eventually 30 lockspace_of libvirt "stopped: 1 2 3"
at 1 refused vm-2 "fencing of node3" >"$IMG/waiting" 2>&1 &
waiting=$!
sleep 3
check "a start waits" kill -0 $waiting
check "a command is answered meanwhile" eval 'at 1 answers && kill -0 $waiting'
check "so is one about what is held" at 1 holds vm-1 PW /dev/lun1
check "another start waits in vain, too" at 1 refused vm-3 "fencing of node3"
check "the first was refused before the hook's own deadline" wait $waiting
check "from now on fencing works" fence work
check "the lockspace goes on" at 1 eventually 60 lockspace_of libvirt "1 2"
check "what was granted too late is given back" at 1 eventually 20 owners vm-1
check "its disk is free on node2, where vm-2 starts" at 2 start vm-2
check "no alarm is left of it on node1" at 1 quiet
check "nor on node2" at 2 quiet
check "node3 is started again" power_on 3
check "it is in the lockspace" eval 'at 3 open_node && at 1 eventually 60 lockspace_of libvirt "1 2 3"'
check "and loses its power again" power_off 3
check "the lockspace stands still again" at 1 eventually 30 lockspace_of libvirt "stopped: 1 2 3"
check "a start in the middle of that waits, and succeeds" at 1 start vm-3
check "node3 is there again" power_on 3
check "they end" eval 'at 1 v destroy vm-1 && at 1 v destroy vm-3 && at 2 v destroy vm-2'
check "and nothing is held" eval 'at 1 eventually 20 nobody && at 2 eventually 20 nobody'

# --- corosync ends under load --------------------------------------------------------------------
check "vm-1 starts on node2" at 2 start vm-1
check "fencing fails, so that node2 goes on" fence fail
before=$(fencings 2)
load() { # starts and ends of guests, as libvirt would tell them
  local number=0
  while [ -e "$IMG/load" ]; do
    at 2 hook vm-2 prepare begin "$IMG/vm-2.xml"
    at 2 hook vm-2 release end "$IMG/vm-2.xml"
    number=$((number + 1))
  done
  echo $number
}
: >"$IMG/load"
load >"$IMG/load.log" 2>&1 &
load=$!
sleep 3
check "corosync is killed on node2" at 2 inside bash -c 'kill -9 $(pidof corosync)'
check "node2 has an alarm, and says why" at 2 eventually 30 alarms_say "corosync has ended"
check "a command is answered" at 2 answers
check "a start is refused there" at 2 refused vm-2 "corosync has ended" "restart this node"
check "what is held is not called lost" at 2 holds vm-1 PW /dev/lun1
rm -f "$IMG/load"
check "the load went on until then" wait $load
check "another node may not have its disk yet" at 1 refused vm-1 "fencing of node2"
check "from now on fencing works" fence work
check "node2 is fenced" eventually 60 fenced 2 $((before + 1))
check "its guest starts on node1" eventually 60 at 1 start vm-1
check "node2 is started again" power_on 2
check "nothing is left" at 1 clean
