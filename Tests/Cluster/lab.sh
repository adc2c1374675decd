# lab.sh: the words that cases are written in: nodes and their cluster here, domains and what the
# guard says about them in ../Host/domains.sh. Sourced after checks.sh.
#
# Words mean the node $HOST; `at 2 start vm-1` says it for one word, `everywhere start vm-1` is for
# all nodes at once. $IMG is the case's directory, one and the same on every node and here: an XML or
# a guest's serial output is seen by all. /dev/lun1 to /dev/lun8 are disks that all nodes have.

HOST=node1
IMG=$DLMGUARD_LAB/shared/img/$CASE
mkdir -p "$IMG"
. "$RING/domains.sh"

lab() { timeout --kill-after=5 240 "$here/lab" "$@"; }

# --- one node ------------------------------------------------------------------------------------

inside() { timeout --kill-after=5 120 "$here/lab" exec "$HOST" "$@"; }
daemon() { timeout --kill-after=5 120 "$here/lab" "$1" "$HOST" "$2"; }
guard() { timeout --kill-after=5 60 "$here/lab" exec "$HOST" dlmguard "$@"; }
v() { timeout --kill-after=5 90 "$here/lab" exec "$HOST" virsh -q "$@"; }

# at N WORD...: a word about node N.
at() {
  local HOST=node$1
  shift
  "$@"
}

nodes() { sed -n 's/^nodes=//p' "$DLMGUARD_LAB/settings"; }

# everywhere WORD...: a word about each node, all at once; succeeds when it does on all of them.
everywhere() {
  local node status=0 process processes=()
  for node in $(seq "$(nodes)"); do
    at "$node" "$@" &
    processes+=($!)
  done
  for process in "${processes[@]}"; do wait "$process" || status=1; done
  return $status
}

# begin_case: nodes are as after their start: neither libvirtd nor an agent runs.
begin_case() { :; }

# open_node [off]: the agent and libvirtd run; "off" leaves the guard out.
open_node() {
  if [ "${1:-on}" = off ]; then
    inside rm -f /etc/libvirt/hooks/qemu.d/dlmguard || return
  else
    daemon start dlmguardd || return
  fi
  daemon start libvirtd
}

# configure LINE...: the agent's configuration is these lines beside the usual ones; restarts it.
configure() {
  {
    echo 'engine = "dlm"'
    [ $# = 0 ] || printf '%s\n' "$@"
  } >"$DLMGUARD_LAB/$HOST/etc-dlmguard/dlmguard.conf"
  daemon restart dlmguardd
}

# guests [NAME...]: these domains run on the node, and no others.
guests() {
  local found
  found=$(v list --name) || return
  same "$(sed '/^$/d' <<<"$found" | sort)" "$([ $# = 0 ] || printf '%s\n' "$@" | sort)"
}

# --- the cluster ---------------------------------------------------------------------------------

# whole: every node runs, is a member of the quorate cluster, and has recovered what failed.
whole() { lab wait && everywhere members_are "$(seq -s ' ' "$(nodes)")"; }

# members_are "N...": the nodes that dlm_controld has for members.
members_are() {
  local found
  found=$(inside dlm_tool status) || return
  same "$(sed -n 's/^node \([0-9]*\) M .*/\1/p' <<<"$found" | sort -n | xargs)" "$1"
}

# lockspace_of NAME "N...": the nodes that are members of a lockspace, and nothing is left to do
# before locks are granted in it. "" when the node is not a member.
lockspace_of() {
  local found
  found=$(inside dlm_tool ls) || return
  same "$(awk -v name="$1" '
    $1 == "name" { mine = $2 == name }
    mine && $1 == "flags" { if (/kern_stop/) printf "stopped: " }
    mine && $1 == "members" { $1 = ""; sub(/^ */, ""); sub(/ *$/, ""); print }' <<<"$found")" "$2"
}

# Power failure of nodes, and power again until they are back in the cluster.
power_off() { lab kill "$@"; }
power_on() { lab up "$@" && lab wait "$@"; }

# A node that hangs, and goes on later as if nothing had been.
freeze() { lab pause "$1"; }
thaw() { lab cont "$1"; }

# The cluster's network of one node. Its commands still work: they come by another way.
cut_off() { lab link "$1" off; }
mend() { lab link "$1" on; }

# fence fail|work: what comes of a wish to power a node off; fence reboot|stay: whether it is started
# again then. A case begins with work and stay.
fence() { lab fence "$1"; }

# restart_cluster [fencing on|off]: power failure everywhere, and a cluster again. Fencing is on at
# the beginning of a case.
restart_cluster() {
  [ $# = 0 ] || lab "$@" || return
  lab reboot && lab wait
}

# How often a node was powered off at the wish of another since the case began.
fencings() { lab fenced | grep -c "wants node$1 off: done"; }

# fenced N [COUNT]: it was so often, once if not said.
fenced() { same "$(fencings "$1")" "${2:-1}"; }
