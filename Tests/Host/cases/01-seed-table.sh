# The example that the project began with: four guests, two images, on one host; on image files and
# on block devices. First without the guard, to see that nothing else would have kept them apart.

table() { # EXCLUSIVE SHARED: where the two images lie
  define vm-1 "$1" "$2,shareable"
  define vm-2 "$1"
  define vm-3 "$1,ro"
  define vm-4 "$2,shareable"
}

without_guard() { # WORDS EXCLUSIVE SHARED
  table "$2" "$3" >/dev/null
  check "$1, no guard: vm-1 starts" start vm-1
  check "$1, no guard: vm-2 starts beside it on the same image" start vm-2
  check "$1, no guard: both run" same "$(v list --name | sort | tr '\n' ' ')" "vm-1 vm-2 "
  clean unguarded >/dev/null
}

with_guard() { # WORDS EXCLUSIVE SHARED
  local today
  table "$2" "$3" >/dev/null
  check "$1: vm-1 starts" start vm-1
  check "$1: it holds the exclusive disk in PW" holds vm-1 PW "$2"
  check "$1: and the shared one in CW" holds vm-1 CW "$3"
  check "$1: it is known to run" phase vm-1 running
  today=$(date -u +%Y-%m-)
  check "$1: vm-2 is refused, and told all that matters" refused vm-2 \
    "vm-2" "vda" "$2" "exclusive write" "vm-1" "hostA" "$today"
  check "$1: the refused one holds nothing" owners vm-1
  check "$1: vm-3, read-only, is refused" refused vm-3 "vm-3" "$2" "read-only" "vm-1"
  check "$1: vm-4, shareable, starts" start vm-4
  check "$1: both share the shared disk" holders "$3" "vm-1 CW" "vm-4 CW"
  check "$1: the agent takes readonly = concurrent" configure 'readonly = "concurrent"'
  check "$1: vm-3 starts then" start vm-3
  check "$1: and holds the disk in CR" holders "$2" "vm-1 PW" "vm-3 CR"
  check "$1: vm-2 is still refused" refused vm-2 "vm-1"
  check "$1: vm-1 is destroyed" v destroy vm-1
  check "$1: its claims are gone" gone vm-1
  check "$1: vm-2 starts now" start vm-2
  check "$1: and is the one writer" holders "$2" "vm-2 PW" "vm-3 CR"
  check "$1: nothing is left at the end" clean
  check "$1: the agent takes the usual configuration" configure
}

image one.qcow2
image share.raw
image one.disk
image share.disk
exclusive=$(loop_over "$IMG/one.disk")
shared=$(loop_over "$IMG/share.disk")

check "a host without the guard comes up" open_host C off
without_guard files "$IMG/one.qcow2" "$IMG/share.raw"
without_guard "block devices" "$exclusive" "$shared"
check "it is taken down" close_host

HOST=A
URI=$("$here/host" sock A)
with_guard files "$IMG/one.qcow2" "$IMG/share.raw"
with_guard "block devices" "$exclusive" "$shared"
