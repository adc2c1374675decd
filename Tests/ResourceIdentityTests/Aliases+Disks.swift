import Foundation
import LockModel

@testable import ResourceIdentity

/// Block devices, and what lies on top of them.
extension Alias {
  static let disks = [
    Alias("a disk by one path", "the same by another path, or on another node", .one) {
      let host = twoPaths()
      return (try host.block("8:0"), try host.block("8:16"))
    },
    Alias("a disk by its path", "the multipath device over it", .one) {
      let host = twoPaths()
      host.disk("dm-0", "253:0", ["dm/uuid": "mpath-3600"]).stack("dm-0", on: "sda", "sdb")
      return (try host.block("8:0"), try host.block("253:0"))
    },
    Alias("a disk by its path", "its multipath device whose paths sysfs does not show", .one) {
      let host = twoPaths()
      host.disk("dm-0", "253:0", ["dm/uuid": "mpath-36001405aabbccddeeff0011223344556"])
      return (try host.block("8:0"), try host.block("253:0"))
    },
    Alias("a multipath device", "the multipath device of another disk", .apart) {
      let host = twoPaths()
      host.disk("dm-0", "253:0", ["dm/uuid": "mpath-3600"]).stack("dm-0", on: "sda", "sdb")
      host.disk("dm-1", "253:1", ["dm/uuid": "mpath-3601"]).stack("dm-1", on: "sdc")
      return (try host.block("253:0"), try host.block("253:1"))
    },
    Alias("a disk by the kernel's wwid", "the same by page 83h of its VPD", .one) {
      let host = twoPaths()
      host.disk("sdd", "8:48")
      host.write(
        "sys/block/sdd/device/vpd_pg83",
        [0, 0x83, 0, 20, 0x01, 0x03, 0, 16] + [UInt8](hexadecimal: naa.dropFirst(4)))
      return (try host.block("8:0"), try host.block("8:48"))
    },
    Alias("a virtio disk with a serial number", "the same on another node", .one) {
      (
        try FakeHost().disk("vda", "254:0", ["serial": "disk-7"]).block("254:0"),
        try FakeHost("node2").disk("vdc", "254:32", ["serial": "disk-7"]).block("254:32")
      )
    },
    Alias("a disk with nothing but numbers, and node-path", "the same on another node", .apart) {
      (
        try FakeHost().disk("vda", "254:0").block("254:0", .nodePath),
        try FakeHost("node2").disk("vda", "254:0").block("254:0", .nodePath)
      )
    },
    Alias("zram, a RAM disk", "the same on another node", .apart) {
      (
        try FakeHost().disk("zram0", "252:0").block("252:0"),
        try FakeHost("node2").disk("zram0", "252:0").block("252:0")
      )
    },
    Alias("an rbd image as the kernel's device", "the same as QEMU's network disk", .one) {
      let host = FakeHost().disk("rbd0", "251:0")
      host.rbd(
        "0", ["major": "251", "minor": "0", "pool": "vms", "name": "web", "current_snap": "-"])
      return (try host.block("251:0"), try host.network(.rbd, "vms/web", "mon1"))
    },
    Alias("a partition of an rbd device", "the image", .part) {
      let host = FakeHost().disk("rbd0", "251:0").partition("rbd0p1", "251:1", of: "rbd0", 1)
      host.rbd(
        "0", ["major": "251", "minor": "0", "pool": "vms", "name": "web", "current_snap": "-"])
      return (try host.network(.rbd, "vms/web", "mon1"), try host.block("251:1"))
    },
  ]

  static let stacks = [
    Alias("a disk", "a partition of it", .part) {
      let host = twoPaths().partition("sda1", "8:1", of: "sda", 1)
      return (try host.block("8:0"), try host.block("8:1"))
    },
    Alias("a partition by one path", "the same by kpartx over multipath", .one) {
      let host = twoPaths().partition("sda1", "8:1", of: "sda", 1)
      host.disk("dm-0", "253:0", ["dm/uuid": "mpath-3600"]).stack("dm-0", on: "sda", "sdb")
      host.disk("dm-1", "253:1", ["dm/uuid": "part1-mpath-3600"]).stack("dm-1", on: "dm-0")
      return (try host.block("8:1"), try host.block("253:1"))
    },
    Alias("a partition", "another one of the same disk", .apart) {
      let host = twoPaths().partition("sda1", "8:1", of: "sda", 1)
        .partition("sda2", "8:2", of: "sda", 2)
      return (try host.block("8:1"), try host.block("8:2"))
    },
    Alias("a disk", "a dm-crypt or linear device over it", .one) {
      let host = twoPaths()
      host.disk("dm-3", "253:3", ["dm/uuid": "CRYPT-LUKS2-0"]).stack("dm-3", on: "sda")
      return (try host.block("8:0"), try host.block("253:3"))
    },
    Alias("an LVM volume", "the same on another node, on another number and path", .one) {
      let one = twoPaths().disk("dm-4", "253:4", ["dm/uuid": lv]).stack("dm-4", on: "sda")
      let two = twoPaths(FakeHost("node2")).disk("dm-9", "253:9", ["dm/uuid": lv])
        .stack("dm-9", on: "sdb")
      return (try one.block("253:4"), try two.block("253:9"))
    },
    Alias("an LVM volume", "another volume of its group", .apart) {
      let host = twoPaths().disk("dm-4", "253:4", ["dm/uuid": lv]).stack("dm-4", on: "sda")
        .disk("dm-5", "253:5", ["dm/uuid": secondLV]).stack("dm-5", on: "sda")
      return (try host.block("253:4"), try host.block("253:5"))
    },
    Alias("a disk", "an LVM volume on a partition of it", .part) {
      let host = twoPaths().partition("sda1", "8:1", of: "sda", 1)
      host.disk("dm-4", "253:4", ["dm/uuid": lv]).stack("dm-4", on: "sda1")
      return (try host.block("8:0"), try host.block("253:4"))
    },
    Alias("a disk", "a thin LVM volume whose pool lies on it", .part) {
      let host = twoPaths().disk("dm-5", "253:5", ["dm/uuid": "LVM-pool-tdata"])
        .stack("dm-5", on: "sda").disk("dm-6", "253:6", ["dm/uuid": "LVM-pool-tpool"])
        .stack("dm-6", on: "dm-5").disk("dm-4", "253:4", ["dm/uuid": lv]).stack("dm-4", on: "dm-6")
      return (try host.block("8:0"), try host.block("253:4"))
    },
    Alias("a RAID (md, dm)", "its first disk", .one) {
      let host = twoPaths().disk("md0", "9:0").stack("md0", on: "sda", "sdc")
      return (try host.block("9:0"), try host.block("8:0"))
    },
    Alias("a RAID", "its last disk", .one) {
      let host = twoPaths().disk("md0", "9:0").stack("md0", on: "sda", "sdc")
      return (try host.block("9:0"), try host.block("8:32"))
    },
    Alias("a RAID", "a partition of it", .part) {
      let host = twoPaths().disk("md0", "9:0").stack("md0", on: "sda", "sdc")
        .partition("md0p1", "259:0", of: "md0", 1)
      return (try host.block("9:0"), try host.block("259:0"))
    },
    Alias("a bcache device", "its backing disk", .one) {
      let host = twoPaths().disk("bcache0", "252:0").stack("bcache0", on: "sda", "sdc")
      host.write("sys/block/sdc/bcache/cache_replacement_policy", "lru\n")
      return (try host.block("252:0"), try host.block("8:0"))
    },
    Alias("a cache disk", "a bcache device that uses it", .part) {
      let host = twoPaths().disk("bcache0", "252:0").stack("bcache0", on: "sda", "sdc")
      host.write("sys/block/sdc/bcache/cache_replacement_policy", "lru\n")
      return (try host.block("8:32"), try host.block("252:0"))
    },
    Alias("a file", "a loop device over it", .one) {
      let host = ResourceIdentityTests.files().disk("loop0", "7:0")
      host.write("sys/block/loop0/loop/backing_file", host.root + "/a\n")
      return (try host.footprint(.file(host.root + "/a")), try host.block("7:0"))
    },
    Alias("a file", "a partition of a loop device over it", .part) {
      let host = ResourceIdentityTests.files().disk("loop0", "7:0")
        .partition("loop0p1", "259:1", of: "loop0", 1)
      host.write("sys/block/loop0/loop/backing_file", host.root + "/a\n")
      return (try host.footprint(.file(host.root + "/a")), try host.block("259:1"))
    },
    Alias("a DRBD volume", "the same on another node, with another disk", .one) {
      let one = twoPaths().drbd("3", "r0", "1").disk("drbd3", "147:3").stack("drbd3", on: "sda")
      let two = FakeHost("node2").disk("sdz", "8:48", ["device/wwid": other]).drbd("5", "r0", "1")
        .disk("drbd5", "147:5").stack("drbd5", on: "sdz")
      return (try one.block("147:3"), try two.block("147:5"))
    },
    Alias("a DRBD volume", "another volume of its resource", .apart) {
      let host = FakeHost().drbd("3", "r0", "1").drbd("4", "r0", "2").disk("drbd3", "147:3")
        .disk("drbd4", "147:4")
      return (try host.block("147:3"), try host.block("147:4"))
    },
    Alias("a DRBD volume", "the disk under it", .one) {
      let host = twoPaths().drbd("3", "r0", "1").disk("drbd3", "147:3").stack("drbd3", on: "sda")
      return (try host.block("147:3"), try host.block("8:0"))
    },
  ]
}
