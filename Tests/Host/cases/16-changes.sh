# Disks that come and go while a guest runs: libvirt calls no hook, and the claims follow all the same.

image one.qcow2
image two.qcow2
image share.raw
image cd-1.raw
image cd-2.raw
define vm-1 one.qcow2,bus=scsi cd-1.raw,cdrom
define vm-2 two.qcow2
two=$IMG/two.qcow2

disk_xml() { # FILE TARGET [more]
  echo "<disk type='file' device='disk'><driver name='qemu' type='${1##*.}'/><source file='$IMG/$1'/>" \
    "<target dev='$2' bus='scsi'/>${3:-}</disk>" >"$IMG/$2.xml"
}
attach() { v attach-device "$1" "$IMG/$2.xml" --live; }
detach() { v detach-device "$1" "$IMG/$2.xml" --live; }
audited() { grep -q "audit $1 domain='$2'" "$DLMGUARD_LAB/$HOST/log/dlmguardd.log"; }
alarmed() { contains "$(guard status)" "$@"; }
alarms() { same "$(guard status --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)["alarms"]))')" "$1"; }

check "vm-1 starts" start vm-1
check "it reads its CD" holds vm-1 PR "$IMG/cd-1.raw"

disk_xml two.qcow2 sdc
check "a second disk is attached" attach vm-1 sdc
check "within 2 s it is locked" eventually 2 holders "$two" "vm-1 PW"
check "a guest on it is refused" refused vm-2 "vm-1"
check "it is detached" detach vm-1 sdc
check "within 2 s it is free" eventually 2 holders "$two"
check "the guest on it starts" start vm-2

check "attaching it again is let by libvirt" attach vm-1 sdc
check "within 2 s the guest is paused" eventually 2 state_is vm-1 paused
check "and the log says so" eventually 2 audited contested vm-1
check "status tells who has it, and what to do" \
  alarmed "vm-1" "two.qcow2" "vm-2" "virsh resume"
check "vm-2 has it still" holders "$two" "vm-2 PW"
check "whoever resumes it too early" v resume vm-1
check "sees it paused again" eventually 2 state_is vm-1 paused
check "the disk is detached" detach vm-1 sdc
check "the alarm ends" eventually 5 alarms 0
check "the guest is resumed" v resume vm-1
check "and goes on" never 3 state_is vm-1 paused

check "its CD is changed" v change-media vm-1 sdb "$IMG/cd-2.raw" --update --live --force
check "within 2 s the new one is locked" eventually 2 holders "$IMG/cd-2.raw" "vm-1 PR"
check "and the old one free" eventually 2 holders "$IMG/cd-1.raw"
check "vm-2 is destroyed" v destroy vm-2
check "its disk is free" gone vm-2

check "a snapshot is made" v snapshot-create-as vm-1 snap --disk-only --no-metadata \
  --diskspec sda,snapshot=external,file="$IMG/overlay.qcow2" --diskspec sdb,snapshot=no
check "within 2 s the overlay is locked" eventually 2 holders "$IMG/overlay.qcow2" "vm-1 PW"
check "and what lies under it only read" eventually 2 holders "$IMG/one.qcow2" "vm-1 PR"
check "the overlay is committed" v blockcommit vm-1 sda --active --wait --pivot
check "within 2 s its base is written again" eventually 2 holders "$IMG/one.qcow2" "vm-1 PW"
check "and the overlay free" eventually 2 holders "$IMG/overlay.qcow2"

check "the disk is copied" v blockcopy vm-1 sda "$IMG/copy.qcow2" --transient-job --wait
check "within 2 s the copy is locked" eventually 2 holders "$IMG/copy.qcow2" "vm-1 PW"
check "the guest goes over to it" v blockjob vm-1 sda --pivot
check "within 2 s it writes the copy" eventually 2 holders "$IMG/copy.qcow2" "vm-1 PW"
check "and the original is free" eventually 2 holders "$IMG/one.qcow2"

echo "<lease><lockspace>here</lockspace><key>ticket</key><target path='/dev/null'/></lease>" >"$IMG/lease.xml"
check "a lease is attached" v attach-device vm-1 "$IMG/lease.xml" --live
check "within 2 s it is locked" eventually 2 holds vm-1 PW here/ticket
check "it is detached" v detach-device vm-1 "$IMG/lease.xml" --live
check "within 2 s it is free" eventually 2 fails holds vm-1 PW here/ticket

check "nothing was paused or killed but for the conflict" \
  same "$(grep -c 'audit \(paused\|killed\)' "$DLMGUARD_LAB/$HOST/log/dlmguardd.log")" 2
check "the agent is restarted" daemon restart dlmguardd
check "it has what the guest uses now" holders "$IMG/copy.qcow2" "vm-1 PW"
check "and nothing of what it was" holders "$IMG/one.qcow2"
check "all of it ends" clean

check "conflicts are to kill" configure 'on_hotplug_conflict = "kill"'
define vm-1 one.qcow2,bus=scsi
define vm-2 two.qcow2
check "vm-1 starts" start vm-1
check "vm-2 starts" start vm-2
check "a disk in use is attached" attach vm-1 sdc
check "within 2 s the guest is killed" eventually 2 state_is vm-1 "shut off"
check "and its locks go" gone vm-1
check "vm-2 goes on" state_is vm-2 running
check "conflicts are to be told" configure 'on_hotplug_conflict = "alarm"'
check "vm-1 starts again" start vm-1
check "the disk in use is attached again" attach vm-1 sdc
check "that is an alarm" eventually 2 alarmed "vm-1" "two.qcow2" "vm-2"
check "and no more" never 2 state_is vm-1 paused
check "nothing is left" clean
