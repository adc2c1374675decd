# A guest moves between nodes: its locks move with it, and at no moment could node3 have had them.

DISK=/dev/lun1
IDENTITY() { printf 'domain:%s' "$(at 1 v domuuid "$1" | xargs)"; }

# migrate FROM TO NAME [OPTION...]: as an administrator on FROM types it.
migrate() {
  local from=$1 to=$2 name=$3
  shift 3
  at "$from" v migrate "$@" "$name" "qemu+tcp://node$to/system" --migrateuri "tcp://node$to"
}
p2p() {
  local from=$1 to=$2 name=$3
  shift 3
  at "$from" v migrate --p2p "$@" "$name" "qemu+tcp://node$to/system"
}

# Node 3 tries to start a guest on the same disk, without a pause, until it is told to stop; the first
# success is one too many.
hammer() {
  local tries=0 stop=$IMG/stop
  rm -f "$stop" "$IMG/broken"
  while [ ! -e "$stop" ]; do
    if at 3 v start rival >"$IMG/rival.out" 2>&1; then
      echo "rival started" >"$IMG/broken"
      break
    fi
    tries=$((tries + 1))
  done
  echo "$tries" >"$IMG/tries"
}
hammered() { # stops it; it tried, and never got the disk
  touch "$IMG/stop"
  wait "$hammer"
  [ ! -e "$IMG/broken" ] && [ "$(cat "$IMG/tries")" -gt 0 ]
}
# The names on that node's lockspace that wait, or are held in NL, or are left by a process that died.
left_over() {
  inside awk 'NR > 1 && ($8 != 2 || $9 == 0)' /sys/kernel/debug/dlm/libvirt_locks
}
tidy_locks() {
  local node
  for node in 1 2 3; do same "$(at "$node" left_over)" "" || return; done
}
# only N NAME: the guest runs there and nowhere else, and holds its disk there and nowhere else.
only() {
  local node
  for node in 1 2 3; do
    if [ "$node" = "$1" ]; then
      at "$node" phase "$2" running && at "$node" holds "$2" PW "$DISK" || return
    else
      at "$node" phase "$2" absent || return
    fi
  done
  tidy_locks
}
audited() { inside grep -q "audit $1 domain='\?$2" /var/log/dlmguardd.log; }

check "every node runs libvirtd and the guard" everywhere open_node
check "vm-1 is defined on node1" at 1 define vm-1 $DISK,direct
check "and vm-2 on its other disk" at 1 define vm-2 /dev/lun2,direct
check "rival, on the same disk, on node3" at 3 define rival $DISK,direct
check "vm-1 starts on node1" at 1 start vm-1

hammer &
hammer=$!
check "it is migrated to node2" migrate 1 2 vm-1 --live
check "it runs there, with its locks, and nothing else is left" eventually 10 only 2 vm-1
check "node3 tried all along and never got its disk" hammered
check "node2 says that it arrived" at 2 audited arrived vm-1
check "node1 says where it went" at 1 audited outgoing vm-1

hammer &
hammer=$!
for round in 1 2 3; do
  check "$round: back to node1, peer to peer" p2p 2 1 vm-1 --live
  check "$round: and to node2" p2p 1 2 vm-1 --live
done
check "it runs on node2" eventually 10 only 2 vm-1
check "node3 never got its disk" hammered

check "a paused guest is migrated" eval 'at 2 v suspend vm-1 && migrate 2 1 vm-1 --live'
check "and stays paused, with its locks" eventually 10 only 1 vm-1
check "it is resumed" at 1 v resume vm-1
check "it is migrated under another name" migrate 1 2 vm-1 --live --dname other
check "and holds its disk under that" eventually 10 only 2 other
check "and goes back under its own" migrate 2 1 other --live --dname vm-1
check "where it holds it" eventually 10 only 1 vm-1
check "tunnelled" p2p 1 2 vm-1 --live --tunnelled
check "it has its locks" eventually 10 only 2 vm-1
check "with post-copy" migrate 2 1 vm-1 --live --postcopy --postcopy-after-precopy
check "it has its locks" eventually 10 only 1 vm-1

# What is no migration.
check "its definition is migrated, offline" at 1 v migrate --offline --persistent vm-1 qemu+tcp://node2/system
check "the guest did not move" only 1 vm-1
check "started there, it is refused: it lives on node1" at 2 refused vm-1 "SAME guest" "node1"
check "another guest takes the second disk on node2" eval 'at 2 define vm-2 /dev/lun2,direct && at 2 start vm-2'
check "vm-1 is given that disk, too, by its definition only" at 1 fails v attach-disk vm-1 /dev/lun2 sdb --live
check "vm-1 still runs on node1" only 1 vm-1
check "vm-2 goes" eval 'at 2 v destroy vm-2 && at 2 gone vm-2'

# Endings.
check "the hook of node2 refuses: its agent is down" at 2 daemon stop dlmguardd
check "the migration fails, and says so" fails migrate 1 2 vm-1 --live
check "the guest goes on" only_source vm-1
