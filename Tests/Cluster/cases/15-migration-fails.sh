# Whatever ends a migration in the middle, the side that survives has the locks, nothing waits, and node3
# never got one.
. "$here/migration.sh"

check "every node runs libvirtd and the guard" everywhere open_node
check "vm-1, which is busy, is defined on node1" at 1 busy vm-1
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
check "node3 asked all along, and got none of them" hammered
check "nothing is left on node1" at 1 clean
