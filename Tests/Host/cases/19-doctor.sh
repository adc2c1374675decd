# What is broken on a host is told, with what mends it: `dlmguard doctor`.

image one.qcow2
define vm-1 one.qcow2
hook=/etc/libvirt/hooks/qemu.d/dlmguard

check "a healthy host is well" eventually 10 well
check "also with a guest on it" start vm-1
check "which it is" well
check "how a path is known is told" guard doctor --path "$IMG/one.qcow2"
check "one that is not there is not well" fails guard doctor --path /nowhere

check "nobody may execute the hook" inside chmod -x $hook
check "which is told" finds hook failure "chmod 755"
check "it is mended" inside chmod 755 $hook
check "what is newer than libvirtd is a warning" finds hook warning "systemctl restart libvirtd"
check "libvirtd is restarted" daemon restart libvirtd
check "and all is well again" eventually 10 well

check "the hook goes" inside mv $hook /etc/libvirt/aside
check "which is told" finds hook failure "is not there" "make install"
check "a link comes in its place" inside ln -s /etc/libvirt/aside $hook
check "which AppArmor would not follow" finds confinement warning "/etc/libvirt/aside" "make install"
check "the hook comes back" inside mv /etc/libvirt/aside $hook

check "it lies in the other place, too" inside cp $hook /etc/libvirt/hooks/qemu
check "so it would run twice" finds "hook's place" failure "runs twice" "rm '/etc/libvirt/hooks/qemu'"
check "the other one goes" inside rm /etc/libvirt/hooks/qemu

check "the agent stops" daemon stop dlmguardd
check "which is told" finds agent failure "no agent listens" "systemctl enable --now dlmguardd"
check "it starts again" daemon start dlmguardd

conf=$DLMGUARD_LAB/$HOST/etc-dlmguard/dlmguard.conf
cp "$conf" "$IMG/conf"
echo 'quorum = "yes"' >>"$conf"
check "a mistake in the configuration is told" finds configuration failure "dlmguard.conf:2: quorum" "config check"
cp "$IMG/conf" "$conf"
echo 'engine = "dlm"' >"$conf"
check "without corosync there is no cluster" finds quorum failure "corosync does not run" "journalctl -u corosync"
check "and no fencing" finds fencing failure "dlm_controld does not run"
check "and no lockspace" finds lockspace failure "not there"
check "the agent is still one of one host" finds engine failure "dlmguard.conf says dlm"
cp "$IMG/conf" "$conf"

check "libvirt writes what nobody understands" inside sh -c 'echo nonsense >/run/libvirt/qemu/odd.xml'
check "which is told" finds libvirt failure "odd.xml"
check "it goes" inside rm /run/libvirt/qemu/odd.xml

check "a record of nobody is left" inside sh -c 'echo "{}" >/var/lib/dlmguard/owners/x.json'
check "which is told" finds records warning "x.json"
check "the next agent moves it aside" daemon restart dlmguardd
check "which is told, too" finds quarantine warning "x.json" "rm "
check "a person removes it" inside rm /var/lib/dlmguard/quarantine/x.json
check "libvirtd is restarted once more" daemon restart libvirtd
check "the alarm of it stays until the agent is restarted" daemon restart dlmguardd
check "then all is well" eventually 10 well
check "nothing is left" clean
