# The cluster is what the other cases take it for.

members=$(seq -s ' ' "$(nodes)")

fences() { contains "$(inside dlm_tool dump_config)" "enable_fencing=1" && guarded_by_power; }
guarded_by_power() { contains "$(inside cat /etc/dlm/dlm.conf)" "device power" "connect power node=3"; }
wwid_of() { inside bash -c 'cat "/sys/block/$(basename "$(readlink -f "$1")")/device/wwid"' bash "$1"; }
written_is_read() {
  local text="written at node1: $CASE"
  # The page cache of a node is its own.
  inside bash -c 'printf "%-512s" "$1" | dd of=/dev/lun1 oflag=direct conv=notrunc status=none' \
    bash "$text" || return
  same "$(at 2 inside dd if=/dev/lun1 bs=512 count=1 iflag=direct status=none | sed 's/ *$//')" "$text"
}
joins() { inside timeout 60 dlm_tool join probe; }
leaves() { inside timeout 60 dlm_tool leave probe; }

check "three nodes are members, with quorum" whole
check "they run the stock kernel" contains "$(inside uname -v)" "Debian"
check "fencing is on, and has an agent" everywhere fences
for number in 1 2 3 4; do
  check "LUN $number has one name on every node" \
    everywhere eval "same \"\$(wwid_of /dev/lun$number)\" naa.500d1a600000000$number"
done
check "what one node writes to a LUN, another one reads" written_is_read
check "every node joins a lockspace" everywhere joins
check "it spans the cluster" everywhere eventually 20 lockspace_of probe "$members"

check "node3 loses its power" power_off 3
check "it is fenced" eventually 60 fenced 3
check "the lockspace recovers without it" at 1 eventually 60 lockspace_of probe "1 2"
check "node3 comes back" power_on 3
check "it is in the cluster again" eventually 30 whole
check "every node leaves the lockspace" at 1 leaves
check "and the second one" at 2 leaves
check "no lockspace is left" everywhere lockspace_of probe ""
