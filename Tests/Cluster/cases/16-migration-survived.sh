# The destination's agent or the source's QEMU dies in the middle of a migration: who survives has the locks.
. "$here/migration.sh"

check "every node runs libvirtd and the guard" everywhere open_node
check "vm-1, which is busy, is defined on node1" at 1 busy vm-1
check "it starts" at 1 start vm-1
check "node3 begins to ask for its locks" hammer $(at 1 names vm-1)

# It succeeds although an agent dies.
check "a migration is under way" begin_migration 1 2 vm-1
check "node2's agent is killed" at 2 daemon kill9 dlmguardd
check "the guest stands still, so that the rest of it can go, while that is away" at 1 v suspend vm-1
check "it has succeeded" ended yes
check "node1 keeps its locks until the agent of node2 is back" at 1 eventually 30 audited alarm vm-1
check "the agent of node2 is back" at 2 daemon start dlmguardd
check "the locks are there" eventually 30 only 2 vm-1
# Running, it would never be done.
check "it stands still" eval 'at 2 v suspend vm-1; at 2 eventually 10 state_is vm-1 paused'
check "it comes back to node1" eval 'migrate 2 1 vm-1 && eventually 15 only 1 vm-1'
check "and goes on" at 1 v resume vm-1
check "node3 asked all along, and got none of them" hammered

check "a migration is under way" begin_migration 1 2 vm-1
check "node1's QEMU dies" at 1 qemu_dies vm-1
check "it is over" ended no
check "nobody has it" eval 'for node in 1 2; do at $node gone vm-1 40 || exit; done'
