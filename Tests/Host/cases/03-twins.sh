# The same guest twice, and the calls that libvirt makes after it was refused.

image one.qcow2
define vm-1 one.qcow2
check "vm-1 starts" start vm-1
before=$(report facts vm-1)
v dumpxml vm-1 >"$IMG/live.xml"

check "a second start of the running domain is refused" \
  fails hook vm-1 prepare begin "$IMG/live.xml"
check "and says why" contains "$(hook vm-1 prepare begin "$IMG/live.xml" 2>&1)" "dlmguard:" "vm-1"
check "the running one keeps its claims" unchanged vm-1 "$before"

xml_of twin one.qcow2 >"$IMG/twin.xml"
check "a twin of another name and UUID is refused by hand" \
  fails hook twin prepare begin "$IMG/twin.xml"
hook twin stopped end "$IMG/twin.xml"
hook twin release end "$IMG/twin.xml"
check "its stopped and release free nothing of the holder's" unchanged vm-1 "$before"

xml_of renamed --uuid "$(v domuuid vm-1)" one.qcow2 >"$IMG/renamed.xml"
check "the same UUID under another name is refused" \
  fails hook renamed prepare begin "$IMG/renamed.xml"

define vm-2 one.qcow2
define vm-3 one.qcow2
check "libvirt's own start of vm-2 is refused" refused vm-2 "vm-1"
check "after its stopped and release the holder is the same" \
  holders "$IMG/one.qcow2" "vm-1 PW"
check "vm-3 is refused as well" refused vm-3 "vm-1"
check "and vm-2 again" refused vm-2 "vm-1"
check "the claims were never touched" unchanged vm-1 "$before"

# stopped and release are hints: the process lives, so its locks stay.
hook vm-1 stopped end "$IMG/live.xml"
hook vm-1 release end "$IMG/live.xml"
check "stopped and release of a living guest free nothing" \
  never 7 start vm-2
check "the writer is still vm-1" holders "$IMG/one.qcow2" "vm-1 PW"
hook vm-1 release end
check "nor does a release without XML" holders "$IMG/one.qcow2" "vm-1 PW"
check "the guest itself was left alone" state_is vm-1 running
check "nothing is left" clean
