# What an administrator gives a running guest to hold: it goes with the guest, or when it is asked back.

image one.qcow2
image disk.raw
image more.raw
image third.raw
define vm-1 one.qcow2
define vm-2 more.raw
more=$IMG/more.raw

free() { guard run "$1" -- true; }
# told WORD... -- ARGUMENT...: dlmguard says no, with these words.
told() {
  local words=() text status=0
  while [ "$1" != -- ]; do words+=("$1") && shift; done
  shift
  text=$(guard "$@" 2>&1) || status=$?
  same "$status" 1 && contains "$text" "${words[@]}"
}

check "nothing is given to a guest that does not run" told "must run here" -- acquire vm-1 "$more"
check "a guest starts" start vm-1
check "it is given more to hold" guard acquire vm-1 "$more" lease:ls/key
check "which it holds" holders "$more" "vm-1 EX"
check "another guest is refused" refused vm-2 "'vm-1'" "$more"
check "and a command" fails free "$more"
check "and a name that is no path" fails free lease:ls/key
check "its claims say so" holds vm-1 EX "$more"
check "the agent is killed" daemon kill9 dlmguardd
check "and comes back" daemon start dlmguardd
check "the guest holds it still" eventually 10 holders "$more" "vm-1 EX"
check "a disk is attached" v attach-disk vm-1 "$IMG/disk.raw" vdc
check "which is locked, because its description names it now" eventually 5 holders "$IMG/disk.raw" "vm-1 PW"
check "what was given stays" holders "$more" "vm-1 EX"
check "it is saved" v managedsave vm-1
check "and holds it all the same" eventually 5 phase vm-1 saved
check "really" holders "$more" "vm-1 EX"
check "it goes on" start vm-1
check "with it" eventually 5 holders "$more" "vm-1 EX"
check "the guest's own disk is not given back" told "has not been given that" -- release vm-1 "$IMG/one.qcow2"
check "what was given is" eventually 5 guard release vm-1 "$more"
check "then it is free" free "$more"
check "the rest of it is not" fails free lease:ls/key
check "once is enough" told "has not been given that" -- release vm-1 "$more"
check "another guest starts with it" start vm-2
check "which is not taken away" told "'vm-2' on node" -- acquire vm-1 "$more"
check "nor half of what is wanted" fails guard acquire vm-1 "$IMG/third.raw" "$more"
check "the free half stays free" holders "$IMG/third.raw"
check "it is shared with nobody who writes alone" fails guard acquire --shared vm-1 "$more"
check "the guest is destroyed" v destroy vm-1
check "and everything goes with it" gone vm-1
check "everything" free lease:ls/key
check "nothing is left" clean
