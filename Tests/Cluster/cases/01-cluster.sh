# The cluster is what the other cases take it for.

members=$(seq -s ' ' "$(nodes)")

# The release that was unpacked, built by Debian, and of the series that the suite has: another
# suite's kernel would pass all other checks here, too.
stock() {
  local series
  case $KERNEL in
  bookworm) series=6.1. ;;
  trixie) series=6.12. ;;
  esac
  same "$(inside uname -r)" "$(basename "$KERNEL_TREE"/lib/modules/*)" &&
    contains "$(inside uname -v)" "Debian $series"
}
fences() {
  contains "$(inside dlm_tool dump_config)" "enable_fencing=1" &&
    contains "$(inside cat /etc/dlm/dlm.conf)" "device power" "connect power node=3"
}
wwid_of() { inside bash -c 'cat "/sys/block/$(basename "$(readlink -f "$1")")/device/wwid"' bash "$1"; }
written_is_read() {
  local text="written at node1: $CASE"
  # The page cache of a node is its own.
  inside bash -c 'printf "%-512s" "$1" | dd of=/dev/lun1 oflag=direct conv=notrunc status=none' \
    bash "$text" || return
  same "$(at 2 inside dd if=/dev/lun1 bs=512 count=1 iflag=direct status=none | sed 's/ *$//')" "$text"
}
asked_for() { contains "$(lab fenced)" "wants node$1 off: refused"; }
joins() { inside timeout 60 dlm_tool join probe; }
leaves() { inside timeout 60 dlm_tool leave probe; }

check "three nodes are members, with quorum" whole
check "they run the stock kernel of the suite that was asked for" everywhere stock
check "fencing is on, and has an agent" everywhere fences
for number in 1 2 3 4; do
  check "LUN $number has one name on every node" \
    everywhere eval "same \"\$(wwid_of /dev/lun$number)\" naa.500d1a600000000$number"
done
check "what one node writes to a LUN, another one reads" written_is_read
check "every node joins a lockspace" everywhere joins
check "it spans the cluster" everywhere eventually 20 lockspace_of probe "$members"

check "from now on fencing fails" fence fail
check "node3 loses the network" cut_off 3
check "the others want it off" at 1 eventually 60 asked_for 3
check "and until it is, their lockspace stands still" \
  at 1 lockspace_of probe "stopped: $members"
check "a fenced node is to start again" fence reboot
check "from now on fencing works" fence work
check "node3 is fenced" eventually 60 fenced 3
check "the lockspace goes on without it" at 1 eventually 60 lockspace_of probe "1 2"
check "node3 comes back by itself" eventually 150 whole
check "every node leaves the lockspace" at 1 leaves
check "and the second one" at 2 leaves
check "no lockspace is left" everywhere lockspace_of probe ""
