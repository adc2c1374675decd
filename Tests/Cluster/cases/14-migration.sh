# A guest moves between nodes: its locks move with it, and at no moment could node3 have had them.
. "$here/migration.sh"

check "every node runs libvirtd and the guard" everywhere open_node
check "vm-1 is defined on node1" at 1 define vm-1 $DISK,direct
check "rival, on the same disk, on node3" at 3 define rival $DISK,direct
check "vm-1 starts on node1" at 1 start vm-1
check "an administrator gives it another disk to hold" at 1 guard acquire vm-1 /dev/lun2
names=$(at 1 names vm-1)

check "node3 begins to ask for its locks" hammer $names
check "vm-1 is migrated to node2" migrate 1 2 vm-1
check "its locks are there, and nothing else is left" eventually 15 only 2 vm-1
check "with what it was given" at 2 holders /dev/lun2 "vm-1 EX"
check "node2 says that it arrived" at 2 audited arrived vm-1
check "node1 says where it went" at 1 audited outgoing vm-1
check "node3 cannot start a guest on its disk" at 3 refused rival "$DISK" "node2"
for round in $(seq ${CROSSINGS:-3}); do
  check "$round: back to node1, peer to peer" p2p 2 1 vm-1
  check "$round: and to node2" p2p 1 2 vm-1
done
check "its locks are on node2" eventually 15 only 2 vm-1
check "a paused guest is migrated" eval 'at 2 v suspend vm-1 && migrate 2 1 vm-1'
check "and has its locks" eventually 15 only 1 vm-1
check "it is still paused" at 1 state_is vm-1 paused
check "it is resumed" at 1 v resume vm-1
check "it is migrated under another name" migrate 1 2 vm-1 --dname other
check "and has its locks under that" eventually 15 only 2 other
check "it comes back under its own" migrate 2 1 other --dname vm-1
check "and has its locks under that" eventually 15 only 1 vm-1
check "tunnelled" p2p 1 2 vm-1 --tunnelled
check "it has its locks" eventually 15 only 2 vm-1
check "with post-copy" migrate 2 1 vm-1 --postcopy --postcopy-after-precopy
check "it has its locks" eventually 15 only 1 vm-1
check "node3 asked all along, and got none of them" hammered

# What is no migration.
check "its definition is migrated, offline" at 1 v migrate --offline --persistent vm-1 qemu+tcp://node2/system
check "its locks have not moved" only 1 vm-1
check "started on node2 it is refused: it lives on node1" at 2 refused vm-1 "SAME guest" "node1"
check "and again" at 2 refused vm-1 "SAME guest" "node1"
check "with the agent of node2 stopped, nothing can be migrated there" eval '
  at 2 daemon stop dlmguardd && fails migrate 1 2 vm-1 && at 2 daemon start dlmguardd'
check "with the agent of node1 stopped, node2 does not believe that it is one" eval '
  at 1 daemon stop dlmguardd && fails migrate 1 2 vm-1 && at 1 daemon start dlmguardd'
check "the guest has its locks on node1" eventually 15 only 1 vm-1

# Storage that moves, too.
local_disk=/var/lib/libvirt/images/local.raw
check "both nodes have a disk of their own by the same name" eval '
  for node in 1 2; do at $node inside bash -c "mkdir -p ${local_disk%/*}; truncate -s 4M $local_disk" || exit; done'
check "vm-3 has that and a disk that all nodes have" at 1 define vm-3 /dev/lun3,direct "$local_disk"
check "it starts" at 1 start vm-3
check "it is migrated, and its own disk copied" migrate 1 2 vm-3 --copy-storage-all --migrate-disks vdb
check "it holds the copy" at 2 eventually 15 holds vm-3 PW "$local_disk"
check "and the other one" at 2 holds vm-3 PW /dev/lun3
check "node1 holds nothing of it" at 1 eventually 15 phase vm-3 absent
check "it is destroyed" eval 'at 2 v destroy vm-3 && at 2 gone vm-3'

# Somebody else has one of the disks where it goes to.
check "vm-4 runs on node1 with two disks" eval 'at 1 define vm-4 /dev/lun3,direct /dev/lun4,shareable,direct && at 1 start vm-4'
check "a sharer of the second on node2 does not mind" eval '
  at 2 define vm-5 /dev/lun4,shareable,direct && at 2 start vm-5 && migrate 1 2 vm-4'
check "vm-4 has its disks there" at 2 eventually 15 holds vm-4 PW /dev/lun3
check "and shares the second" at 2 holders /dev/lun4 "vm-4 CW" "vm-5 CW"
check "nothing is left on node1" at 1 clean
check "nor on node2" at 2 clean
