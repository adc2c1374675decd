# libvirtd comes and goes; the guests, and so their claims, stay.

image one.qcow2
define vm-1 one.qcow2
define vm-2 one.qcow2
disk=$IMG/one.qcow2
check "vm-1 starts" start vm-1
before=$(report facts vm-1)

for verb in restart kill9; do
  check "$verb: libvirtd" daemon $verb libvirtd
  check "$verb: the claims are the same" unchanged vm-1 "$before"
  [ $verb = restart ] || check "$verb: libvirtd starts" daemon start libvirtd
  check "$verb: the guest lives" state_is vm-1 running
  check "$verb: a second guest is refused" refused vm-2 "vm-1"
  check "$verb: the claims are the same after that" unchanged vm-1 "$before"
done

check "libvirtd is killed" daemon kill9 libvirtd
check "and QEMU, while libvirtd is dead" inside kill -9 "$(qemu_pid vm-1)"
check "the agent alone lets the claims go" gone vm-1 20
check "libvirtd starts" daemon start libvirtd
check "it finds the guest dead" eventually 10 state_is vm-1 "shut off"
check "a second guest starts" start vm-2
check "it alone holds the disk" holders "$disk" "vm-2 PW"
check "it is destroyed" v destroy vm-2
check "its claims are gone" gone vm-2

# libvirtd dies while a start is on its way. A hook beside the guard's keeps `prepare` waiting, after
# the guard has said yes.
slow=$DLMGUARD_LAB/$HOST/etc-libvirt/hooks/qemu.d/zz-slow
cat >"$slow" <<'SLOW'
#!/bin/sh
if [ "$2" = prepare ]; then
  touch /run/in-prepare
  while [ ! -e /run/go-on ]; do sleep 0.1; done
fi
SLOW
chmod 755 "$slow"
v start vm-1 >/dev/null 2>&1 &
client=$!
check "a start is in its prepare hook, its claims taken" \
  eventually 20 inside test -e /run/in-prepare
check "they are shown" holders "$disk" "vm-1 PW"
check "libvirtd is killed there" daemon kill9 libvirtd
wait $client
inside touch /run/go-on
rm "$slow"
check "what was taken for that start goes" gone vm-1 30
check "libvirtd starts after it" daemon start libvirtd
check "nothing is left behind" nobody
check "another guest starts on the disk" start vm-2
check "and goes" v destroy vm-2
check "its claims go" gone vm-2
check "the first one starts, too" start vm-1
check "it is destroyed" v destroy vm-1
check "and gone" gone vm-1

# The same before the guard has answered: the agent stands still meanwhile.
check "the agent stands still" daemon signal dlmguardd STOP
v start vm-1 >/dev/null 2>&1 &
client=$!
sleep 1
check "libvirtd is killed while the guard's hook waits" daemon kill9 libvirtd
wait $client
check "the agent goes on" daemon signal dlmguardd CONT
check "nobody is left behind" eventually 30 nobody
check "libvirtd starts once more" daemon start libvirtd
check "the disk is free" start vm-2
check "nothing is left" clean
