# The example that the project began with, on two nodes: vm-1 runs on node2 with a disk of its own and a
# shared one; what node1 may start beside it. On image files of a shared directory, and on LUNs.

storage=('[[storage]]' 'name = "lab"' "path = \"$DLMGUARD_LAB/shared\"")

table() { # EXCLUSIVE SHARED: where the two images lie
  local node
  for node in 1 2; do
    at $node define vm-1 "$1" "$2,shareable" || return
    at $node define vm-2 "$1" && at $node define vm-3 "$1,ro" &&
      at $node define vm-4 "$2,shareable" || return
  done
}

with_guard() { # WORDS EXCLUSIVE SHARED
  local today uuid
  check "$1: the four guests are defined on both nodes" table "$2" "$3"
  check "$1: vm-1 starts on node2" at 2 start vm-1
  check "$1: it holds the exclusive disk in PW" at 2 holds vm-1 PW "$2"
  check "$1: and the shared one in CW" at 2 holds vm-1 CW "$3"
  today=$(date -u +%Y-%m-)
  uuid=$(at 2 v domuuid vm-1 | xargs)
  check "$1: vm-1 itself is refused on node1: it runs" \
    at 1 refused vm-1 "SAME guest" "$uuid" "node2" "$today" "migrate"
  check "$1: vm-2 is refused there, and told all that matters" at 1 refused vm-2 \
    "vm-2" "disk vda" "$2" "exclusive write" "$uuid" "node2" "$today" "virsh -c qemu+ssh://node2"
  check "$1: vm-3, read-only, is refused" at 1 refused vm-3 "vm-3" "$2" "read-only" "$uuid" "node2"
  check "$1: vm-4, shareable, starts beside it" at 1 start vm-4
  check "$1: and holds the shared disk in CW" at 1 holds vm-4 CW "$3"
  check "$1: node1 takes readonly = concurrent" at 1 configure 'readonly = "concurrent"' "${storage[@]}"
  check "$1: vm-4 is known as before" at 1 eventually 20 owners vm-4
  check "$1: vm-3 starts then" at 1 start vm-3
  check "$1: and holds the disk in CR" at 1 holders "$2" "vm-1 PW" "vm-3 CR"
  check "$1: vm-2 is still refused" at 1 refused vm-2 "$uuid" "node2"
  check "$1: vm-1 is destroyed on node2" at 2 v destroy vm-1
  check "$1: its claims are gone" at 2 gone vm-1
  check "$1: vm-2 starts on node1" at 1 start vm-2
  check "$1: and is the one writer" at 1 holders "$2" "vm-2 PW" "vm-3 CR"
  check "$1: vm-1 is refused on node2 for it" \
    at 2 refused vm-1 "disk vda" "$2" "$(at 1 v domuuid vm-2 | xargs)" "node1"
  check "$1: nothing is left on node1" at 1 clean
  check "$1: nor on node2" at 2 clean
  check "$1: node1 takes the usual configuration" at 1 configure "${storage[@]}"
}

image one.qcow2
image share.raw
check "both nodes share a directory by the guard's word" eval \
  'at 1 configure "${storage[@]}" && at 2 configure "${storage[@]}"'
check "both run libvirtd" eval 'at 1 daemon start libvirtd && at 2 daemon start libvirtd'
with_guard "image files" "$IMG/one.qcow2" "$IMG/share.raw"
with_guard "LUNs" /dev/lun1 /dev/lun2
