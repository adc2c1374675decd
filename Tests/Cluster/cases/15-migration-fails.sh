# Whatever ends a migration in the middle, the side that survives has the locks, nothing waits, and node3
# never got one.
. "$here/migration.sh"

BOOT=$DLMGUARD_LAB/busy.img
domain() { "$RING/domain" "$1" --boot "$BOOT" "$DISK,direct" >"$IMG/$1.xml" && v define "$IMG/$1.xml"; }
qemu_dies() { inside bash -c "kill -9 \$(cat /run/libvirt/qemu/$1.pid)"; }

check "every node runs libvirtd and the guard" everywhere open_node
check "vm-1, which is busy, is defined on node1" at 1 domain vm-1
check "it starts" at 1 start vm-1
check "node3 begins to ask for its locks" hammer $(at 1 names vm-1)

# ended_by TITLE COMMAND...: a migration to node2 under way is ended so, and vm-1 goes on at node1.
ended_by() {
  local title=$1
  shift
  check "$title: a migration to node2 is under way" begin_migration 1 2 vm-1
  check "$title" "$@"
  check "$title: it fails" ended no
  check "$title: vm-1 is at node1 as before" eventually 40 only 1 vm-1
  check "$title: it runs" at 1 eventually 20 state_is vm-1 running
}
ended_by "called off" at 1 v domjobabort vm-1
ended_by "node2's QEMU dies" at 2 qemu_dies vm-1
ended_by "node2's libvirtd dies" eval 'at 2 daemon kill9 libvirtd && at 2 daemon start libvirtd'
ended_by "node2's agent dies, and then it is called off" eval '
  at 2 daemon kill9 dlmguardd && at 2 daemon start dlmguardd && at 1 v domjobabort vm-1'
ended_by "node1's agent dies, and then it is called off" eval '
  at 1 daemon kill9 dlmguardd && at 1 daemon start dlmguardd && at 1 v domjobabort vm-1'
ended_by "node1's libvirtd dies" eval 'at 1 daemon kill9 libvirtd && at 1 daemon start libvirtd'

check "a migration is under way" begin_migration 1 2 vm-1
check "and its client is killed" eval 'at 1 inside bash -c "kill -9 \$(pidof virsh)"'
check "it is over" ended no
check "vm-1 is at node1 as before" eventually 60 only 1 vm-1

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

check "a migration is under way" begin_migration 1 2 vm-1
check "node1's QEMU dies" at 1 qemu_dies vm-1
check "it is over" ended no
check "nobody has it" eval 'for node in 1 2; do at $node gone vm-1 40 || exit; done'
check "node3's turn has come, for its locks are free" fails hammered

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
check "vm-1 starts anew on node3" eval 'at 3 domain vm-1 && at 3 eventually 60 start vm-1'
check "and is the only one" at 2 eventually 30 phase vm-1 absent
check "nothing is left on node3" at 3 clean
check "node1 is started again" power_on 1
