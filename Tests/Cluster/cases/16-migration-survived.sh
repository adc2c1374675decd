# An agent, a QEMU or a node dies in the middle of a migration: who survives has the locks.
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
check "it comes back to node1" eval 'migrate 2 1 vm-1 && eventually 15 only 1 vm-1'
check "and goes on" at 1 v resume vm-1
check "node3 asked all along, and got none of them" hammered

check "a migration is under way" begin_migration 1 2 vm-1
check "node1's QEMU dies" at 1 qemu_dies vm-1
check "it is over" ended no
check "nobody has it" eval 'for node in 1 2; do at $node gone vm-1 40 || exit; done'

# Nodes die, and are fenced.
check "vm-1 starts on node1" at 1 start vm-1
check "a migration is under way" begin_migration 1 2 vm-1
check "node2 loses its power" power_off 2
check "it fails in the end, or is called off" eval 'sleep 15; at 1 v domjobabort vm-1; ended no'
check "node2 is fenced" eventually 60 fenced 2
check "vm-1 is at node1 as before" eventually 60 only 1 vm-1 1 3
check "node2 is started again" eval 'power_on 2 && at 2 open_node'
check "a migration is under way" begin_migration 1 2 vm-1
check "node1 loses its power" power_off 1
check "node1 is fenced" eventually 60 fenced 1
check "it is over" eval 'kill $migration; ended no'
check "vm-1 starts anew on node3" eval 'at 3 busy vm-1 && at 3 eventually 60 start vm-1'
check "and is the only one" at 2 eventually 30 phase vm-1 absent
check "nothing is left on node3" at 3 clean
check "node1 is started again" power_on 1
