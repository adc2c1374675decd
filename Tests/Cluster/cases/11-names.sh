# One name for one thing on every node, whatever path, device node or mount leads to it, and another name
# for every other thing; and who has a whole and who has a part of it keep each other out.

work=$DLMGUARD_LAB/shared/names
mkdir -p "$work"
# The resource that lies at a path on a node.
name_of() { guard who "$1" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["resource"])'; }
sh() { inside bash --norc -euc "$1"; }

# one_name PLACE...: all of these are one thing; PLACE is N:PATH, a path on a node.
one_name() {
  local place first= found
  for place; do
    found=$(at "${place%%:*}" name_of "${place#*:}") || return
    echo "$place: $found"
    [ -n "$found" ] || return
    same "$found" "${first:=$found}" || return
  done
}
# two_names PLACE PLACE: these are two.
two_names() {
  local one other
  one=$(at "${1%%:*}" name_of "${1#*:}") && other=$(at "${2%%:*}" name_of "${2#*:}") || return
  echo "$1: $one; $2: $other"
  [ -n "$one" ] && [ "$one" != "$other" ]
}

check "node1 and node2 run libvirtd and the guard" eval 'at 1 open_node && at 2 open_node'

# --- disks ---------------------------------------------------------------------------------------
check "a LUN has one name, by every device node, on both nodes" eval '
  at 1 sh "mknod /dev/another b \$(stat -Lc \"%Hr %Lr\" /dev/lun1) && ln -s /dev/lun1 /run/link" &&
  one_name 1:/dev/lun1 1:/dev/another 1:/run/link 1:/dev/disk/by-id/wwn-0x500d1a6000000001 2:/dev/lun1'
check "two LUNs have two" two_names 1:/dev/lun1 1:/dev/lun2
# The kernel gives the next free letter and numbers; what was opened before keeps the old ones taken.
check "a LUN that was taken away and came back with other numbers keeps its name" eval '
  before=$(at 1 name_of /dev/lun1) && at 1 sh "
    disk=\$(basename \$(readlink -f /dev/lun1))
    old=\$(cat /sys/block/\$disk/dev)
    exec 9</dev/\$disk
    host=\$(basename \$(readlink -f /sys/block/\$disk/device/../..) | sed s/target// | cut -d: -f1)
    echo 1 >/sys/block/\$disk/device/delete
    for scan in /sys/class/scsi_host/host*/scan; do echo \"- - -\" >\$scan; done
    for _ in \$(seq 50); do
      for new in /sys/block/sd*; do
        [ \"\$(cat \$new/device/wwid)\" = naa.500d1a6000000001 ] || continue
        [ \"\$(cat \$new/dev)\" != \"\$old\" ]
        ln -sfn /dev/\${new##*/} /dev/lun1
        exit
      done
      sleep 0.1
    done
    exit 1" && same "$(at 1 name_of /dev/lun1)" "$before"'

# --- partitions ----------------------------------------------------------------------------------
check "a LUN is partitioned on node1" at 1 sh '
  printf "size=20M\nsize=20M\n" | sfdisk -q --no-tell-kernel /dev/lun3'
for node in 1 2; do
  # The kernel reads the table of a disk that is in nobody's use; devtmpfs makes the nodes.
  check "node$node sees its partitions" at $node sh '
    blockdev --flushbufs /dev/lun3 && blockdev --rereadpt /dev/lun3
    disk=$(readlink -f /dev/lun3)
    for number in 1 2; do ln -sfn "$disk$number" "/dev/part$number"; test -b "/dev/part$number"; done'
done
check "a partition has one name on both nodes" one_name 1:/dev/part1 2:/dev/part1
check "two partitions have two" two_names 1:/dev/part1 2:/dev/part2
check "and none of them is the disk" two_names 1:/dev/part1 1:/dev/lun3
for node in 1 2; do
  check "guests for parts and whole are defined on node$node" eval \
    "at $node define part-1 /dev/part1 && at $node define part-2 /dev/part2 &&
     at $node define whole /dev/lun3 && at $node define reader /dev/part1,ro &&
     at $node define viewer /dev/lun3,ro"
done
check "a guest runs on one partition" at 1 start part-1
check "another one beside it, on the other, on the other node" at 2 start part-2
check "the whole disk is refused on node1, for its part" \
  at 1 refused whole "/dev/lun3" "a part of it" "/dev/part1" "'part-1'"
check "even to read" at 1 refused viewer "/dev/lun3" "'part-1'"
check "and on node2" at 2 refused whole "/dev/lun3"
check "one partition is refused to a second guest" at 2 refused part-1 "SAME guest"
check "and to a reader" at 2 refused reader "/dev/part1" "node1"
check "both end" eval 'at 1 v destroy part-1 && at 1 gone part-1 && at 2 v destroy part-2 && at 2 gone part-2'
check "a guest has the whole disk on node2" at 2 start whole
check "its parts are refused on node1, whole and reader" eval '
  at 1 refused part-1 "/dev/part1" "what it is a part of" "node2" &&
  at 1 refused reader "/dev/part1" "node2"'
check "it ends" eval 'at 2 v destroy whole && at 2 gone whole'
check "a guest that reads the whole disk, and one that reads a part, run together" eval \
  'at 2 start viewer && at 1 start reader'
check "a writer of the other part is refused" at 1 refused part-2 "/dev/part2"
check "both nodes are free of them" eval 'at 1 clean && at 2 clean'

# --- device mapper -------------------------------------------------------------------------------
lvm='activation { udev_sync = 0 udev_rules = 0 } devices { use_devicesfile = 0 global_filter = [ "a|/dev/lun4|", "r|.*|" ] } backup { backup = 0 archive = 0 }'
check "a LUN becomes an LVM volume group on node1" at 1 sh "
  modprobe dm_mod && export LVM_SUPPRESS_FD_WARNINGS=1
  pvcreate -qq --config '$lvm' /dev/lun4 && vgcreate -qq --config '$lvm' guests /dev/lun4
  for name in one two; do lvcreate -qq -an -Zn -Wn -L 12M -n \$name --config '$lvm' guests; done"
for node in 1 2; do
  check "node$node activates its volumes" at $node sh "
    modprobe dm_mod && blockdev --flushbufs /dev/lun4
    vgchange -qq -ay --config '$lvm' guests && ls -l /dev/guests/one /dev/guests/two"
done
check "a volume has one name, by every device node, on both nodes" one_name \
  1:/dev/guests/one 1:/dev/mapper/guests-one 2:/dev/guests/one
check "two volumes have two" two_names 1:/dev/guests/one 2:/dev/guests/two
for node in 1 2; do
  check "guests for volumes and their LUN are defined on node$node" eval \
    "at $node define volume-1 /dev/guests/one && at $node define volume-2 /dev/guests/two &&
     at $node define whole /dev/lun4"
done
check "guests run on two volumes, on two nodes" eval 'at 1 start volume-1 && at 2 start volume-2'
check "a volume is refused to a second guest" at 2 refused volume-1 "SAME guest"
check "the LUN below them is refused" eval \
  'at 1 refused whole "/dev/lun4" "a part of it" "/dev/guests/one" && at 2 refused whole "/dev/lun4"'
check "both end" eval 'at 1 clean && at 2 clean'
check "node1 sees a LUN through a multipath device" at 1 sh "
  modprobe dm_multipath && modprobe dm_round_robin
  dmsetup create paths --uuid mpath-3500d1a6000000002 --table \
    \"0 \$(blockdev --getsz /dev/lun2) multipath 0 0 1 1 round-robin 0 1 1 \$(cat /sys/block/\$(basename \$(readlink -f /dev/lun2))/dev) 1\"
  dmsetup mknodes"
check "it has the name that the LUN has on node2" one_name 1:/dev/mapper/paths 1:/dev/lun2 2:/dev/lun2
check "a stack of one more device over it, too" eval '
  at 1 sh "modprobe dm_mod; dmsetup create over --table \"0 \$(blockdev --getsz /dev/mapper/paths) linear /dev/mapper/paths 0\"; dmsetup mknodes" &&
  one_name 1:/dev/mapper/over 2:/dev/lun2'
check "node1 takes the stacks down" at 1 sh 'dmsetup remove over && dmsetup remove paths'

# --- files ---------------------------------------------------------------------------------------
check "a file has one name by its links and bind mounts" eval '
  at 1 sh "mkdir -p /run/files /run/bound && echo 1 >/run/files/one && echo 2 >/run/files/two
    ln /run/files/one /run/files/hard && ln -s one /run/files/soft && mount --bind /run/files /run/bound" &&
  one_name 1:/run/files/one 1:/run/files/hard 1:/run/files/soft 1:/run/bound/one'
check "two files have two" two_names 1:/run/files/one 1:/run/files/two
check "a file that was renamed keeps its name" eval '
  before=$(at 1 name_of /run/files/two) && at 1 sh "mv /run/files/two /run/files/three" &&
  same "$(at 1 name_of /run/files/three)" "$before"'
check "one that was replaced under its path does not" eval '
  before=$(at 1 name_of /run/files/three) && at 1 sh "echo 4 >/run/files/new && mv /run/files/new /run/files/three" &&
  [ "$(at 1 name_of /run/files/three)" != "$before" ]'
check "files of two nodes at one path are two" eval '
  at 2 sh "mkdir -p /run/files && echo 1 >/run/files/one" && two_names 1:/run/files/one 2:/run/files/one'
check "a loop device is the file that it shows" eval '
  at 1 sh "modprobe loop; truncate -s 4M /run/files/disk && losetup /dev/loop0 /run/files/disk" &&
  one_name 1:/dev/loop0 1:/run/files/disk'

# --- NFS -----------------------------------------------------------------------------------------
# NFSv4 needs a root of all exports, which the nodes' own root cannot be.
check "node1 exports a directory" at 1 sh '
  modprobe nfsd && mkdir -p /var/lib/nfs/v4recovery
  mount -t tmpfs root /srv && mkdir /srv/export && mount -t tmpfs export /srv/export
  truncate -s 4M /srv/export/one && truncate -s 4M /srv/export/two
  mount -t nfsd nfsd /proc/fs/nfsd
  echo "/srv *(ro,fsid=0,no_subtree_check,crossmnt)" >/etc/exports
  echo "/srv/export *(rw,no_root_squash,insecure,no_subtree_check,fsid=11111111-2222-4333-8444-555555555555)" >>/etc/exports
  : >/var/lib/nfs/etab
  exportfs -ra && rpc.mountd -N 3 && rpc.nfsd -N 3 2'
check "node2 mounts it at two places, under two names of the server" at 2 sh '
  modprobe nfsv4 && mkdir -p /mnt/a /mnt/b && echo "10.77.0.1 filer" >>/etc/hosts
  mount -t nfs4 -o vers=4.2 node1:/export /mnt/a && mount -t nfs4 -o vers=4.2 filer:/export /mnt/b'
check "node3 mounts it, too" eval 'at 3 open_node && at 3 sh "
  modprobe nfsv4 && mkdir -p /mnt/c && mount -t nfs4 -o vers=4.2 node1:/export /mnt/c"'
check "a file of it has one name, through every mount and on both nodes" \
  one_name 2:/mnt/a/one 2:/mnt/b/one 3:/mnt/c/one
check "two files of it have two" two_names 2:/mnt/a/one 3:/mnt/c/two
check "a guest with a disk there runs on node2" eval \
  'at 2 define nfs-1 /mnt/a/one && at 2 start nfs-1'
check "another one on it is refused on node3, by another path" eval \
  'at 3 define nfs-2 /mnt/c/one && at 3 refused nfs-2 "/mnt/c/one" "node2"'
check "it ends" eval 'at 2 clean && at 3 clean'
check "the mounts are given back" eval '
  at 2 sh "umount /mnt/a /mnt/b" && at 3 sh "umount /mnt/c"'

# --- a cluster filesystem ------------------------------------------------------------------------
check "a LUN becomes a cluster filesystem" at 1 sh '
  modprobe gfs2 && mkfs.gfs2 -q -O -p lock_dlm -t lab:images -j 2 -J 8 /dev/lun2 </dev/null'
for node in 1 2; do
  check "node$node mounts it" at $node sh '
    modprobe gfs2 && blockdev --flushbufs /dev/lun2 && mkdir -p /mnt/images && timeout 60 mount -t gfs2 /dev/lun2 /mnt/images'
done
check "an image is made there" at 1 sh 'truncate -s 4M /mnt/images/one && truncate -s 4M /mnt/images/two && sync'
check "it has one name on both nodes" one_name 1:/mnt/images/one 2:/mnt/images/one
check "and another one has another" two_names 1:/mnt/images/one 2:/mnt/images/two
for node in 1 2; do
  check "guests with these, and with the LUN, are defined on node$node" eval \
    "at $node define image-1 /mnt/images/one && at $node define image-2 /mnt/images/two &&
     at $node define whole /dev/lun2"
done
check "guests run on two images, on two nodes" eval 'at 1 start image-1 && at 2 start image-2'
check "the LUN with their filesystem is refused" at 1 refused whole "/dev/lun2" "'image-1'"
check "both end" eval 'at 1 clean && at 2 clean'
check "the filesystem is unmounted" eval \
  'at 1 sh "umount /mnt/images" && at 2 sh "umount /mnt/images"'
# What was stacked here stays in the kernel otherwise.
unstack() { sh "vgchange -qq -an --config '$lvm' guests"; }
check "the nodes are as they were" eval '
  at 1 sh "umount /run/bound && losetup -d /dev/loop0" && at 1 unstack && at 2 unstack'
