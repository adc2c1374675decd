# ring.sh: how a ring of tests is run: sourced by its `run`, which has set
#
#   here          its directory, with cases/ and lab.sh, the words that cases are written in
#   prefix        what the names of its labs begin with
#   limit         seconds that all of it may take, unless LIMIT says so
#   case_limit    and how many one case may take
#   take_down     a command that ends everything in $DLMGUARD_LAB, however far it came
#
# and then calls find_programs, need, select_cases, open_directory and play_cases. lab.sh has the
# function begin_case; after_case is the run's own and runs also after a case that was cut off. A
# run may have two more: case_played NAME PASSED FAILED SECONDS, with after_case counted, and
# all_played, before the sum is printed.

RING=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
PATH=$PATH:/usr/sbin:/sbin
CASE=run
running=

die() {
  echo "run: $*" >&2
  exit 2
}

find_programs() {
  local root binary
  root=$(cd "$RING/../.." && pwd)
  if [ -z "${BIN:-}" ]; then
    for BIN in "$root/.build/release" "$root/.build/debug"; do
      [ ! -x "$BIN/dlmguardd" ] || break
    done
  fi
  BIN=$(readlink -f "$BIN")
  for binary in dlmguardd dlmguard qemu-hook; do
    [ -x "$BIN/$binary" ] || die "no $binary in $BIN: run 'swift build' or set BIN"
  done
}

# need PACKAGES TOOL...: PACKAGES is the word that scripts/install-packages brings them by.
need() {
  local packages=$1 tool
  shift
  [ "$(id -u)" = 0 ] || die "needs root"
  for tool; do
    type -P "$tool" >/dev/null || die "no $tool: run scripts/install-packages $packages"
  done
}

select_cases() {
  local wanted found
  selected=()
  for wanted in "${@:-}"; do
    found=("$here/cases/$wanted"*.sh)
    [ -e "${found[0]}" ] || die "no case begins with '$wanted'"
    selected+=("${found[@]}")
  done
}

# The directory of the lab, and its end on every way out.
open_directory() {
  given=${DLMGUARD_LAB:-}
  if [ -n "$given" ]; then
    mkdir -p "$given"
  else
    DLMGUARD_LAB=$(mktemp -d "/tmp/$prefix.XXXXXX")
  fi
  export DLMGUARD_LAB BIN here RING
  : >"$DLMGUARD_LAB/results"
  . "$RING/checks.sh"
  trap cleanup EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

cleanup() {
  trap - EXIT HUP INT TERM
  # It is the leader of a process group of its own: timeout(1) makes one.
  if [ -n "$running" ]; then
    kill -KILL -- "-$running"
    wait "$running"
  fi 2>/dev/null
  $take_down
  if [ -n "${KEEP:-}" ] && grep -q FAIL "$DLMGUARD_LAB/results" 2>/dev/null; then
    echo "run: the lab is kept in $DLMGUARD_LAB" >&2
  elif [ -z "$given" ]; then
    rm -rf "$DLMGUARD_LAB"
  fi
}

# bounded SECONDS COMMAND...: a signal to this run ends the command, too. In the background, because
# bash heeds no signal while it waits for a command.
bounded() {
  local status=0
  timeout --kill-after=5 "$@" </dev/null &
  running=$!
  wait $running || status=$?
  running=
  return $status
}

# Runs a function of the run's own, where it has it.
own() {
  if declare -F "$1" >/dev/null; then "$@"; fi
}

count() { grep -c "$1" "$DLMGUARD_LAB/results"; }

# Plays the selected cases, and says at the end what came of them.
play_cases() {
  local deadline=$((SECONDS + ${LIMIT:-$limit})) file left status began passes failures
  for file in "${selected[@]}"; do
    CASE=$(basename "$file" .sh)
    left=$((deadline - SECONDS))
    if [ $left -le 0 ]; then
      failed "not run: the time for all cases (LIMIT) is over"
      continue
    fi
    export CASE
    status=0 began=$SECONDS passes=$(count ok) failures=$(count FAIL)
    # shellcheck disable=SC2016
    bounded "$((left < case_limit ? left : case_limit))" bash -uo pipefail -c '
      . "$RING/checks.sh"
      . "$here/lab.sh"
      begin_case
      . "$1"
      exit 0' case "$file" || status=$?
    [ $status = 0 ] || failed "did not run to its end (exit code $status)"
    after_case
    own case_played "$CASE" $(($(count ok) - passes)) $(($(count FAIL) - failures)) \
      $((SECONDS - began))
  done
  own all_played
  summary
}

summary() {
  local passes failures
  passes=$(count ok)
  failures=$(count FAIL)
  echo "$passes passed, $failures failed"
  [ "$failures" = 0 ]
}
