# A guest's life: its claims are there exactly as long as they should be.

image one.qcow2
define vm-1 one.qcow2
define vm-2 one.qcow2
disk=$IMG/one.qcow2

begins() { # TITLE
  : >"$IMG/vm-1.serial"
  check "$1: vm-1 starts" start vm-1
  check "$1: it holds its disk" holders "$disk" "vm-1 PW"
  check "$1: a second guest is refused" refused vm-2 "vm-1"
}

ends() { # TITLE
  check "$1: the claims are gone" gone vm-1
  check "$1: the second guest starts" start vm-2
  v destroy vm-2 >/dev/null
  check "$1: and goes" gone vm-2
}

begins "power button"
check "power button: the guest is up" eventually 20 booted vm-1
check "power button: it is pressed" v shutdown vm-1
check "power button: the guest is off" eventually 20 state_is vm-1 "shut off"
ends "power button"

begins destroy
check "destroy: the guest is destroyed" v destroy vm-1
ends destroy

begins "kill -9"
check "kill -9: QEMU is killed" inside kill -9 "$(qemu_pid vm-1)"
check "kill -9: libvirt sees it" eventually 20 state_is vm-1 "shut off"
ends "kill -9"

begins suspend
check "suspend: the guest is suspended" v suspend vm-1
check "suspend: it keeps its claims" holders "$disk" "vm-1 PW"
check "suspend: a second guest is refused still" refused vm-2 "vm-1"
check "suspend: it is resumed" v resume vm-1
check "suspend: and keeps them" holders "$disk" "vm-1 PW"
check "suspend: it is reset" v reset vm-1
check "suspend: and keeps them then, too" refused vm-2 "vm-1"
check "suspend: it is destroyed" v destroy vm-1
ends suspend

begins save
check "save: the guest is saved to a file" v save vm-1 "$IMG/saved"
check "save: the claims are gone" gone vm-1
check "save: a second guest starts" start vm-2
check "save: the first cannot be restored beside it" fails v restore "$IMG/saved"
check "save: which changes nothing" holders "$disk" "vm-2 PW"
check "save: the second is destroyed" v destroy vm-2
check "save: its claims are gone" gone vm-2
check "save: the first is restored" v restore "$IMG/saved"
check "save: it runs" state_is vm-1 running
check "save: it holds its disk again" holders "$disk" "vm-1 PW"
check "save: a second guest is refused again" refused vm-2 "vm-1"
check "save: it is destroyed" v destroy vm-1
ends save

begins "managed save"
check "managed save: the guest is saved" v managedsave vm-1
check "managed save: it is known to be saved" eventually 10 phase vm-1 saved
check "managed save: its claims stay" holders "$disk" "vm-1 PW"
check "managed save: a second guest is refused" refused vm-2 "vm-1"
check "managed save: the agent is restarted" daemon restart dlmguardd
check "managed save: the claims are there" holders "$disk" "vm-1 PW"
check "managed save: a second guest is refused after that" refused vm-2 "vm-1"
check "managed save: the guest starts from the save" start vm-1
check "managed save: it runs" phase vm-1 running
check "managed save: and holds its disk once" holders "$disk" "vm-1 PW"
check "managed save: it is saved again" v managedsave vm-1
check "managed save: it does not lose its claims" never 7 phase vm-1 absent
check "managed save: the claims are still there" holders "$disk" "vm-1 PW"
check "managed save: the save is removed" v managedsave-remove vm-1
check "managed save: then the claims go" gone vm-1 40
ends "managed save"

v undefine vm-1 >/dev/null
check "transient: a domain is created" v create "$IMG/vm-1.xml"
check "transient: it holds its disk" holders "$disk" "vm-1 PW"
check "transient: a second guest is refused" refused vm-2 "vm-1"
check "transient: it is destroyed" v destroy vm-1
ends transient
define vm-1 one.qcow2

check "autostart: vm-1 is marked" v autostart vm-1
check "autostart: libvirtd stops" daemon stop libvirtd
# libvirt starts marked domains once after a boot, and remembers that here.
inside rm -f /run/libvirt/qemu/autostarted
check "autostart: libvirtd starts" daemon start libvirtd
check "autostart: the guest runs" eventually 20 state_is vm-1 running
check "autostart: it holds its disk" eventually 10 holders "$disk" "vm-1 PW"
check "autostart: a second guest is refused" refused vm-2 "vm-1"
check "autostart: it is destroyed" v destroy vm-1
ends autostart
check "nothing is left" clean
