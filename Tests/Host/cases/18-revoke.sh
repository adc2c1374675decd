# What ends a lock before its guest would: an administrator. And what keeps one beyond it: a guest that was
# saved to a file, where that is configured.

image one.qcow2
define vm-1 one.qcow2
define vm-2 one.qcow2
one=$IMG/one.qcow2
log=$DLMGUARD_LAB/$HOST/log/dlmguardd.log
audits() { grep -c "audit $1 domain='$2'" "$log"; }

check "vm-1 starts" start vm-1
check "its lock is taken away by its disk" guard revoke "$one"
check "so it was killed" eventually 5 state_is vm-1 "shut off"
check "and the log says so" same "$(audits revoked vm-1) $(audits killed vm-1) $(audits dead vm-1)" "1 1 1"
check "nobody holds the disk" holders "$one"
check "vm-2 starts" start vm-2
check "its lock is taken away by its name" guard revoke vm-2
check "vm-2 was killed" eventually 5 state_is vm-2 "shut off"
check "there is nothing more to take" fails guard revoke vm-2
check "vm-1 starts again" start vm-1
check "it is saved by libvirt" v managedsave vm-1
check "which keeps its lock" eventually 5 phase vm-1 saved
check "it is taken away all the same" guard revoke vm-1
check "then vm-2 starts" start vm-2
check "and is destroyed" v destroy vm-2
check "it is gone" gone vm-2
v managedsave-remove vm-1 >/dev/null

check "every saved guest is to keep its locks" configure 'saved_guests = "all"'
check "vm-1 starts" start vm-1
check "it is saved to a file" v save vm-1 "$IMG/saved"
check "it is known to be saved" eventually 5 phase vm-1 saved
check "vm-2 is refused, and told how to go on" refused vm-2 "vm-1" "saved to a file" "dlmguard revoke"
check "the agent is restarted" daemon restart dlmguardd
check "vm-2 is refused after that" refused vm-2 "vm-1"
check "vm-1 is restored" v restore "$IMG/saved"
check "it runs" phase vm-1 running
check "it is destroyed" v destroy vm-1
check "then its locks go" gone vm-1
check "vm-1 starts and is saved again" start vm-1
check "to the file" v save vm-1 "$IMG/saved"
check "and given up" guard revoke vm-1
check "vm-2 starts" start vm-2
check "nothing is left" clean

# A process in an uninterruptible sleep: killed, but not gone, and what it has begun to write may yet be
# written. libvirt before 9.8 says that the guest is off, and its hook is told so (virProcessKillPainfullyDelay
# ended with 0); a later one reports an error and waits for the process. The agent goes by the process.
gives_up() { # NAME: libvirt's answer to a destruction that it cannot complete, and the state that it then shows
  local text status=0
  text=$(v destroy "$1" 2>&1) || status=$?
  echo "$text (exit code $status)"
  if libvirt_is_before 9.8; then
    same "$status" 0 && state_is "$1" "shut off"
  else
    same "$status" 1 && contains "$text" "Failed to terminate process" && state_is "$1" "in shutdown"
  fi
}
stays_down() { # NAME: where libvirt thinks that it is off, the guard is what stops a second QEMU of it
  if libvirt_is_before 9.8; then
    refused "$1" "$1"
  else
    fails v start "$1" && state_is "$1" "in shutdown"
  fi
}
thaw() { inside fsfreeze --unfreeze /mnt; }
truncate -s 32M "$IMG/disk"
mkfs.ext4 -q "$IMG/disk"
device=$(loop_over "$IMG/disk")
check "a filesystem is mounted" inside mount "$device" /mnt
check "an image lies on it" inside truncate -s 4M /mnt/stuck.raw
head -c 4M /dev/urandom >"$IMG/full.raw"
define vm-5 full.raw
define vm-6 /mnt/stuck.raw
check "a guest starts" start vm-5
pid=$(qemu_pid vm-5)
trap thaw EXIT
check "the filesystem freezes" inside fsfreeze --freeze /mnt
check "the guest's disk is copied to it" v blockcopy vm-5 vda --dest /mnt/stuck.raw --reuse-external \
  --format raw --transient-job
check "which is locked" eventually 5 holders /mnt/stuck.raw "vm-5 PW"
asleep() { grep -q '^State:.D' <(inside sh -c "cat /proc/$pid/task/*/status"); }
check "its QEMU sleeps in the kernel" eventually 10 asleep
check "it is destroyed: libvirt gives up on it after a while" gives_up vm-5
check "but its process is there" inside test -e "/proc/$pid"
check "so it keeps its locks" never 8 phase vm-5 absent
check "another guest on that image is refused" refused vm-6 "vm-5"
check "and a second start of the same guest fails" stays_down vm-5
check "which takes no lock away" holders /mnt/stuck.raw "vm-5 PW"
check "the filesystem thaws" thaw
trap - EXIT
check "then the process goes" eventually 20 fails inside test -e "/proc/$pid"
check "and the locks with it" gone vm-5 20
check "libvirt says that it is off" eventually 20 state_is vm-5 "shut off"
check "and the other guest starts" start vm-6
check "nothing is left" clean
