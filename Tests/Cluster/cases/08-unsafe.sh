# Where locks would mean nothing, starts are refused, with the reason and what to do: without fencing,
# quorum, a quorum provider, dlm_controld, corosync; and while the lockspace stands still.

alarms_say() { contains "$(report alarms)" "$@"; }
quiet() { same "$(report alarms)" ""; }
log_says() { inside grep -qF -- "$1" /var/log/dlmguardd.log; }
# A command is answered within two seconds, whatever waits.
answers() { timeout 2 "$here/lab" exec "$HOST" dlmguard status; }
end_daemon() { inside bash -c "kill $1 \$(pidof $2) && while pidof $2; do sleep 0.1; done"; }
quorum_provider() { # off|on
  if [ "$1" = off ]; then
    inside sed -i 's/provider: corosync_votequorum/#&/' /etc/corosync/corosync.conf
  else
    inside sed -i 's/#\(provider: corosync_votequorum\)/\1/' /etc/corosync/corosync.conf
  fi
}
start_corosync() { inside bash -c 'corosync </dev/null >/dev/null 2>&1'; }
# The first dlm_controld may be too early for corosync.
start_controld() {
  inside bash -c 'for _ in $(seq 40); do
    dlm_tool status 2>/dev/null | grep -q nodeid && exit
    pidof dlm_controld >/dev/null || dlm_controld >/dev/null 2>&1
    sleep 0.5
  done; exit 1'
}

check "every node runs libvirtd" everywhere daemon start libvirtd
check "the guests are defined on node1" eval \
  'at 1 define vm-1 /dev/lun1 && at 1 define vm-2 /dev/lun2 && at 1 define vm-3 /dev/lun3'
check "and on node2" eval 'at 2 define vm-1 /dev/lun1 && at 2 define vm-2 /dev/lun2'

# --- daemons that are not there ------------------------------------------------------------------
check "dlm_controld ends on node1, where nothing used it" at 1 end_daemon -TERM dlm_controld
check "the agent of node1 starts all the same" at 1 daemon start dlmguardd
check "a start is refused: no dlm_controld" \
  at 1 refused vm-1 "dlm_controld does not run" "systemctl start dlm"
check "corosync ends, too" at 1 end_daemon -TERM corosync
check "a start is refused: no corosync" eventually 15 \
  at 1 refused vm-1 "corosync does not run" "systemctl start corosync"
check "it is started again without a quorum provider" eval \
  'at 1 quorum_provider off && at 1 start_corosync'
check "a start is refused: no provider" eventually 30 \
  at 1 refused vm-1 "no quorum provider" "corosync_votequorum"
check "corosync is started as it should be" eval \
  'at 1 end_daemon -TERM corosync && at 1 quorum_provider on && at 1 start_corosync'
check "and dlm_controld" at 1 start_controld
check "the agent, never restarted, lets vm-1 start" eventually 40 at 1 start vm-1
check "and has no alarm" at 1 quiet

# --- quorum --------------------------------------------------------------------------------------
check "node2 and node3 lose their power" power_off 2 3
check "a start is refused on node1: no quorum, and who is missing" eventually 60 \
  at 1 refused vm-2 "no quorum" "node2" "node3"
check "the guest that runs keeps what it holds" at 1 holds vm-1 PW /dev/lun1
check "a command is answered at once" at 1 answers
check "the others are started again" power_on 2 3
check "vm-2 starts then" eventually 90 at 1 start vm-2
check "nothing was lost" at 1 quiet
check "nothing is left" at 1 clean

# --- a hook that waits for the lockspace ---------------------------------------------------------
check "node2 and node3 run libvirtd and the guard" eval 'at 2 open_node && at 3 open_node'
check "the guests are defined on node2 again" eval \
  'at 2 define vm-1 /dev/lun1 && at 2 define vm-2 /dev/lun2'
check "vm-1 starts on node1" at 1 start vm-1
check "from now on fencing fails" fence fail
check "node3 loses its power" power_off 3
check "the lockspace stands still" at 1 eventually 30 lockspace_of libvirt "stopped: 1 2 3"
at 1 refused vm-2 "fencing of node3" >"$IMG/waiting" 2>&1 &
waiting=$!
sleep 3
check "a start waits" kill -0 $waiting
check "a command is answered at once" at 1 answers
check "so is one about what is held" at 1 holds vm-1 PW /dev/lun1
check "another start waits in vain, too" at 1 refused vm-3 "fencing of node3"
check "the first was refused before the hook's own deadline" wait $waiting
check "from now on fencing works" fence work
check "the lockspace goes on" at 1 eventually 60 lockspace_of libvirt "1 2"
check "what was granted too late is given back" at 1 eventually 20 owners vm-1
check "its disk is free on node2, where vm-2 starts" at 2 start vm-2
check "no alarm is left of it on node1" at 1 quiet
check "nor on node2" at 2 quiet
check "node3 is started again" power_on 3
check "and loses its power again" power_off 3
# Nobody has told the lockspace yet; fencing works now.
check "a start in the middle of that waits, and succeeds" at 1 start vm-3
check "node3 is there again" power_on 3
check "nothing is left on node1" at 1 clean
check "nor on node2" at 2 clean

# --- corosync ends under load --------------------------------------------------------------------
check "vm-1 starts on node2" at 2 start vm-1
check "fencing fails, so that node2 goes on" fence fail
load() { # starts and ends of guests, as libvirt would tell them
  local number=0
  while [ -e "$IMG/load" ]; do
    at 2 hook vm-2 prepare begin "$IMG/vm-2.xml"
    at 2 hook vm-2 release end "$IMG/vm-2.xml"
    number=$((number + 1))
  done
  echo $number
}
: >"$IMG/load"
load >"$IMG/load.log" 2>&1 &
load=$!
sleep 3
check "corosync is killed on node2" at 2 inside bash -c 'kill -9 $(pidof corosync)'
check "node2 has an alarm, and says why" at 2 eventually 30 alarms_say "corosync has ended"
check "a command is answered at once" at 2 answers
check "a start is refused there" at 2 refused vm-2 "corosync has ended" "restart this node"
check "what is held is not called lost" at 2 holds vm-1 PW /dev/lun1
rm -f "$IMG/load"
check "the load went on until then" wait $load
check "another node may not have its disk yet" at 1 refused vm-1 "fencing of node2"
check "from now on fencing works" fence work
check "node2 is fenced" eventually 60 fenced 2
check "its guest starts on node1" eventually 60 at 1 start vm-1
check "node2 is started again" power_on 2
check "nothing is left" at 1 clean

# --- without fencing -----------------------------------------------------------------------------
check "the cluster is started again, without fencing" restart_cluster fencing off
check "node1 runs libvirtd and the guard" at 1 open_node
check "a start is refused: fencing is disabled" \
  at 1 refused vm-1 "fencing is disabled" "enable_fencing=0" "allow_unfenced"
check "the operator allows it" at 1 configure 'allow_unfenced = true'
check "vm-1 starts" at 1 start vm-1
check "status keeps saying what that means" at 1 alarms_say "fencing is disabled" "cut off"
check "and so does the log" at 1 log_says "fencing is disabled"
check "node1 takes the usual configuration" at 1 configure
check "a start is refused again" at 1 refused vm-2 "fencing is disabled"
check "the guest that runs keeps what it holds" at 1 holds vm-1 PW /dev/lun1
check "nothing is left in the end" at 1 clean
