# Where locks would mean nothing, starts are refused, with the reason and what to do: without fencing,
# quorum, a quorum provider, dlm_controld or corosync.

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

guests_defined() { define vm-1 /dev/lun1 && define vm-2 /dev/lun2; }

check "every node runs libvirtd" everywhere daemon start libvirtd
check "the guests are defined on node1" at 1 guests_defined

# --- daemons that are not there ------------------------------------------------------------------
check "dlm_controld ends on node1, where nothing used it" at 1 end_daemon -TERM dlm_controld
check "the agent of node1 starts all the same" at 1 daemon start dlmguardd
check "a start is refused: no dlm_controld" \
  at 1 refused vm-1 "dlm_controld does not run" "systemctl start dlm"
check "corosync ends, too" at 1 end_daemon -TERM corosync
check "a start is refused: no corosync" eventually 15 \
  at 1 refused vm-1 "corosync does not run" "systemctl start corosync"
check "the doctor says what to do" at 1 finds quorum failure "corosync does not run" "journalctl -u corosync"
check "it is started again without a quorum provider" eval \
  'at 1 quorum_provider off && at 1 start_corosync'
check "a start is refused: no provider" eventually 30 \
  at 1 refused vm-1 "no quorum provider" "corosync_votequorum"
check "the doctor knows" at 1 finds quorum failure "no quorum provider"
check "corosync is started as it should be" eval \
  'at 1 end_daemon -TERM corosync && at 1 quorum_provider on && at 1 start_corosync'
check "and dlm_controld" at 1 start_controld
check "the agent, never restarted, lets vm-1 start" eventually 40 at 1 start vm-1
check "and has no alarm" at 1 quiet
check "the doctor finds it well" at 1 finds lockspace ok
check "without debugfs it does not" at 1 eval \
  'inside umount /sys/kernel/debug && finds debugfs failure "mount -t debugfs"
   inside mount -t debugfs none /sys/kernel/debug'

# --- quorum --------------------------------------------------------------------------------------
# What becomes of its guests when that lasts is another case's.
check "node1 is to raise an alarm only" at 1 configure 'on_quorum_loss = "alarm"'
check "node2 and node3 lose their power" power_off 2 3
check "node1 sees that it has no quorum" at 1 eventually 60 alarms_say "no quorum"
check "a start is refused there, and says who is missing" at 1 refused vm-2 "no quorum" "node2" "node3"
check "so does the doctor" at 1 finds quorum failure "no quorum"
check "the guest that runs keeps what it holds" at 1 holds vm-1 PW /dev/lun1
check "a command is answered at once" at 1 answers
# The first that is back has quorum with node1, and has the second fenced, on its way or not.
check "a fenced node is to start again" fence reboot
check "the others are started again" eval 'lab up 2 3 && eventually 150 whole'
check "a fenced node is to stay off" fence stay
check "vm-2 starts then" eventually 90 at 1 start vm-2
check "nothing was lost" at 1 quiet
check "nothing is left" at 1 clean

# --- without fencing -----------------------------------------------------------------------------
check "the cluster is started again, without fencing" restart_cluster fencing off
check "node1 runs libvirtd and the guard" at 1 open_node
check "the guests are defined there again" at 1 guests_defined
check "a start is refused: fencing is disabled" \
  at 1 refused vm-1 "fencing is disabled" "enable_fencing=0" "allow_unfenced"
check "the doctor says why" at 1 finds fencing failure "fencing is disabled"
check "the operator allows it" at 1 configure 'allow_unfenced = true'
check "vm-1 starts" at 1 start vm-1
check "status keeps saying what that means" at 1 alarms_say "fencing is disabled" "cut off"
check "and so does the doctor" at 1 finds fencing warning "allow_unfenced"
check "and so does the log" at 1 log_says "fencing is disabled"
check "node1 takes the usual configuration" at 1 configure
check "a start is refused again" at 1 refused vm-2 "fencing is disabled"
check "what the guest that runs holds stays in the kernel" at 1 eval \
  'contains "$(inside cat /sys/kernel/debug/dlm/libvirt_locks)" "naa.500d1a6000000001"'
check "nothing is left in the end" at 1 clean
