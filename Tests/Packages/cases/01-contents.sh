# What is in the packages, before anybody installs them.

root=$(readlink -f "$here/../..")

lint() { # PACKAGE: no errors; warnings are told
  local text
  text=$(lintian --allow-root --fail-on error "$1" 2>&1) || {
    echo "$text"
    return 1
  }
  echo "$text"
}
rpm_lint() {
  local text
  text=$(rpmlint -c "$root/packaging/rpm/rpmlint.toml" "$1" 2>&1) && return
  echo "$text"
  return 1
}
same_bytes() { # BUILD: two builds, in different places at different times
  local first second
  first=$(COMPRESSION=gzip LEVEL=1 PAYLOAD=w1.gzdio "$root/packaging/$1/build" "$BIN" "$IMG/first" 2>/dev/null) || return
  sleep 1.1
  second=$(COMPRESSION=gzip LEVEL=1 PAYLOAD=w1.gzdio "$root/packaging/$1/build" "$BIN" "$IMG/second" 2>/dev/null) || return
  cmp "$first" "$second"
}
asks_for_no_swift() {
  local program needed
  for program in usr/sbin/dlmguardd usr/bin/dlmguard usr/lib/dlmguard/qemu-hook; do
    needed=$(readelf -d "$IMG/tree/$program" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p') || return
    if grep -i 'swift\|foundation\|dispatch' <<<"$needed"; then return 1; fi
  done
}
# What Debian 12 has: its glibc is 2.36, its libstdc++ that of GCC 12. One package is for Debian 12 and 13.
serves_debian_12() {
  local program newer status=0
  for program in usr/sbin/dlmguardd usr/bin/dlmguard; do
    newer=$(objdump -T "$IMG/tree/$program" | awk '
      function number(version, part) {
        split(version, part, ".")
        return part[1] * 1000000 + part[2] * 1000 + part[3]
      }
      match($0, /\((GLIBC|GLIBCXX|CXXABI)_[0-9.]+\)/) {
        split(substr($0, RSTART + 1, RLENGTH - 2), name, "_")
        most = name[1] == "GLIBC" ? "2.36" : name[1] == "GLIBCXX" ? "3.4.30" : "1.3.13"
        if (number(name[2]) > number(most)) print $NF, name[1] "_" name[2]
        seen = 1
      }
      END { if (!seen) print "no version of any library is told" }')
    [ -z "$newer" ] || {
      echo "$program asks for:"
      echo "$newer"
      status=1
    }
  done
  return $status
}
# What its package manager has to have for that, in the versions of Debian 12.
declare -A debian_12=(
  [libc6]=2.36 [libgcc-s1]=12.2.0 [libstdc++6]=12.2.0 [libxml2]=2.9.14 [libdlm3]=4.2.0 [libcmap4]=3.1.7
  [libcorosync-common4]=3.1.7 [libcpg4]=3.1.7 [libquorum5]=3.1.7
)
depends_on_debian_12() {
  local name version status=0
  while read -r name version; do
    if [ -z "${debian_12[$name]:-}" ] || dpkg --compare-versions "$version" gt "${debian_12[$name]}"; then
      echo "it depends on $name >= $version"
      status=1
    fi
  done < <(dpkg-deb -f "$PACKAGE" Depends | tr ',' '\n' | sed -E 's/^ *([^ ]+)( \(>= (.*)\))?$/\1 \3/')
  return $status
}
is_static() { ! readelf -l "$IMG/tree/usr/lib/dlmguard/qemu-hook" | grep -q INTERP; }
one_version() {
  local version
  version=$(sed -n 's/.*dlmguardVersion = "\(.*\)"/\1/p' "$root/Sources/AgentAPI/Version.swift")
  same "$(dpkg-deb -f "$PACKAGE" Version)" "$version-1" && same "$("$BIN/dlmguard" --version)" "$version"
}
# Both packages and their changelogs; of a domain that can never be anybody else's (RFC 2606).
one_maintainer() {
  local address="dlmguard maintainers <maintainers@dlmguard.invalid>"
  same "$(dpkg-deb -f "$PACKAGE" Maintainer)" "$address" &&
    same "$(dpkg-parsechangelog -l "$root/packaging/deb/changelog" -S Maintainer)" "$address" &&
    contains "$(rpm -qp --changelog "$IMG"/first/dlmguard-*.rpm 2>/dev/null | head -n 1)" "$address"
}
roots_own() {
  # `tar` would list other owners and what others may write.
  local odd
  odd=$(dpkg-deb --contents "$PACKAGE" | awk '$2 != "root/root" || substr($1, 9, 1) == "w"')
  same "$odd" ""
}
exposure() { systemd-analyze security --offline=true --threshold=30 --no-pager "$root/etc/$1" | tail -n 1; }

check "the machine's package manager unpacks it" dpkg-deb --raw-extract "$PACKAGE" "$IMG/tree"
check "lintian finds no error" lint "$PACKAGE"
check "two builds of the package are the same bytes" same_bytes deb
check "and so are two of the rpm" same_bytes rpm
check "rpmlint finds no error" rpm_lint "$IMG"/first/dlmguard-*.rpm
check "no program needs a Swift runtime" asks_for_no_swift
check "the hook needs nothing at all" is_static
check "no program needs a newer glibc or libstdc++ than Debian 12 has" serves_debian_12
check "nor does the package" depends_on_debian_12
check "everything says the same version" one_version
check "and names the same maintainers" one_maintainer
check "every file is root's, and nobody else's to write" roots_own
check "what an administrator edits survives an upgrade" same "$(dpkg-deb -I "$PACKAGE" conffiles)" \
  /etc/dlmguard/dlmguard.conf
check "nothing lies where libvirt would run it before it is whole" fails \
  grep -q /etc/libvirt <(dpkg-deb --contents "$PACKAGE")
check "systemd counts the agent's exposure below 3.0" exposure dlmguardd.service
check "and that of the metrics" exposure dlmguard-metrics@.service
check "AppArmor's parser takes the agent's profile" \
  apparmor_parser --skip-kernel-load --skip-cache "$IMG/tree/usr/share/dlmguard/apparmor/usr.sbin.dlmguardd"
