# Many guests move at once, both ways; and one moves there and back, again and again.
. "$here/migration.sh"
# Without one it takes half of what this machine can do, and libvirt waits for half a minute only.
PAUSE=5

check "every node runs libvirtd and the guard" everywhere open_node
for number in 1 2 3 4; do
  check "vm-$number runs on node1" eval "at 1 define vm-$number /dev/lun$number,direct && at 1 start vm-$number"
done
for number in 5 6 7 8; do
  check "vm-$number runs on node2" eval "at 2 define vm-$number /dev/lun$number,direct && at 2 start vm-$number"
done
names=$(for number in 1 2 3 4; do at 1 names vm-$number; done; for number in 5 6 7 8; do at 2 names vm-$number; done)
check "node3 begins to ask for their locks" hammer $names

# cross A B: four guests from node1 to node2 and four back, all at once.
cross() {
  local number status=0 process processes=()
  for number in 1 2 3 4; do
    migrate "$1" "$2" vm-$number >"$IMG/$number.out" 2>&1 &
    processes+=($!)
  done
  for number in 5 6 7 8; do
    migrate "$2" "$1" vm-$number >"$IMG/$number.out" 2>&1 &
    processes+=($!)
  done
  for process in "${processes[@]}"; do wait "$process" || status=1; done
  cat "$IMG"/?.out
  return $status
}
# hold_on A B: the first four's locks are on node A, the others' on node B, and nowhere else.
hold_on() {
  local number
  for number in 1 2 3 4; do
    at "$1" holds vm-$number PW /dev/lun$number && at "$1" phase vm-$number running &&
      at "$2" phase vm-$number absent || return
  done
  for number in 5 6 7 8; do
    at "$2" holds vm-$number PW /dev/lun$number && at "$2" phase vm-$number running &&
      at "$1" phase vm-$number absent || return
  done
  tidy_locks
}
check "all eight change places at once" cross 1 2
check "each has its locks where it is" eventually 30 hold_on 2 1
check "and back" cross 2 1
check "each has its locks where it is" eventually 30 hold_on 1 2
check "node3 asked all along, and got none of them" hammered
for number in 2 3 4; do check "vm-$number is destroyed" at 1 v destroy vm-$number; done
check "nothing is left on node2" at 2 clean

check "node3 begins to ask for vm-1's locks" hammer $(at 1 names vm-1)
for round in $(seq ${CROSSINGS:-20}); do
  check "$round: vm-1 goes to node2" migrate 1 2 vm-1
  check "$round: and comes back" migrate 2 1 vm-1
done
check "its locks are on node1" eventually 15 only 1 vm-1
check "node3 asked all along, and got none of them" hammered
check "nothing is left on node1" at 1 clean
