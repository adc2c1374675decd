# A base image that overlays rest on: many may read it, nobody may write it.

image base.qcow2
for overlay in top-1 top-2; do
  qemu-img create -q -f qcow2 -b "$IMG/base.qcow2" -F qcow2 "$IMG/$overlay.qcow2"
done
qemu-img create -q -f qcow2 -b top-2.qcow2 -F qcow2 "$IMG/summit.qcow2"
define vm-1 top-1.qcow2
define vm-2 top-2.qcow2
define high summit.qcow2
define writer base.qcow2
define reader base.qcow2,ro

check "a guest on an overlay starts" start vm-1
check "it writes the overlay" holds vm-1 PW "$IMG/top-1.qcow2"
check "and reads the base" holders "$IMG/base.qcow2" "vm-1 PR"
check "a guest that writes the base is refused" refused writer "base.qcow2" "read-only" "vm-1"
check "one that reads it starts" start reader
check "a second overlay on the same base starts" start vm-2
check "all three read the base" holders "$IMG/base.qcow2" "reader PR" "vm-1 PR" "vm-2 PR"
check "an overlay on the running overlay is refused" refused high "top-2.qcow2" "vm-2"
check "vm-2 is destroyed" v destroy vm-2
check "its claims are gone" gone vm-2
check "then the overlay on it starts" start high
check "it reads the middle image, found through a relative name" \
  holders "$IMG/top-2.qcow2" "high PR"
check "and the base two steps down" holders "$IMG/base.qcow2" "high PR" "reader PR" "vm-1 PR"
check "a writer of the middle image is refused" refused vm-2 "top-2.qcow2" "high"
check "all of it ends" clean

define vm-1 top-1.qcow2
define high summit.qcow2
define writer base.qcow2
check "the writer of the base starts first" start writer
check "now the overlay is refused for its base" refused vm-1 "base.qcow2" "writer"
check "and so is the one two steps up" refused high "base.qcow2" "writer"
check "neither holds anything" owners writer
check "the writer is destroyed" v destroy writer
check "its claims go" gone writer
check "the overlay starts" start vm-1
check "nothing is left" clean
