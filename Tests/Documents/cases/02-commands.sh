# The commands of blocks that are marked test=host, each block on a host where vm-1 runs on /srv/one.qcow2 and vm-2
# is defined with the same disk.

mkdir -p "$DLMGUARD_LAB/srv"
check "/srv is the case's own" inside mount --bind "$DLMGUARD_LAB/srv" /srv
qemu-img create -q -f qcow2 "$DLMGUARD_LAB/srv/one.qcow2" 4M
define vm-1 /srv/one.qcow2 >/dev/null
define vm-2 /srv/one.qcow2 >/dev/null
blocks=$("$documents/commands" blocks)
check "there are such blocks" test "$blocks" -ge 3
for ((block = 0; block < blocks; block++)); do
  state_is vm-1 running >/dev/null || check "vm-1 runs" start vm-1
  while IFS=$'\t' read -r page line; do
    check "$page: $line" inside bash -euo pipefail -c "$line"
  done < <("$documents/commands" block "$block")
done
