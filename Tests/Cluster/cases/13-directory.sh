# What every node knows of what the others hold: readers and sharers have names, any node answers for all,
# also when the agent of the node in question is dead, and nodes that are configured otherwise are told.

everywhere_says() { # PATTERN...: `status --cluster` of every node has these
  local node
  for node in 1 2 3; do contains "$(at $node guard status --cluster 2>&1)" "$@" || return; done
}
contains_cluster() { contains "$(guard status --cluster 2>&1)" "$@"; }
knows() { contains "$(guard "$1" "$2" 2>&1)" "${@:3}"; } # COMMAND WHAT PATTERN...
denied() { # PATTERN... -- ARGUMENT...: dlmguard says no, with these words
  local patterns=() text
  while [ "$1" != -- ]; do
    patterns+=("$1")
    shift
  done
  text=$(guard "${@:2}" 2>&1) && return 1
  contains "$text" "${patterns[@]}"
}
alarms_say() { contains "$(report alarms)" "$@"; }
quiet() { same "$(report alarms)" ""; }

check "every node runs libvirtd and the guard" everywhere open_node
check "every node hears all agents" eventually 30 everywhere_says "node1" "node2" "node3" "answers"
check "vm-1 of node1 reads lun1, vm-2 shares lun2" eval \
  'at 1 define vm-1 /dev/lun1,ro && at 1 define vm-2 /dev/lun2,shareable'
check "vm-3 of node2 is to write lun1, vm-4 lun2" eval \
  'at 2 define vm-3 /dev/lun1 && at 2 define vm-4 /dev/lun2'
check "the doctor finds every node well" everywhere eventually 30 well
check "also a disk that all nodes have, by the word of each" at 2 finds_at /dev/lun1 ok \
  "wwid:naa.500d1a6000000001 on node2, node1, node3"
check "a file of each node's own is not one and the same" at 1 finds_at /etc/hostname warning \
  "of each node's own" "node2" "node3" "[[storage]]"
check "the two start on node1" eval 'at 1 start vm-1 && at 1 start vm-2'
check "vm-3 is refused on node2, and the reader named" \
  at 2 eventually 60 refused vm-3 "domain 'vm-1'" "node node1" "read-only" "disk vda, running"
check "vm-4 is refused, and the sharer named" \
  at 2 refused vm-4 "domain 'vm-2'" "node node1" "shared write"
check "a command on node3 may not write it either" at 3 denied "domain 'vm-1'" "node node1" -- run /dev/lun1 -- true
check "who answers on node3, by path" at 3 holders /dev/lun1 "vm-1 PR"
check "and by domain" at 3 knows who vm-2 "vm-2" "node1" "exclusive"
check "inquire answers on node3" at 3 knows inquire vm-1 "node1" "running" "/dev/lun1"
check "every node shows both" everywhere_says "vm-1" "vm-2"

check "the agent of node1 dies, and is not started again" at 1 daemon kill9 dlmguardd
check "it is seen to be dead" at 2 eventually 20 contains_cluster "does not answer since"
check "vm-3 is refused all the same, and told that" \
  at 2 refused vm-3 "domain 'vm-1'" "node node1" "its agent does not answer since"
check "the doctor of another node says so" at 2 finds "other nodes" warning "node1's agent does not answer"
check "and cannot ask it about a disk" at 2 finds_at /dev/lun1 warning "no answer from node1"
check "inquire marks it" at 3 knows inquire vm-1 "does not answer since"
check "the agent of node1 is started" at 1 daemon start dlmguardd
check "and speaks for its guests again" at 2 eventually 30 fails contains_cluster "does not answer"
check "with both" everywhere_says "vm-1" "vm-2"

check "node3 is configured otherwise" at 3 configure 'readonly = "concurrent"'
check "the others say so, and which node and setting it is" \
  at 1 eventually 30 alarms_say "configured otherwise than" "node3" "readonly"
check "so does the doctor" at 1 finds "other nodes" warning "node3 is configured otherwise" "readonly"
check "so does node3 of both" at 3 eventually 30 alarms_say "node1" "node2" "readonly"
check "node3 is as it was" at 3 configure
check "and nobody complains any more" at 1 eventually 30 quiet

check "vm-1 is destroyed" at 1 v destroy vm-1
check "nobody holds its disk" at 3 eventually 20 holders /dev/lun1
check "vm-3 starts on node2 then" at 2 start vm-3
check "node3 knows" at 3 eventually 10 holders /dev/lun1 "vm-3 PW"
check "nothing is left" everywhere clean
