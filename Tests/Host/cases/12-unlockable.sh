# A disk that the guard has no lock for, here an NBD export: shown, or refused, as configured.

image one.raw
image export.raw
define vm-1 one.raw nbd:/run/nbd.sock
inside setsid --fork qemu-nbd --socket=/run/nbd.sock --format=raw --persistent \
  --pid-file=/run/nbd.pid "$IMG/export.raw" </dev/null >"$IMG/nbd.log" 2>&1
check "an NBD server is up" eventually 10 inside test -S /run/nbd.sock

check "the agent takes unlockable = warn" configure 'unlockable = "warn"'
check "a guest with a disk that cannot be locked starts" start vm-1
check "its other disk is guarded" holders "$IMG/one.raw" "vm-1 PW"
check "the one without a lock is shown" contains "$(report unguarded vm-1)" "vdb"
check "it is destroyed" v destroy vm-1
check "and gone" gone vm-1

check "the agent takes unlockable = refuse" configure 'unlockable = "refuse"'
check "the guest is refused for that disk" refused vm-1 "vm-1" "vdb" "unlockable"
check "and holds nothing" nobody
check "nothing is left" clean
