# A lock that somebody takes away, and a lockspace that somebody removes, are found and told, each once, and
# whoever relied on them is killed, or goes on where the operator wants that; a recovery is no loss.

alarms_say() { contains "$(report alarms)" "$@"; }
quiet() { same "$(report alarms)" ""; }
name_of() { # DOMAIN PATH: the resource's name
  guard status --json | python3 -c '
import json, sys
name, path = sys.argv[1:]
for owner in json.load(sys.stdin)["owners"]:
    for claim in owner["claims"]:
        if owner["name"] == name and claim["location"] == path:
            print(claim["resource"])
            sys.exit()
' "$@"
}
steal() { inside "$here/steal" libvirt "$@"; }
audited() { # COUNT PATTERN: so many audit lines of losses have the pattern
  same "$(inside grep -cE "audit.*lost.*$2" /var/log/dlmguardd.log)" "$1"
}

check "every node runs libvirtd and the guard" everywhere open_node
check "node1 is to raise an alarm only" at 1 configure 'on_lock_lost = "alarm"'
check "the guests are defined on node1" eval \
  'at 1 define vm-1 /dev/lun1 /dev/lun2,shareable && at 1 define vm-3 /dev/lun3'
check "and on node2" eval 'at 2 define vm-2 /dev/lun1 && at 2 define vm-1 /dev/lun1'
check "vm-1 starts on node1" at 1 start vm-1
lun1=$(at 1 name_of vm-1 /dev/lun1)
lun2=$(at 1 name_of vm-1 /dev/lun2)

check "a healthy recovery: node3 loses its power" power_off 3
check "and is fenced" eventually 60 fenced 3
check "the lockspace goes on" at 1 eventually 60 lockspace_of libvirt "1 2"
check "that was no loss, and nothing is suspended" at 1 quiet
check "node3 is started again" power_on 3

check "somebody weakens the writer's lock to NL" at 1 steal "$lun1" 0
check "the guard has taken it back: another node's guest is refused" at 2 refused vm-2 "/dev/lun1" "node1"
check "and nothing was lost" at 1 quiet

check "somebody takes the writer's lock away" at 1 steal "$lun1"
check "node1 says so, with guest, disk and process" \
  at 1 eventually 40 alarms_say "LOCK LOST" "'vm-1'" "/dev/lun1" "process"
check "and has it in the log once" at 1 audited 1 "$lun1"
check "the other disk is not called lost" at 1 fails alarms_say "/dev/lun2"
check "the disk is free for another node: vm-2 starts" at 2 start vm-2
check "somebody takes the shared lock away" at 1 steal "$lun2"
check "node1 says that, too" at 1 eventually 40 alarms_say "/dev/lun2"
check "once" at 1 audited 1 "$lun2"
check "vm-1 ends, and its alarms with it" eval 'at 1 v destroy vm-1 && at 1 gone vm-1 && at 1 quiet'
check "vm-2 ends" eval 'at 2 v destroy vm-2 && at 2 gone vm-2'

check "vm-1 starts on node1" at 1 start vm-1
# The kernel does away with it only when the agent has closed it; the others have its locks at once.
check "somebody removes the lockspace" at 1 inside bash -c 'setsid dlm_tool leave libvirt </dev/null >/dev/null 2>&1 &'
check "node1 says that every lock is lost" \
  at 1 eventually 40 alarms_say "LOCK LOST" "'vm-1'" "the lockspace libvirt is gone"
check "starts are refused until the agent has joined it anew" \
  at 1 refused vm-3 "the lockspace libvirt is gone" "systemctl restart dlmguardd"
check "the agent is restarted" at 1 daemon restart dlmguardd
check "it holds what its guest uses" at 1 eventually 20 holds vm-1 PW /dev/lun1
check "and says that it did not for a while" at 1 alarms_say "LOCK LOST for a while" "'vm-1'"
check "vm-1 is refused on node2 again" at 2 refused vm-1 "SAME guest" "node1"
check "vm-1 ends" eval 'at 1 v destroy vm-1 && at 1 gone vm-1'

process_gone() { inside test ! -e "/proc/$1"; }
killed() { inside grep -qE "audit killed.*'$1'.*pid=$2" /var/log/dlmguardd.log; }
check "node1 kills who has lost a lock, as it comes" at 1 configure
check "vm-1 starts there, and vm-3 beside it" eval 'at 1 start vm-1 && at 1 start vm-3'
pid=$(at 1 qemu_pid vm-1)
other=$(at 1 qemu_pid vm-3)
check "somebody takes the writer's lock away" at 1 steal "$lun1"
check "the QEMU that relied on it is gone" at 1 eventually 3 process_gone "$pid"
check "the log has it, with the process" at 1 killed vm-1 "$pid"
check "the other guest runs on" at 1 inside test -e "/proc/$other"
check "nothing is held for the dead one" at 1 gone vm-1
check "its disk is free on node2: vm-2 starts" at 2 start vm-2
check "and ends" eval 'at 2 v destroy vm-2 && at 2 gone vm-2'
check "somebody removes the lockspace" at 1 inside bash -c 'setsid dlm_tool leave libvirt </dev/null >/dev/null 2>&1 &'
check "the QEMU of every guest of node1 is gone" at 1 eventually 15 process_gone "$other"
check "the agent is restarted" at 1 daemon restart dlmguardd
check "and holds nothing" at 1 eventually 20 nobody
check "nothing is left on node1" at 1 clean
check "nor on node2" at 2 clean
