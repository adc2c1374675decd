# domains.sh: the words about domains, and about what the guard says of them, on the host that $HOST
# names. Sourced by the words of a ring, which say how a host is reached:
#
#   inside COMMAND...   runs a command on $HOST; stdin, stdout, stderr and exit code are its own
#   v ARGUMENT...       its virsh
#   guard ARGUMENT...   its dlmguard
#   IMG                 the case's directory, by the same path on every host

RING=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")

# --- images ------------------------------------------------------------------------------------

# image NAME [SIZE]: a new image in the case's directory, by suffix qcow2 or raw.
image() {
  case $1 in
  *.qcow2) qemu-img create -q -f qcow2 "$IMG/$1" "${2:-4M}" ;;
  *) truncate -s "${2:-4M}" "$IMG/$1" ;;
  esac
}

# --- domains -----------------------------------------------------------------------------------

# define NAME [domain's options] DISK...; paths without a slash are the case's images.
xml_of() {
  local name=$1 argument arguments=()
  shift
  for argument; do
    case $argument in
    /* | -* | nbd:*) arguments+=("$argument") ;;
    *) arguments+=("$IMG/$argument") ;;
    esac
  done
  "$RING/domain" "$name" --serial "$IMG/$name.serial" "${arguments[@]}"
}

define() {
  xml_of "$@" >"$IMG/$1.xml" && v define "$IMG/$1.xml"
}

start() { v start "$1"; }
state_is() { same "$(v domstate "$1" 2>&1)" "$2"; }
qemu_pid() { inside cat "/run/libvirt/qemu/$1.pid"; }

# The guest says "up" on its serial port once it listens to the power button.
booted() { grep -q up "$IMG/$1.serial"; }

# libvirt_is_before VERSION: the libvirt of $HOST is an older one.
libvirt_is_before() {
  local version
  version=$(inside libvirtd --version | grep -oE '[0-9.]+$')
  [ -n "$version" ] && [ "$version" != "$1" ] &&
    [ "$(printf '%s\n' "$version" "$1" | sort -V | head -n 1)" = "$version" ]
}

# refused NAME PATTERN...: the start must fail, with one line of dlmguard's that has every pattern,
# and the domain must not run.
refused() {
  local name=$1 text line
  shift
  if text=$(v start "$name" 2>&1); then
    echo "$name started, but the start should have been refused"
    return 1
  fi
  echo "$text"
  line=$(grep -m 1 'dlmguard: ' <<<"$text") || {
    echo "it failed, but not because of the guard"
    return 1
  }
  contains "$line" "$@" && state_is "$name" "shut off"
}

# clean: no domain is left, running, saved or defined, and the guard holds nothing.
clean() {
  local name
  while read -r name; do
    [ -n "$name" ] && v destroy "$name" </dev/null
  done < <(v list --name)
  while read -r name; do
    [ -n "$name" ] && v undefine "$name" --managed-save </dev/null
  done < <(v list --all --name)
  [ "${1:-}" = unguarded ] || eventually 40 nobody
}

# --- what the guard says -----------------------------------------------------------------------

# Answers "who" and "inquire" as JSON; nobody there is an answer, an agent that is away is none.
ask_guard() {
  local status=0
  guard "$@" --json || status=$?
  [ $status -le 1 ]
}

report() {
  local text
  text=$(guard status --json) || return
  "$RING/report" "$@" <<<"$text"
}

phase() { same "$(report phase "$1")" "$2"; }
claims() { report claims "$1"; }

# owners [NAME...]: these domains and no others own anything; none where none is named.
owners() {
  local found
  found=$(report owners) || return
  same "$found" "$(printf '%s\n' "$@")"
}
nobody() { owners ""; }

# unchanged NAME FACTS: the owner is the same, since the same time, with the same claims.
unchanged() {
  [ -n "$2" ] || {
    echo "there were no facts about $1 to begin with"
    return 1
  }
  same "$(report facts "$1")" "$2"
}
gone() { eventually "${2:-10}" phase "$1" absent; }

# holders PATH "NAME MODE"...: these and no others hold what lies at the path.
holders() {
  local path=$1 text
  shift
  text=$(ask_guard who "$path") || return
  same "$("$RING/report" holders <<<"$text" | tr '\n' ',')" "$(printf '%s,' "$@" | sed 's/^,$//')"
}

# holds NAME MODE LOCATION: among the domain's claims is this one.
holds() {
  local found
  found=$(claims "$1") || return
  grep -qF -- "$2 $3 " <<<"$found" && return
  echo "$1 has no claim in $2 on $3:"
  echo "$found"
  return 1
}

# hook NAME OPERATION SUBOPERATION [XML]: calls the hook as libvirt would. The shell between is the
# caller that the hook sees, as libvirtd would be.
hook() {
  local xml=${4:-/dev/null}
  # shellcheck disable=SC2016
  inside bash -c 'env -i LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/root /etc/libvirt/hooks/qemu.d/dlmguard "$@" -; exit $?' hook "$1" "$2" "$3" <"$xml"
}

# --- the doctor ----------------------------------------------------------------------------------

# finds CHECK RESULT WORD...: the doctor's finding of that name is that bad, and says these words; it ends
# with 1 where something is a failure.
finds() { finds_with "" "$@"; }

# finds_at PATH RESULT WORD...: the same of its finding about a path.
finds_at() { finds_with "$1" path "${@:2}"; }

finds_with() { # PATH CHECK RESULT WORD...
  local path=$1 name=$2 result=$3 text status=0 found wanted=0
  shift 3
  text=$(guard doctor --json ${path:+--path "$path"}) || status=$?
  found=$(jq -c --arg name "$name" '.checks[] | select(.check == $name)' <<<"$text")
  echo "$text" | jq -c '.checks[] | select(.result != "ok")'
  ! jq -e 'any(.checks[]; .result == "failure")' <<<"$text" >/dev/null || wanted=1
  same "$(jq -r .result <<<"$found")" "$result" && same "$status" "$wanted" && contains "$found" "$@"
}

well() {
  local text
  text=$(guard doctor "$@") || { echo "$text"; return 1; }
  contains "$text" "Everything is well."
}
