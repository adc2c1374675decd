# lab.sh: the words that cases are written in: hosts here, domains and what the guard says about them
# in domains.sh. Sourced after checks.sh. $HOST is the host that the words mean.

HOST=A
IMG=$DLMGUARD_LAB/img/$CASE
mkdir -p "$IMG"
. "$here/domains.sh"

# --- hosts -------------------------------------------------------------------------------------

inside() { timeout 120 "$here/host" exec "$HOST" "$@"; }
guard() { timeout 30 "$here/host" exec "$HOST" dlmguard "$@"; }
v() { timeout 90 virsh -q -c "$URI" "$@"; }
daemon() { timeout 120 "$here/host" "$1" "$HOST" "$2" "${@:3}"; }

# open_host NAME [off]: a fresh host with libvirtd and the guard running; "off" leaves the guard out.
open_host() {
  HOST=$1
  local guard=${2:-on}
  GUARD=$guard timeout 60 "$here/host" up "$HOST" || return
  URI=$("$here/host" sock "$HOST")
  [ "$guard" = off ] || daemon start dlmguardd || return
  daemon start libvirtd
}

begin_case() { check "a host comes up" open_host A; }
close_host() { timeout 60 "$here/host" down "$HOST"; }

# configure LINE...: the agent's configuration is these lines beside the usual ones; restarts it.
configure() {
  {
    echo 'engine = "local"'
    [ $# = 0 ] || printf '%s\n' "$@"
  } >"$DLMGUARD_LAB/$HOST/etc-dlmguard/dlmguard.conf"
  daemon restart dlmguardd
}

loop_over() { "$here/host" loop "$1"; }
