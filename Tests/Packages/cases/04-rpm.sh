# The rpm's own steps, by rpm itself: the machine is Debian, so what the package depends on is told by files, and
# rpm is told not to look for it in its database.

rpm() { inside rpm --dbpath /var/lib/rpm-test "$@"; }
build_rpm() { # the same programs, as another release
  local path
  path=$(PAYLOAD=w1.gzdio "$here/../../packaging/rpm/build" "$BIN" "$IMG" 2>/dev/null) && mv "$path" "$IMG/dlmguard.rpm"
}
hook=/etc/libvirt/hooks/qemu.d/dlmguard
install_dependencies() {
  # What the Debian package depends on is what the rpm does, under other names.
  apt install /root/dlmguard.deb && apt remove dlmguard && apt purge dlmguard
}
asks_for() { contains "$(rpm -qp --requires "$IMG/dlmguard.rpm")" "$@"; }
refuses() { # PATTERN... -- COMMAND...
  local patterns=() text
  while [ "$1" != -- ]; do
    patterns+=("$1")
    shift
  done
  shift
  if text=$("$@" 2>&1); then
    echo "$text"
    return 1
  fi
  contains "$text" "${patterns[@]}"
}

check "the rpm is built" build_rpm
check "it asks for the libraries" asks_for libdlm.so.3 libquorum.so.5 libxml2.so
check "the libraries are there" install_dependencies
check "it installs" rpm -i --nodeps "$IMG/dlmguard.rpm"
check "the hook is in place" inside cmp $hook /usr/lib/dlmguard/qemu-hook
check "the administrator starts the agent" inside systemctl enable --now dlmguardd
check "it runs" active dlmguardd
check "libvirtd is restarted" inside systemctl restart libvirtd
image one.qcow2
define vm-1 one.qcow2 >/dev/null
define vm-2 one.qcow2 >/dev/null
check "vm-1 starts" start vm-1
check "vm-2 is refused" refused vm-2 vm-1
facts=$(report facts vm-1)
agent=$(property MainPID dlmguardd)
check "an upgrade passes" rpm -U --nodeps --replacepkgs --force "$IMG/dlmguard.rpm"
check "another agent runs" fails same "$(property MainPID dlmguardd)" "$agent"
check "vm-1 has its locks" unchanged vm-1 "$facts"
check "the hook is still there" inside test -x $hook
check "removal is refused while vm-1 runs" refuses vm-1 DLMGUARD_REMOVE=anyway -- rpm -e --nodeps dlmguard
check "the agent still runs" active dlmguardd
check "vm-1 is destroyed" v destroy vm-1
check "its locks are gone" gone vm-1
check "then it is removed" rpm -e --nodeps dlmguard
check "with the hook" fails there $hook
check "and the agent" fails active dlmguardd
