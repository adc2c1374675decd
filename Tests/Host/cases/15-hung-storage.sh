# A server of storage that hangs refuses the starts that need it, naming what hangs, and harms nothing
# else, however many try.

mkdir -p "$IMG/real" "$IMG/slow"
truncate -s 4M "$IMG/real/one.raw"
image two.raw
image three.raw
ln -s slow/one.raw "$IMG/link.raw"

mounted() { inside mountpoint -q "$IMG/slow"; }
server() { # SIGNAL
  inside bash -c 'kill "-$1" "$(pidof bindfs)"' server "$1"
}
threads() { inside bash -c 'ls "/proc/$(pidof dlmguardd)/task" | wc -l'; }
few_threads() {
  local found
  found=$(threads) || return
  [ "$found" -le 40 ] || {
    echo "$found threads"
    return 1
  }
}
# Many starts at once of guests whose disk hangs: as libvirt's autostart after a reboot.
storm() {
  local number hooks=()
  for number in $(seq 30); do
    xml_of "hung-$number" "$IMG/slow/one.raw" >"$IMG/hung-$number.xml"
    hook "hung-$number" prepare begin "$IMG/hung-$number.xml" >"$IMG/hung-$number.out" 2>&1 &
    hooks+=($!)
  done
  for number in "${hooks[@]}"; do
    if wait "$number"; then
      echo "a start was let through"
      return 1
    fi
  done
  cat "$IMG"/hung-*.out
  ! grep -L "/slow" "$IMG"/hung-*.out | grep .
}

inside setsid --fork bindfs -f "$IMG/real" "$IMG/slow" </dev/null >/dev/null 2>&1
check "a directory is served by a process" eventually 10 mounted
check "vm-1 has a disk there" define vm-1 "$IMG/slow/one.raw"
check "vm-2 has the same, by a symlink" define vm-2 "$IMG/link.raw"
check "vm-3 has one elsewhere" define vm-3 two.raw
check "vm-4, too" define vm-4 three.raw
check "vm-1 starts while the server is well" start vm-1
check "and is destroyed" eval 'v destroy vm-1 && gone vm-1'
check "vm-3 runs" start vm-3

check "the server hangs" server STOP
check "vm-1 is refused, and told what hangs" \
  refused vm-1 "vm-1" "disk vda" "$IMG/slow/one.raw" "has not answered"
check "a symlink into it is refused, too" refused vm-2 "$IMG/link.raw" "has not answered"
check "vm-4, whose disk is elsewhere, starts" start vm-4
check "what is held stays held" holders "$IMG/two.raw" "vm-3 PW"
check "vm-4 is destroyed" eval 'v destroy vm-4 && gone vm-4'
check "thirty starts at once are refused, each told what hangs" storm
check "the agent has a bounded number of threads" few_threads
check "vm-4 starts all the same" start vm-4
check "a command is answered at once" timeout 2 "$here/host" exec "$HOST" dlmguard status

check "the server goes on" server CONT
check "vm-1 starts" eventually 20 start vm-1
check "and holds its disk" holders "$IMG/slow/one.raw" "vm-1 PW"
check "vm-2, with the same, is refused for it" refused vm-2 "'vm-1'"
check "nothing is left" clean
check "the directory is given back" inside umount "$IMG/slow"
