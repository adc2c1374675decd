# The management program: who is asked for, how, and what the exit code says.

image one.qcow2
image free.raw
define vm-1 one.qcow2
check "vm-1 starts" start vm-1
uuid=$(v domuuid vm-1)

exits() { # CODE COMMAND...
  local wanted=$1 status=0
  shift
  "$@" || status=$?
  same $status "$wanted"
}
says() { # COMMAND... -- PATTERN...
  local command=()
  while [ "$1" != -- ]; do
    command+=("$1")
    shift
  done
  shift
  contains "$("${command[@]}" 2>&1)" "$@"
}

check "status is a table for people" says guard status -- vm-1 hostA running
check "version answers" exits 0 guard version
check "who finds the holder of a path" says guard who "$IMG/one.qcow2" -- vm-1 hostA
check "inquire finds a domain by its name" says guard inquire vm-1 -- "$IMG/one.qcow2"
check "and by its UUID" says guard inquire "$uuid" -- vm-1
inquired() { same "$(guard inquire "$1" --json | "$here/report" owners)" vm-1; }
check "inquire answers programs by name" inquired vm-1
check "and by UUID" inquired "$uuid"
check "status names engine and node" says guard status --json -- '"local"' '"hostA"'
check "a domain that is not there is a no" exits 1 guard inquire nobody
check "so is a UUID that is not there" exits 1 guard inquire 11111111-2222-4333-8444-555555555555
check "so is a path that is not there" exits 1 guard who "$IMG/nothing.raw"
check "nobody holds a free image" holders "$IMG/free.raw"
check "a word that is no command is a matter of usage" exits 2 guard levitate
check "so is an option that does not exist" exits 2 guard status --levitate
check "so is a missing argument" exits 2 guard who
check "the agent stops" daemon stop dlmguardd
for words in "status" "inquire vm-1" "who $IMG/one.qcow2"; do
  # shellcheck disable=SC2086
  check "without the agent, '${words%% *}' says so" exits 3 guard $words
done
check "and what to start" says guard status -- dlmguardd
check "the agent starts" daemon start dlmguardd
check "nothing is left" clean
