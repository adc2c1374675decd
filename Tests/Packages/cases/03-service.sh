# The agent under its unit, with everything taken away that the unit takes away: what it must still be able to
# do, what it must not be able to do, and what systemd does for it.

capabilities() { inside sed -n 's/^CapBnd:\t*//p' "/proc/$(property MainPID dlmguardd)/status"; }
no_new_privileges() { inside grep -q '^NoNewPrivs:.*1' "/proc/$(property MainPID dlmguardd)/status"; }
filtered() { inside grep -q '^Seccomp:.*2' "/proc/$(property MainPID dlmguardd)/status"; }
may_be_urgent() { # of the unit, all but what it runs; the limit does not count where this machine's root may not raise it
  inside sh -c 'sed -e "s/^Type=.*/Type=oneshot/" -e "s|^ExecStart=.*|ExecStart=chrt --fifo 1 true|" \
    -e "s/^CapabilityBoundingSet=/&CAP_SYS_NICE /" -e "/^ExecReload=/d; /^Restart/d; /^WatchdogSec=/d" /usr/lib/systemd/system/dlmguardd.service \
    >/run/systemd/system/urgent.service && systemctl daemon-reload && systemctl start urgent'
}
writes() { # PATH: the agent's own file system lets it be written
  inside nsenter --target "$(property MainPID dlmguardd)" --mount -- touch "$1"
}
is_paused() { same "$(v domstate "$1")" paused; }
ordered_before() { contains " $(property After "$1") " " dlmguardd.service "; }
contains_status() { contains "$(property StatusText dlmguardd)" "$@"; }
journal_has() { contains "$(inside journalctl -q -o cat "${@:2}")" "$1"; }
restarted() { fails same "$(property MainPID dlmguardd)" "$1"; }

check "the package installs" install_package
check "libvirtd is restarted" inside systemctl restart libvirtd

# CAP_KILL 5, CAP_DAC_READ_SEARCH 2, CAP_SYS_PTRACE 19, CAP_SYS_ADMIN 21.
check "the agent has four capabilities" same "$(capabilities)" 0000000000280024
check "it gets no others" no_new_privileges
check "its system calls are filtered" filtered
check "a thread of it may go before all that is not urgent" may_be_urgent
check "it cannot write to /etc" fails writes /etc/dlmguard/x
check "nor where images lie" fails writes /var/lib/libvirt/images/x
check "it can write its record" writes /var/lib/dlmguard/x
check "libvirtd starts after it" ordered_before libvirtd.service
check "and libvirt-guests, which stops guests at shutdown" ordered_before libvirt-guests.service

# --- what it does to guests of other users ---------------------------------------------------------------
image one.qcow2
image two.qcow2
image stray.raw
define vm-1 one.qcow2 >/dev/null
define vm-2 two.qcow2 >/dev/null
cat >"$IMG/lease.xml" <<'XML'
<lease><lockspace>space</lockspace><key>key</key><target path='/var/lib/libvirt/images/lease'/></lease>
XML
check "vm-1 starts" start vm-1
check "vm-2 starts" start vm-2
check "the journal has it by its fields" eventually 10 journal_has "audit bound domain='vm-1'" \
  DLMGUARD_EVENT=bound DLMGUARD_DOMAIN=vm-1 PRIORITY=5
check "as a line of the agent's unit" journal_has "audit bound domain='vm-1'" _SYSTEMD_UNIT=dlmguardd.service
check "and so the guard reads its past" says guard audit --domain vm-1 -- "bound"
check "vm-1 gets a lease while it runs" v attach-device vm-1 "$IMG/lease.xml"
check "it is locked" eventually 10 holds vm-1 PW "space/key"
check "vm-2 gets the same one" v attach-device vm-2 "$IMG/lease.xml"
check "and is paused, by virsh, from inside the unit" eventually 10 is_paused vm-2
check "revoke kills a QEMU of another user" guard revoke vm-2
check "which is gone" state_is vm-2 "shut off"

directory=/srv/nobody-else
check "an image lies where only another user may look" inside bash -c "mkdir -m 700 $directory &&
  truncate -s 4M $directory/image.raw && chown -R nobody $directory"
check "an ordinary user starts a QEMU by hand" inside systemd-run --quiet --collect --unit=stray --uid=nobody \
  qemu-system-x86_64 -display none -nodefaults -S -uuid 11111111-2222-3333-4444-555555555555 \
  -drive "if=none,id=a,format=raw,file=$directory/image.raw" -device virtio-blk-pci,drive=a
check "it runs" active stray
stray_holds() { contains "$(guard who "$directory/image.raw" --json)" '"PW"'; }
check "its files are found and locked" eventually 45 stray_holds
check "it is ended" inside systemctl stop stray

check "a disk that is mounted later is seen" inside bash -c 'mkdir -p /mnt/later &&
  mount -t tmpfs tmpfs /mnt/later && truncate -s 4M /mnt/later/disk.raw && chmod 755 /mnt/later'
define vm-3 /mnt/later/disk.raw >/dev/null
check "a guest starts on it" start vm-3
check "it is guarded" holds vm-3 PW /mnt/later/disk.raw
check "vm-3 is destroyed" v destroy vm-3

# --- what systemd does -----------------------------------------------------------------------------------
facts=$(report facts vm-1)
check "a watchdog of two seconds is set" inside bash -c 'mkdir -p /run/systemd/system/dlmguardd.service.d &&
  printf "[Service]\nWatchdogSec=2\n" >/run/systemd/system/dlmguardd.service.d/watchdog.conf &&
  systemctl daemon-reload && systemctl restart dlmguardd'
agent=$(property MainPID dlmguardd)
check "an agent that lives is left alone" never 5 restarted "$agent"
check "it is held up" inside kill -STOP "$agent"
check "systemd ends it, and starts another one" eventually 20 restarted "$agent"
check "which answers" eventually 10 guard status
check "and has its locks" unchanged vm-1 "$facts"
agent=$(property MainPID dlmguardd)
check "a reload keeps it" inside systemctl reload dlmguardd
check "the same one" is MainPID dlmguardd "$agent"
check "a reload with a mistake fails" bash -c '. "$RING/checks.sh"; . "$here/lab.sh"
  inside bash -c "echo nonsense = 1 >>/etc/dlmguard/dlmguard.conf"; fails inside systemctl reload dlmguardd'
check "and changes nothing" is MainPID dlmguardd "$agent"

# --- the socket ------------------------------------------------------------------------------------------
check "another user cannot reach the agent" fails inside setpriv --reuid=65534 --regid=65534 --clear-groups \
  dlmguard status
check "and is told why" says inside setpriv --reuid=65534 --regid=65534 --clear-groups dlmguard status -- "root only"
check "nor read its record" fails inside setpriv --reuid=65534 --regid=65534 --clear-groups ls /var/lib/dlmguard
check "it is stopped with the guest running" inside systemctl stop dlmguardd
check "the guest goes on" state_is vm-1 running
check "the next one knows it" bash -c '. "$RING/checks.sh"; . "$here/lab.sh"
  inside sed -i /nonsense/d /etc/dlmguard/dlmguard.conf && inside systemctl start dlmguardd'
check "with its locks" unchanged vm-1 "$facts"

# --- a cluster's daemons, from inside the unit ----------------------------------------------------------------
# This machine's kernel need not have a lock manager: what is seen here is that the agent reaches corosync, by
# sockets and shared memory, and looks for dlm_controld.
check "vm-1 is destroyed" v destroy vm-1
check "its locks are gone" gone vm-1
check "the configuration says dlm" inside bash -c 'echo "engine = \"dlm\"" >/etc/dlmguard/dlmguard.conf'
check "corosync runs, one node for itself" inside bash -c 'systemctl start corosync && corosync-quorumtool -s'
check "the agent starts again, and is ready without a lockspace" inside systemctl restart dlmguardd
check "it has reached corosync, and misses dlm_controld" eventually 15 says guard status -- \
  "no guest can be started" "dlm_controld does not run"
check "systemd shows it" eventually 5 contains_status "dlm_controld does not run"
check "corosync is stopped" inside systemctl stop corosync
check "that is seen" eventually 15 says guard status -- "corosync does not run"
