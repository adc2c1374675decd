# What the guard is for: without it nothing in the cluster keeps two guests from one disk, nor one
# guest from running twice. QEMU's own locks are a node's own.

check "every node runs libvirtd, without the guard" everywhere open_node off
check "vm-1 is defined on node1" at 1 define vm-1 --qemu-locking /dev/lun1
check "vm-2 on node2, with the same disk" at 2 define vm-2 --qemu-locking /dev/lun1
check "vm-1 on node3, too" at 3 v define "$IMG/vm-1.xml"
check "vm-1 starts on node1" at 1 start vm-1
check "vm-2 starts on node2, on the same disk" at 2 start vm-2
check "vm-1 starts on node3, a second time" at 3 start vm-1
check "node1 runs vm-1" at 1 guests vm-1
check "node2 runs vm-2" at 2 guests vm-2
check "node3 runs vm-1" at 3 guests vm-1
check "nothing is left" everywhere clean unguarded
