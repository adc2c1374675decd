# One image has many names. Whatever name the second guest uses, it is the same image.

image real.raw
image other.raw
ln -s "$IMG/real.raw" "$IMG/symbolic.raw"
ln "$IMG/real.raw" "$IMG/hard.raw"
mkdir "$IMG/elsewhere" "$IMG/one-level"
ln -s "$IMG" "$IMG/one-level/directory"
inside mount --bind "$IMG" "$IMG/elsewhere"

define holder real.raw
check "the holder starts" start holder
number=0
for name in real.raw symbolic.raw hard.raw elsewhere/real.raw one-level/directory/real.raw \
  elsewhere/hard.raw; do
  number=$((number + 1))
  define "second-$number" "$name" >/dev/null
  check "a second guest is refused by the name $name" refused "second-$number" "holder"
  check "who finds the holder by the name $name" holders "$IMG/$name" "holder PW"
done
define different other.raw
check "another image in the same directory is free" start different

# Replacing the name by a rename does not make the held image another one, nor the new one held.
cp "$IMG/real.raw" "$IMG/fresh.raw"
mv "$IMG/fresh.raw" "$IMG/symbolic.raw"
define renamed symbolic.raw
check "a new file under a former name is free" start renamed
check "the held image is still held" refused second-3 "holder"
check "nothing is left" clean

image lun.disk
first=$(loop_over "$IMG/lun.disk")
second=$(loop_over "$IMG/lun.disk")
mknod "$IMG/node" b $((0x$(stat -c %t "$first"))) $((0x$(stat -c %T "$first")))
ln -s "$first" "$IMG/by-name"
define holder "$first"
number=0
check "a guest on a block device starts" start holder
for name in "$first" "$IMG/node,block" "$IMG/by-name,block" "$second" "$IMG/lun.disk"; do
  number=$((number + 1))
  define "second-$number" "$name" >/dev/null
  words=${name#"$IMG/"}
  check "a second guest is refused by ${words/"$second"/another loop device on the same file}" \
    refused "second-$number" "holder"
done
check "the guest on the block device is destroyed" v destroy holder
check "its claims are gone" gone holder
check "a guest on the backing file starts" start second-5
check "now the block device over it is refused" refused holder "second-5"
check "and so is the other one" refused second-4 "second-5"
check "in the end nothing is left" clean
