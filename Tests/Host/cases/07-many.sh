# Many disks, many guests, and races.

disks=()
for number in $(seq 32); do
  image "many-$number.qcow2" 1M
  disks+=("many-$number.qcow2,bus=scsi")
done
define many "${disks[@]}"
check "a guest of 32 disks starts" start many
check "all of its claims are shown: disks, boot disk, the domain itself" \
  same "$(claims many | wc -l)" 34
check "32 of them write" same "$(claims many | grep -c '^PW ')" 32
check "each names its disk" same "$(claims many | grep -c "^PW $IMG/many-[0-9]*.qcow2 .*sd")" 32
define thief many-17.qcow2
check "a second guest on the seventeenth is refused" refused thief "many" "many-17.qcow2"
check "it is destroyed" v destroy many
check "all 32 are free" gone many
check "the second guest starts" start thief
check "now the guest of 32 disks is refused for that one" refused many "thief" "many-17.qcow2"
check "and holds none of the others" owners thief
check "that is all" clean

names=()
for number in $(seq 20); do
  image "own-$number.qcow2" 1M
  define "crowd-$number" "own-$number.qcow2" >/dev/null
  names+=("crowd-$number")
done
crowd() {
  local name status=0 clients=()
  for name in "${names[@]}"; do
    v start "$name" &
    clients+=($!)
  done
  for client in "${clients[@]}"; do wait "$client" || status=1; done
  return $status
}
check "20 guests start at once" crowd
check "all 20 are known to run" \
  same "$(report owners | sort)" "$(printf '%s\n' "${names[@]}" | sort)"
each_holds_its_own() {
  local number
  for number in $(seq 20); do
    holders "$IMG/own-$number.qcow2" "crowd-$number PW" || return
  done
}
check "each holds its own disk" each_holds_its_own
check "all of them end" clean

image prize.qcow2
define left prize.qcow2
define right prize.qcow2
race() { # how many rounds of real starts
  local round left right winner
  for round in $(seq "$1"); do
    v start left 2>"$IMG/left.error" &
    left=$!
    v start right 2>"$IMG/right.error" &
    right=$!
    winner=
    if wait $left; then winner=left; fi
    if wait $right; then winner+=right; fi
    case $winner in
    left) grep -q 'dlmguard: .*left' "$IMG/right.error" ;;
    right) grep -q 'dlmguard: .*right' "$IMG/left.error" ;;
    *) false ;;
    esac || {
      echo "round $round: winner '${winner:-nobody}'"
      cat "$IMG"/{left,right}.error
      return 1
    }
    v destroy $winner || return
    eventually 10 nobody || return
  done
}
check "two guests race for one disk, 100 real starts: exactly one wins each" race 100
xml_of left prize.qcow2 >"$IMG/left.xml"
xml_of right prize.qcow2 >"$IMG/right.xml"
check "100 races of the hook itself: exactly one wins each" \
  inside "$here/race" 100 left "$IMG/left.xml" right "$IMG/right.xml"
check "nothing is left" clean
