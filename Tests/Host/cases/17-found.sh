# Guests that no hook has told of: libvirt starts them all the same when the hook is not there, and others
# start QEMU by hand. And a hook that libvirt would not call is told of before that.

image one.qcow2
image two.qcow2
image three.raw
define vm-1 one.qcow2
define vm-2 one.qcow2
define vm-3 two.qcow2
define vm-4 three.raw
one=$IMG/one.qcow2
hook=/etc/libvirt/hooks/qemu.d/dlmguard

alarmed() { contains "$(guard status)" "$@"; }
quiet() { same "$(guard status --json | python3 -c 'import json,sys; print(*json.load(sys.stdin)["alarms"])')" ""; }
audited() { grep -q "audit $1 domain='$2'" "$DLMGUARD_LAB/$HOST/log/dlmguardd.log"; }

check "nothing is wrong with the hook" quiet
check "the hook cannot be executed any more" inside chmod 644 $hook
check "vm-1 starts without it" start vm-1
check "within 2 s it is found" eventually 2 audited discovered vm-1
check "and locked" eventually 2 holders "$one" "vm-1 PW"
check "the agent looks at the hook when it starts" daemon restart dlmguardd
check "and says what is wrong" eventually 10 alarmed "cannot be executed" "chmod 755"
check "it has vm-1's locks still" holders "$one" "vm-1 PW"
check "a guest on the same disk starts, for nobody is asked" start vm-2
check "that is an alarm" eventually 2 alarmed "vm-2" "one.qcow2" "vm-1"
check "and neither is touched" never 3 state_is vm-2 "shut off"
check "nor paused" same "$(v domstate vm-1) $(v domstate vm-2)" "running running"
check "the first is destroyed" v destroy vm-1
check "its locks go" gone vm-1
check "the second gets them within 30 s" eventually 35 holders "$one" "vm-2 PW"
check "the hook can be executed again" inside chmod 755 $hook
check "the first is refused" refused vm-1 "vm-2"
check "the hook is gone" inside mv $hook /etc/libvirt/away
check "that is told within 30 s" eventually 35 alarmed "is not there"
check "it is back" inside mv /etc/libvirt/away $hook
check "that is seen within 30 s" eventually 35 fails alarmed "is not there"
check "libvirtd is restarted" daemon restart libvirtd
check "its reconnect changes nothing" holders "$one" "vm-2 PW"
check "all of it ends" clean

define vm-1 one.qcow2
define vm-3 two.qcow2
define vm-4 three.raw
check "a guest starts" start vm-3
check "the agent stops" daemon stop dlmguardd
check "its state is lost" inside find /var/lib/dlmguard -type f -delete
check "a new one starts" daemon start dlmguardd
check "it finds the guest" eventually 5 holders "$IMG/two.qcow2" "vm-3 PW"
check "the guest is destroyed" v destroy vm-3
check "its locks go" gone vm-3

by_hand() {
  inside setsid --fork qemu-system-x86_64 -accel tcg -m 32 -display none -nodefaults -S \
    -name guest=stray -uuid 11111111-2222-3333-4444-555555555555 -pidfile /run/stray.pid \
    -drive if=none,id=d,format=raw,file="$IMG/three.raw",file.locking=off \
    -device virtio-blk-pci,drive=d -daemonize
}
check "a QEMU is started by hand" by_hand
check "within 30 s it is found" eventually 35 holders "$IMG/three.raw" "stray PW"
check "a guest on its disk is refused" refused vm-4 "stray"
check "it ends" inside sh -c 'kill -9 $(cat /run/stray.pid)'
check "its locks go" eventually 10 holders "$IMG/three.raw"
check "the guest starts" start vm-4
check "nothing is left" clean
