# Where the hook lies: as hooks/qemu, for libvirt before 6.5 or by choice, it guards just as well.
# libvirt looks for hooks when it starts, and runs guests without one that is not there.

image one.qcow2
define vm-1 one.qcow2
define vm-2 one.qcow2

check "the hook moves" inside mv /etc/libvirt/hooks/qemu.d/dlmguard /etc/libvirt/hooks/qemu
check "libvirtd is restarted" daemon restart libvirtd
check "vm-1 starts" start vm-1
check "it is guarded" phase vm-1 running
check "vm-2 is refused" refused vm-2 "vm-1"
check "it is destroyed" v destroy vm-1
check "and gone" gone vm-1

# Behind a script, whose process ends with each call: the daemon above it is what counts.
check "the hook moves again" inside mv /etc/libvirt/hooks/qemu /etc/libvirt/hooks/guard
inside sh -c 'cat >/etc/libvirt/hooks/qemu && chmod 755 /etc/libvirt/hooks/qemu' <<'SCRIPT'
#!/bin/sh
/etc/libvirt/hooks/guard "$@" && true
SCRIPT
check "vm-1 starts behind a script" start vm-1
check "vm-2 is refused behind a script" refused vm-2 "vm-1"
check "the claims are vm-1's own for longer than the script lived" phase vm-1 running
check "it is destroyed" v destroy vm-1
check "nothing is left" clean
