# The engine on the kernel's lock manager keeps the promises that every engine must keep: on one node,
# and on all nodes at once in one lockspace, where other nodes have the directory of what one locks.

conforms() { inside timeout 110 engine-lab conformance --prefix "$HOST" "$@"; }
member() { inside timeout 60 dlm_tool join engine-lab; }

check "the engine conforms on node1 alone" at 1 conforms
check "every node is in the lockspace" everywhere member
check "it spans the cluster" everywhere eventually 20 lockspace_of engine-lab "$(seq -s ' ' "$(nodes)")"
check "the kernel shows its locks" everywhere inside test -e /sys/kernel/debug/dlm/engine-lab_locks
check "the engine conforms on every node at once" everywhere conforms
