# In each phase of a migration each of those who take part dies: who survives has the locks, nothing is left
# that waits, and node3 never got one. The phases in the middle, when memory is sent, are those of the cases
# before.
. "$here/migration.sh"
# Without one it takes half of what this machine can do, and libvirt waits for half a minute only.
PAUSE=5

check "every node runs libvirtd and the guard" everywhere open_node
check "vm-1 is defined on node1" at 1 define vm-1 $DISK,direct

# dies N WHO: QEMU, libvirtd or the agent of node N is killed, and a daemon is started again.
dies() {
  case $2 in
  qemu) at "$1" qemu_dies vm-1 ;;
  *) at "$1" daemon kill9 "$2" && at "$1" daemon start "$2" ;;
  esac
}

# again: vm-1 runs on node1, and nowhere else.
again() {
  local node
  for node in 1 2; do
    at "$node" v domstate vm-1 >/dev/null 2>&1 || continue
    at "$node" state_is vm-1 "shut off" || at "$node" v destroy vm-1 || return
  done
  eventually 30 survivor vm-1 && at 1 start vm-1
}

# falls HOLDER OPERATION BEFORE|AFTER NODE WHO: a migration to node2 stands still at that hook of the node
# HOLDER, when somebody on NODE dies.
falls() {
  local holder=$1 operation=$2 when=$3 node=$4 who=$5 title last=
  # After `stopped` node2's QEMU is the only one, before it node1's is the only whole one.
  case $operation-$node$who in stopped-2qemu | *-1qemu) last=1 ;; esac
  title="in node$holder's $operation hook, node$node's $who dies"
  check "$title: vm-1 runs on node1" again
  hammer $(at 1 names vm-1)
  hold_at "$holder" vm-1 "$operation" "$when"
  migrate 1 2 vm-1 >"$IMG/migrate.out" 2>&1 &
  migration=$!
  check "$title: it stands still there" eventually 60 held "$holder"
  # What nobody uses any more is free: node3 is asked before.
  [ -z "$last" ] || check "$title: node3 got nothing until then" hammered
  check "$title" dies "$node" "$who"
  let_go "$holder"
  wait "$migration"
  check "$title: who survives has the locks" eventually 60 survivor vm-1
  [ -n "$last" ] || check "$title: node3 got nothing" hammered
}

for operation in migrate prepare start started; do
  for victim in "1 qemu" "1 libvirtd" "1 dlmguardd" "2 libvirtd" "2 dlmguardd"; do
    falls 2 $operation after $victim
  done
done
falls 2 started after 2 qemu
# The guest goes on at node2 by then, and node1's libvirtd is told.
for victim in "1 libvirtd" "1 dlmguardd" "2 qemu" "2 libvirtd" "2 dlmguardd"; do
  falls 1 stopped before $victim
done
check "vm-1 is destroyed" eval 'for node in 1 2; do at $node v destroy vm-1; done; at 1 gone vm-1 && at 2 gone vm-1'
check "nothing is left on node1" at 1 clean
check "nor on node2" at 2 clean
