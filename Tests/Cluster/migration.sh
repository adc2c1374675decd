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

# hammer NAME...: node3 asks for these resources, again and again with a pause of $PAUSE ms (none), until
# `hammered`, which succeeds when it never got one.
hammer() {
  rm -f "$IMG/stop"
  # Longer than a word may take.
  "$here/lab" exec node3 timeout 1500 engine-lab hammer --lockspace libvirt --node 3 --until "$IMG/stop" --pause ${PAUSE:-0} "$@" \
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

# Read from here: a node has better things to do than to be asked all the time.
audited() { logged "audit $1 domain='\?$2"; }
logged() { grep -q "$1" "$DLMGUARD_LAB/$HOST/log/dlmguardd.log"; }

# begin_migration FROM TO NAME [OPTION...]: one that does not end by itself, of a busy guest; returns when
# the destination's QEMU waits for it. `ended` waits for its client.
begin_migration() {
  local to=$2 name=$3 before
  before=$(at "$to" arrivals "$name")
  migrate "$@" --bandwidth 1 >"$IMG/migrate.out" 2>&1 &
  migration=$!
  at "$to" eventually 60 eval '[ "$(arrivals "$name")" -gt "$before" ]' && at "$to" phase "$name" incoming
}
# How often a QEMU of that guest has been there on the node.
arrivals() { grep -c "audit bound domain='$1'" "$DLMGUARD_LAB/$HOST/log/dlmguardd.log" || true; }
ended() { # yes|no: whether it has succeeded
  local status=0
  wait "$migration" || status=$?
  cat "$IMG/migrate.out"
  if [ "$1" = yes ]; then [ $status = 0 ]; else [ $status != 0 ]; fi
}

# --- a migration that stands still in one of its phases -------------------------------------------

# hold_at N NAME OPERATION [before|after]: on node N the domain's hook of this operation waits, before or
# (the default) after the guard's, until `let_go N`; `held N` says that it does. Scripts in qemu.d are
# called in the order of their names.
hold_at() {
  local name=zz-hold file=$IMG/hold-$1
  [ "${4:-after}" = after ] || name=00-hold
  rm -f "$file".*
  : >"$file.wanted"
  printf '#!/bin/sh\ncat >/dev/null\n[ "$1 $2" = "%s %s" ] || exit 0\n: >%s.reached\nwhile [ -e %s.wanted ]; do sleep 0.2; done\n' \
    "$2" "$3" "$file" "$file" >"$IMG/hold"
  # It is read by whoever runs it: from the node's own disk.
  at "$1" inside install -m 755 "$IMG/hold" "/etc/libvirt/hooks/qemu.d/$name"
}
held() { [ -e "$IMG/hold-$1.reached" ]; }
let_go() {
  rm -f "$IMG/hold-$1".*
  at "$1" inside rm -f /etc/libvirt/hooks/qemu.d/zz-hold /etc/libvirt/hooks/qemu.d/00-hold
}

# processes NAME: the nodes on which a QEMU of that guest lives.
processes() {
  local node
  for node in 1 2; do
    ! at "$node" inside pgrep -f "guest=$1," >/dev/null || echo "$node"
  done
}

# survivor NAME: one of the nodes 1 and 2 at most has a process of the guest, and that one has its locks and
# says so; nothing of it is left anywhere else.
survivor() {
  local where
  where=$(processes "$1") || return
  case $where in
  1 | 2) only "$where" "$1" ;;
  "") at 1 phase "$1" absent && at 2 phase "$1" absent && tidy_locks ;;
  *)
    echo "$1 has a process on both nodes"
    return 1
    ;;
  esac
}

# --- a wire that is cut for libvirt or QEMU, and for nobody else ----------------------------------

# Where libvirtd listens, and what it takes for migrations.
LIBVIRTD=16509
MIGRATION=49152:49215

# lose FROM TO PORT...: nothing of these connections reaches node TO from node FROM, whoever began them.
lose() {
  local from=$1 to=$2 port side
  shift 2
  for port; do
    for side in sport dport; do
      at "$from" inside iptables -w -A OUTPUT -p tcp -d "10.77.0.$to" "--$side" "$port" -j DROP || return
    done
  done
}
# mute FROM TO: node FROM's libvirtd hears what node TO asks, but its answers are lost. Bare acknowledgements are
# let through: without them TO would not even send its next question. Lost at TO, as on a wire: what FROM's own
# kernel refuses to send it tries again before it acknowledges anything, and then each acknowledgement is on an
# answer, and lost with it.
mute() {
  at "$2" inside iptables -w -A INPUT -p tcp -s "10.77.0.$1" --sport $LIBVIRTD -m length --length 73:65535 -j DROP
}
# reset A B PORT...: such connections between these nodes are reset by whoever is sent anything.
reset() {
  local from=$1 to=$2 port side
  shift 2
  for port; do
    for side in sport dport; do
      at "$to" inside iptables -w -A INPUT -p tcp -s "10.77.0.$from" "--$side" "$port" -j REJECT --reject-with tcp-reset &&
        at "$from" inside iptables -w -A INPUT -p tcp -s "10.77.0.$to" "--$side" "$port" -j REJECT --reject-with tcp-reset ||
        return
    done
  done
}
mend_wires() { everywhere inside bash -c 'iptables -w -F OUTPUT && iptables -w -F INPUT'; }

# --- a guest whose migration does not end by itself ----------------------------------------------

# busy NAME: defines one, with the disk that moves.
busy() {
  "$RING/domain" "$1" --boot "$DLMGUARD_LAB/busy.img" "$DISK,direct" >"$IMG/$1.xml" && v define "$IMG/$1.xml"
}
# let_end NAME: a busy guest's migration ends after all: however long it stands still for that. What is said
# before memory is sent may be forgotten.
let_end() { eventually 30 sent "$1" && v migrate-setmaxdowntime "$1" 100000; }
sent() { v domjobinfo "$1" | grep -q 'Memory processed'; }
qemu_dies() { inside bash -c "kill -9 \$(cat /run/libvirt/qemu/$1.pid)"; }
