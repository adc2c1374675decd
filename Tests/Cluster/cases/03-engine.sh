# The engine on the kernel's lock manager keeps the promises that every engine must keep: on one node,
# and on all nodes at once in one lockspace, where other nodes have the directory of what one locks.

conforms() { inside timeout 110 engine-lab conformance --prefix "$HOST" "$@"; }
member() { inside timeout 60 dlm_tool join engine-lab; }

# What another process holds: requests for it are refused by its master, here or elsewhere.
occupied="occupied-1 occupied-2 occupied-3"
conforms_beside_others() {
  # shellcheck disable=SC2046,SC2086
  conforms $(printf -- '--occupied %s ' $occupied)
}
occupy() {
  inside sh -c "(echo take 1 $occupied
    until [ -e /tmp/vacate ]; do sleep 1; done
    echo release 1) | engine-lab play --node 2 >/tmp/occupied 2>&1 &"
}
says() { inside grep -qx "$1" /tmp/occupied; }

check "the engine conforms on node1 alone" at 1 conforms
check "every node is in the lockspace" everywhere member
check "it spans the cluster" everywhere eventually 20 lockspace_of engine-lab "$(seq -s ' ' "$(nodes)")"
check "the kernel shows its locks" everywhere inside test -e /sys/kernel/debug/dlm/engine-lab_locks
check "node2 is asked to hold some resources" at 2 occupy
check "node2 holds them" at 2 eventually 20 says granted
check "the engine conforms on every node at once" everywhere conforms_beside_others
check "node2 is asked to give them back" at 2 inside touch /tmp/vacate
check "node2 holds nothing more" at 2 eventually 20 says released
