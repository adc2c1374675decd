# Two nodes want overlapping sets of resources at the same moment: one of them gets all that it wants,
# the other nothing, and in the end nothing is held anywhere.

rounds=${ROUNDS:-1000}

member() { inside timeout 60 dlm_tool join engine-lab; }
# Of the lockspace's own table only its heading is left.
no_locks() { same "$(inside sed 1d /sys/kernel/debug/dlm/engine-lab_locks)" ""; }

check "every node is in the lockspace" everywhere member
check "$rounds rounds: one of two nodes wins each, and the other is told who" \
  env LAB="$here/lab" "$here/race" "$rounds"
check "no lock is left" everywhere no_locks
