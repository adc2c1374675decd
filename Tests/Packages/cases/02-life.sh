# Installation, upgrade, removal and purge, on a machine whose guests go on meanwhile.

apt_fails() { # PATTERN... -- apt's words: apt must fail and say that
  local patterns=() text
  while [ "$1" != -- ]; do
    patterns+=("$1")
    shift
  done
  shift
  if text=$(apt "$@" 2>&1); then
    echo "$text"
    return 1
  fi
  contains "$text" "${patterns[@]}"
}
hook=/etc/libvirt/hooks/qemu.d/dlmguard
hook_is_there() {
  same "$(inside stat -c '%F %a %U' $hook)" "regular file 755 root" &&
    inside cmp $hook /usr/lib/dlmguard/qemu-hook &&
    same "$(inside find /etc/libvirt/hooks -type f)" $hook
}
# upgrade_beside: libvirt may look for the hook at any moment of the upgrade.
upgrade_beside() {
  local watcher status=0
  # shellcheck disable=SC2016
  inside bash -c 'while [ ! -e /run/upgraded ]; do [ -x "$0" ] || echo gone >>/run/gone; done' $hook &
  watcher=$!
  apt install "$DLMGUARD_LAB/img/next.deb" || status=1
  inside touch /run/upgraded
  wait $watcher
  ! there /run/gone || {
    echo "the hook was not there for a moment"
    status=1
  }
  return $status
}
nothing_left() {
  same "$(inside find / -xdev -name '*dlmguard*' -not -path "$DLMGUARD_LAB*" -not -path '/proc/*' \
    -not -path '/root/*' -not -path '/var/lib/dpkg/*' -not -path '/var/log/*' -not -path '/var/cache/*' \
    -not -path '/tmp/*' -not -path '/var/lib/systemd/*')" ""
}

image one.qcow2
define_both() { define vm-1 one.qcow2 && define vm-2 one.qcow2; }
check "libvirtd answers" v version
check "two guests with one disk are defined" define_both
before=$(property MainPID libvirtd)
check "the package installs, with nothing but what it depends on" \
  says install_package -- "Setting up dlmguard" "restart libvirtd"
check "the agent runs" active dlmguardd
check "and is enabled" inside systemctl is-enabled --quiet dlmguardd
check "its state is shown" contains "$(property StatusText dlmguardd)" "no guest, "
check "libvirtd was left alone" is MainPID libvirtd "$before"
check "the hook is in place, whole, and nothing beside it" hook_is_there
check "the record is root's alone" same "$(inside stat -c '%a %U' /var/lib/dlmguard)" "700 root"
check "the units make sense to systemd" inside systemd-analyze verify --man=no dlmguardd.service dlmguard-metrics.socket
check "libvirtd is restarted by the administrator" inside systemctl restart libvirtd
check "vm-1 starts" start vm-1
check "it is guarded" holds vm-1 PW "$IMG/one.qcow2"
check "its QEMU is another user's" same "$(inside stat -c %U "/proc/$(qemu_pid vm-1)")" libvirt-qemu
check "vm-2 is refused" refused vm-2 vm-1 vda
check "systemctl status tells, and that libvirt knows the hook" eventually 40 is StatusText dlmguardd "1 guest, no alarm"

facts=$(report facts vm-1)
qemu=$(qemu_pid vm-1)
agent=$(property MainPID dlmguardd)
check "the administrator changes a setting" inside sed -i 's/^#kill_grace_ms = 0/kill_grace_ms = 1/' \
  /etc/dlmguard/dlmguard.conf
check "an upgrade passes, and the hook is there all the time" upgrade_beside
check "another agent runs" fails same "$(property MainPID dlmguardd)" "$agent"
check "with the administrator's setting" says guard config show -- "kill_grace_ms"
check "the guest is the same" same "$(qemu_pid vm-1)" "$qemu"
check "and so are its locks" unchanged vm-1 "$facts"
check "vm-2 is still refused" refused vm-2 vm-1
check "libvirtd was left alone by that, too" fails is MainPID libvirtd "$before"

check "removal is refused while a guest runs, and names it" apt_fails vm-1 DLMGUARD_REMOVE=anyway -- remove dlmguard
check "so is a purge" apt_fails vm-1 -- purge dlmguard
check "the agent still runs" active dlmguardd
check "the hook is in place" hook_is_there
check "vm-2 is refused as before" refused vm-2 vm-1
check "the agent is stopped" inside systemctl stop dlmguardd
check "removal is refused all the same, for the agent's record" apt_fails record DLMGUARD_REMOVE=anyway -- remove dlmguard
check "which starts the agent again" active dlmguardd
check "vm-1 still has its locks" unchanged vm-1 "$facts"

anyway() { inside env DLMGUARD_REMOVE=anyway DEBIAN_FRONTEND=noninteractive apt-get --yes "$@" dlmguard; }
check "who insists removes it, and is told of vm-1" says anyway remove -- vm-1 "nothing keeps others"
check "the agent is gone" fails active dlmguardd
check "the hook is gone" fails there $hook
check "vm-1 goes on" same "$(qemu_pid vm-1)" "$qemu"
check "its record stays" inside test -n "$(inside ls /var/lib/dlmguard/owners)"
check "also through a purge" says apt purge dlmguard -- "/var/lib/dlmguard/owners"
check "which says so" there /var/lib/dlmguard/owners
check "installed again" install_package
check "it knows vm-1 by its record" unchanged vm-1 "$facts"
check "vm-1 is destroyed" v destroy vm-1
check "its locks are gone" gone vm-1
check "then removal asks nothing" apt remove dlmguard
check "the configuration stays" there /etc/dlmguard/dlmguard.conf
check "purge passes" apt purge dlmguard
check "and nothing is left" nothing_left
check "libvirt starts guests without it" start vm-2
