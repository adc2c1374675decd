# A disk on the network is locked like any other; a drive that somebody gives QEMU behind libvirt's back
# cannot be: it is shown, or its guest refused, as configured.

image one.raw
image export.raw
image hidden.raw
define vm-1 one.raw nbd:/run/nbd.sock
define vm-2 nbd:/run/nbd.sock
inside setsid --fork qemu-nbd --socket=/run/nbd.sock --format=raw --persistent --shared=4 \
  --pid-file=/run/nbd.pid "$IMG/export.raw" </dev/null >"$IMG/nbd.log" 2>&1
check "an NBD server is up" eventually 10 inside test -S /run/nbd.sock
check "a guest with a disk there starts" start vm-1
check "its other disk is guarded" holders "$IMG/one.raw" "vm-1 PW"
check "and the one on the network" holds vm-1 PW "nbd: (/run/nbd.sock)"
check "a second guest on that is refused" refused vm-2 "nbd: (/run/nbd.sock)" "'vm-1'"
check "the first is destroyed" eval 'v destroy vm-1 && gone vm-1'
check "and the second starts" start vm-2
check "it is destroyed, too" eval 'v destroy vm-2 && gone vm-2'

define vm-3 one.raw --behind "$IMG/hidden.raw"
check "the agent takes unlockable = warn" configure 'unlockable = "warn"'
check "a guest with a drive behind libvirt's back starts" start vm-3
check "its disk is guarded" holders "$IMG/one.raw" "vm-3 PW"
check "the drive is shown" contains "$(report unguarded vm-3)" "-drive" "hidden.raw"
check "it is destroyed" v destroy vm-3
check "and gone" gone vm-3

check "the agent takes unlockable = refuse" configure 'unlockable = "refuse"'
check "the guest is refused for that drive" refused vm-3 "vm-3" "hidden.raw" "unlockable"
check "and holds nothing" nobody
check "nothing is left" clean
