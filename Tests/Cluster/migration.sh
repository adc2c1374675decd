# migration.sh: the words about guests that move between nodes. Sourced by the cases that need them,
# after lab.sh.

# The disk that moves with the guest, and that node3 wants.
DISK=/dev/lun1

# migrate FROM TO NAME [OPTION...]: as an administrator on FROM types it; the client speaks to both.
migrate() {
  local from=$1 to=$2 name=$3
  shift 3
  # A busy guest's takes longer than a word may.
  timeout --kill-after=5 300 "$here/lab" exec "node$from" virsh -q migrate --live "$@" "$name" \
    "qemu+tcp://node$to/system" --migrateuri "tcp://node$to"
}

# p2p FROM TO NAME [OPTION...]: the same, and the one libvirtd speaks to the other.
p2p() {
  local from=$1 to=$2 name=$3
  shift 3
  at "$from" v migrate --live --p2p "$@" "$name" "qemu+tcp://node$to/system"
}

# names NAME: the resources that the guest holds, but for files of the node's own and what keeps others
# from parts of them.
names() {
  guard inquire "$1" --json | python3 -c '
import json, sys
for owner in json.load(sys.stdin)["owners"]:
    for claim in owner["claims"]:
        if claim["mode"] in ("PW", "EX"): print(claim["resource"])'
}

# hammer NAME...: node3 asks for these resources, without a pause, until `hammered`, which succeeds when
# it never got one.
hammer() {
  rm -f "$IMG/stop"
  # Longer than a word may take.
  "$here/lab" exec node3 timeout 1500 engine-lab hammer --lockspace libvirt --node 3 --until "$IMG/stop" "$@" \
    >"$IMG/hammer.out" 2>&1 &
  hammer=$!
}
hammered() {
  local status=0
  touch "$IMG/stop"
  wait "$hammer" || status=$?
  cat "$IMG/hammer.out"
  [ $status = 0 ] && grep -q 'refused [0-9]* times' "$IMG/hammer.out"
}

# tidy_locks: on no node is anything left that waits, or is held in NL.
tidy_locks() {
  local node left
  for node in 1 2 3; do
    left=$(at "$node" inside awk 'NR > 1 && ($8 != 2 || $9 == 0)' \
      /sys/kernel/debug/dlm/libvirt_locks 2>/dev/null) || continue
    same "$left" "" || return
  done
}

# only N NAME [NODE...]: of these nodes, or of all, the guest's locks are on that one, and nowhere else.
only() {
  local where=$1 name=$2 node
  shift 2
  [ $# -gt 0 ] || set -- 1 2 3
  at "$where" phase "$name" running && at "$where" holds "$name" PW "$DISK" || return
  for node; do
    [ "$node" = "$where" ] || at "$node" phase "$name" absent || return
  done
  tidy_locks
}

audited() { inside grep -q "audit $1 domain='\?$2" /var/log/dlmguardd.log; }

# begin_migration FROM TO NAME [OPTION...]: one that does not end by itself, of a busy guest; returns when
# the destination's QEMU waits for it. `ended` waits for its client.
begin_migration() {
  local to=$2 name=$3 before
  before=$(at "$to" arrivals "$name")
  migrate "$@" --bandwidth 1 >"$IMG/migrate.out" 2>&1 &
  migration=$!
  at "$to" eventually 60 eval 'phase "$name" incoming && [ "$(arrivals "$name")" -gt "$before" ]'
}
# How often a QEMU of that guest has been there on the node.
arrivals() { inside grep -c "audit bound domain='$1'" /var/log/dlmguardd.log || true; }
ended() { # yes|no: whether it has succeeded
  local status=0
  wait "$migration" || status=$?
  cat "$IMG/migrate.out"
  if [ "$1" = yes ]; then [ $status = 0 ]; else [ $status != 0 ]; fi
}

# --- a guest whose migration does not end by itself ----------------------------------------------

# busy NAME: defines one, with the disk that moves.
busy() {
  "$RING/domain" "$1" --boot "$DLMGUARD_LAB/busy.img" "$DISK,direct" >"$IMG/$1.xml" && v define "$IMG/$1.xml"
}
qemu_dies() { inside bash -c "kill -9 \$(cat /run/libvirt/qemu/$1.pid)"; }
