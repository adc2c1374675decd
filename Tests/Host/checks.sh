# checks.sh: how a case says what it expects. Sourced by the cases and by what runs them.
#
#   check TITLE COMMAND...    the command must succeed
#   eventually SECONDS COMMAND...   succeeds as soon as the command does, fails after that time
#   never SECONDS COMMAND...        the command must fail each time it is asked during that time
#   fails COMMAND...                succeeds when the command fails
#   same A B                        two texts are equal; shows them where not
#   contains TEXT PATTERN...        the text has every one of the (fixed) patterns
#
# One line a check on stdout; where it failed, the transcript of the command follows it. Results are
# counted in $DLMGUARD_LAB/results, one line each, because cases run in processes of their own.

transcript=$DLMGUARD_LAB/transcript.$$

passed() {
  echo "ok   $CASE: $1"
  echo ok >>"$DLMGUARD_LAB/results"
}

failed() {
  echo "FAIL $CASE: $1"
  echo FAIL >>"$DLMGUARD_LAB/results"
}

check() {
  local title=$1 status=0 began=$EPOCHREALTIME log
  shift
  "$@" >"$transcript" 2>&1 </dev/null || status=$?
  if [ -n "${TIMES:-}" ]; then
    title+=" ($(((${EPOCHREALTIME/./} - ${began/./}) / 1000)) ms)"
  fi
  if [ $status = 0 ]; then
    passed "$title"
    return
  fi
  failed "$title"
  {
    echo "\$ $*"
    tail -c 4000 "$transcript"
    echo "(exit code $status)"
    for log in "$DLMGUARD_LAB"/*/log/dlmguardd.log; do
      [ -s "$log" ] || continue
      echo "dlmguardd's last words on ${log:${#DLMGUARD_LAB}+1:-18}:"
      tail -n 8 "$log" | cut -c1-600
    done
    # Of a node that is off nobody else knows why.
    for log in "$DLMGUARD_LAB"/*/console; do
      [ -s "$log" ] || continue
      log=${log:${#DLMGUARD_LAB}+1}
      echo "the last words of ${log%/console} itself:"
      tail -n 12 "$DLMGUARD_LAB/$log" | cut -c1-200
    done
  } | sed 's/^/     | /'
}

eventually() {
  # One waits for several hosts at a time, in processes of their own.
  local end=$((SECONDS + $1)) status once=$transcript.$BASHPID
  shift
  while :; do
    status=0
    "$@" >"$once" 2>&1 || status=$?
    if [ $status = 0 ] || [ $SECONDS -ge $end ]; then
      cat "$once"
      return $status
    fi
    sleep 0.2
  done
}

never() {
  local end=$((SECONDS + $1))
  shift
  while [ $SECONDS -lt $end ]; do
    if "$@"; then
      echo "this should not have succeeded: $*"
      return 1
    fi
    sleep 0.2
  done
}

fails() {
  if "$@"; then
    echo "this should have failed: $*"
    return 1
  fi
}

same() {
  [ "$1" = "$2" ] && return
  echo "expected: $2"
  echo "found:    $1"
  return 1
}

contains() {
  local text=$1 pattern status=0
  shift
  for pattern; do
    case $text in
    *"$pattern"*) ;;
    *)
      echo "missing: $pattern"
      status=1
      ;;
    esac
  done
  [ $status = 0 ] || echo "in: $text"
  return $status
}
