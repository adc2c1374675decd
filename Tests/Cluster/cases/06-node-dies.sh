# A node loses its power, hangs, or is started again: what its guests held is free once it has been fenced,
# and not before.

check "every node runs libvirtd and the guard" everywhere open_node
for node in 1 2 3; do
  check "vm-1 and vm-2, with the same disk, are defined on node$node" eval \
    "at $node define vm-1 /dev/lun1 && at $node define vm-2 /dev/lun1"
done

check "vm-1 starts on node2" at 2 start vm-1
check "vm-2 is refused on node1" at 1 refused vm-2 "node2"
check "from now on fencing fails" fence fail
check "node2 loses its power" power_off 2
check "the others see it" at 1 eventually 30 lockspace_of libvirt "stopped: 1 2 3"
check "until it is fenced, vm-1 is not started elsewhere" at 1 refused vm-1 "fencing of node2"
check "nor is another guest on its disk" at 3 refused vm-2 "fencing of node2"
check "the guard of node1 does not call that an emergency" at 1 same "$(at 1 report alarms)" ""
check "from now on fencing works" fence work
check "node2 is fenced" eventually 60 fenced 2
check "the lockspace goes on without it" at 1 eventually 60 lockspace_of libvirt "1 3"
check "vm-1 starts on node1 then" at 1 start vm-1
check "and holds its disk" at 1 holds vm-1 PW /dev/lun1
check "vm-2 is refused on node3 for it" at 3 refused vm-2 "/dev/lun1" "node1"
check "no lock of the survivors was taken for lost" at 1 same "$(at 1 report alarms)" ""

check "node2 is started again" power_on 2
check "it runs libvirtd and the guard" at 2 open_node
check "what it held before its end is not on its record any more" at 2 eventually 20 nobody
check "vm-1 is refused there: it runs on node1" at 2 refused vm-1 "SAME guest" "node1"

check "node1 hangs" freeze 1
check "and is fenced for it" eventually 90 fenced 1
check "vm-1 starts on node2 then" at 2 eventually 60 start vm-1
check "and vm-2 is refused on node3" at 3 refused vm-2 "node2"
check "node1 is started again" power_on 1

# The others fence the node that failed, even if it is on its way back by then.
check "a fenced node is to start again" fence reboot
check "node2 is rebooted with its guest" eval 'lab reboot 2 && eventually 150 whole'
check "its guest's disk is free on node3, where vm-2 starts" at 3 eventually 60 start vm-2
check "node2 runs libvirtd and the guard" at 2 open_node
check "its own record of vm-1 is closed" at 2 eventually 20 nobody
check "vm-1 is refused there for vm-2" at 2 refused vm-1 "/dev/lun1" "node3"
check "nothing is left on node3" at 3 clean
