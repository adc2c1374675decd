# lab.sh: the words that cases are written in: the machine here, domains and what the guard says about them
# in ../Host/domains.sh. Sourced after checks.sh. $PACKAGE is the package, $NEXT a newer version of it.

HOST=box
IMG=$DLMGUARD_LAB/img/$CASE
mkdir -p "$IMG"
. "$RING/domains.sh"

machine() { timeout --kill-after=5 300 "$here/machine" "$@"; }
inside() { timeout --kill-after=5 120 "$here/machine" exec "$@"; }
guard() { inside dlmguard "$@"; }
v() { inside virsh -q "$@"; }

# Guests have QEMU's own locking here, as they come; their boot disk lies where the machine sees it.
xml_of() {
  local name=$1 argument arguments=()
  shift
  for argument; do
    case $argument in
    /* | -*) arguments+=("$argument") ;;
    *) arguments+=("$IMG/$argument") ;;
    esac
  done
  "$RING/domain" "$name" --qemu-locking --boot "$DLMGUARD_LAB/img/boot.img" "${arguments[@]}"
}

begin_case() { check "a fresh machine comes up" fresh_machine; }
fresh_machine() {
  machine fresh
  machine fetch "$PACKAGE" >/dev/null
  machine up
}

# apt COMMAND...: there is no network; what a package needs was fetched.
apt() { inside env DEBIAN_FRONTEND=noninteractive apt-get --yes --no-install-recommends "$@"; }
install_package() { apt install /root/dlmguard.deb; }
property() { inside systemctl show -P "$1" "$2"; }
is() { same "$(property "$1" "$2")" "$3"; }
there() { inside test -e "$1"; }
active() { inside systemctl is-active --quiet "$1"; }
says() { # COMMAND... -- PATTERN...: whatever its exit code
  local command=()
  while [ "$1" != -- ]; do
    command+=("$1")
    shift
  done
  shift
  contains "$("${command[@]}" 2>&1)" "$@"
}
