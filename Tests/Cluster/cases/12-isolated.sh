# A node that the others may take for failed: a person is told first, then its guests are killed, or paused,
# as long as nobody else may have started them. What is over before that is no reason for anything.

alarms_say() { contains "$(report alarms)" "$@"; }
quiet() { same "$(report alarms)" ""; }
audited() { inside grep -qE "audit $1" /var/log/dlmguardd.log; }
seconds_between() { # PATTERN PATTERN: whole seconds between the first lines of the log that have them
  inside python3 -c '
import re, sys, datetime
first, second = (next(line for line in open("/var/log/dlmguardd.log") if re.search(p, line)) for p in sys.argv[1:])
moment = lambda line: datetime.datetime.fromisoformat(line.split()[0].replace("Z", "+00:00"))
print(int((moment(second) - moment(first)).total_seconds()))' "$@"
}
within() { # LEAST MOST NUMBER
  [ "$3" -ge "$1" ] && [ "$3" -le "$2" ] || { echo "$3 is not from $1 to $2"; return 1; }
}

check "every node runs libvirtd and the guard" everywhere open_node
check "vm-1 is defined on two nodes, vm-2 on one" eval \
  'at 1 define vm-1 /dev/lun1 && at 2 define vm-1 /dev/lun1 && at 1 define vm-2 /dev/lun2'
check "node1 is to kill after 20 s" at 1 configure 'quorum_grace_ms = 20000'
check "vm-1 starts on node1" at 1 start vm-1
check "fencing fails, so that node1 goes on" fence fail
before=$(fencings 1)
check "node1 is cut off" cut_off 1
check "it says that it has no quorum" at 1 eventually 40 alarms_say "no quorum"
check "its guest runs" at 1 state_is vm-1 running
# token 3000 ms and consensus 3600 ms: the alarm comes 6.6 s after quorum was lost.
check "then that it may be taken for failed, and what comes of it" \
  at 1 eventually 20 alarms_say "may take this node for failed" "killed at" 'on_quorum_loss = "kill"'
check "the guest still runs" at 1 state_is vm-1 running
check "until it is killed" at 1 eventually 40 state_is vm-1 "shut off"
check "the log says why" at 1 audited "killed.*vm-1.*no quorum"
check "the alarm came 6.6 s after the loss of quorum" \
  within 5 9 "$(at 1 seconds_between 'audit impeded.*no quorum' 'audit isolated')"
check "and the end 20 s after it" \
  within 19 23 "$(at 1 seconds_between 'audit impeded.*no quorum' 'audit killed')"
check "nobody else had its disk before it was fenced" at 2 refused vm-1 "fencing of node1"
check "from now on fencing works" fence work
check "node1 is fenced" eventually 60 fenced 1 $((before + 1))
check "vm-1 starts on node2" at 2 eventually 60 start vm-1
check "node1 is started again, and its network with it" power_on 1
check "and runs libvirtd and the guard" at 1 open_node

check "node1 is to pause after 15 s" at 1 configure 'on_quorum_loss = "pause"' 'quorum_grace_ms = 0'
check "vm-2 starts there" at 1 start vm-2
# The first that is back has quorum with node1, and has the second fenced, on its way or not.
check "a fenced node is to start again" fence reboot
check "the others lose their power" power_off 2 3
check "its guest is paused" at 1 eventually 60 state_is vm-2 paused
check "and has its lock" at 1 holds vm-2 PW /dev/lun2
check "the others are started again" eval 'lab up 2 3 && eventually 150 whole'
check "node1 has nothing to say any more" at 1 eventually 60 quiet
check "its guest is resumed" at 1 v resume vm-2
check "and runs on" at 1 state_is vm-2 running
check "nothing is left on node1" at 1 clean

check "node1 is as it comes" at 1 configure
check "vm-2 is defined there again" at 1 define vm-2 /dev/lun2
check "and starts" at 1 start vm-2
check "a fenced node is to stay off" fence stay
before=$(fencings 3)
check "a short hiccup: node3 loses its power and is fenced" eval \
  'power_off 3 && eventually 60 fenced 3 $((before + 1))'
check "and another: corosync of node1 stands still for 2 s" at 1 inside bash -c \
  'kill -STOP $(pidof corosync); sleep 2; kill -CONT $(pidof corosync)'
check "nobody was killed or paused for that" never 10 fails at 1 state_is vm-2 running
check "and nothing is to be told" at 1 quiet
check "node3 is started again" power_on 3
check "nothing is left" at 1 clean
