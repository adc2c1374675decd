import Foundation
import LockModel

@testable import ResourceIdentity

/// Two ways to storage, and what they have in common: the table of docs/resources.md, and its proof.
struct Alias: CustomStringConvertible {
  enum Relation: String {
    /// Who writes the one writes the other.
    case one = "one"
    /// The second is a part of the first.
    case part = "part"
    /// Nothing that either of them writes is the other's.
    case apart = "apart"
  }

  let first: String
  let second: String
  let relation: Relation
  let look: @Sendable () throws -> (Footprint, Footprint)

  init(
    _ first: String, _ second: String, _ relation: Relation,
    _ look: @escaping @Sendable () throws -> (Footprint, Footprint)
  ) {
    self.first = first
    self.second = second
    self.relation = relation
    self.look = look
  }

  var description: String { "| \(first) | \(second) | \(relation.rawValue) |" }

  static func relation(_ first: Footprint, _ second: Footprint) -> Relation? {
    func share(_ a: [ResourceName], _ b: [ResourceName]) -> Bool { !Set(a).isDisjoint(with: b) }
    if share(first.itself, second.itself) { return .one }
    if share(first.itself, second.within) { return .part }
    return share(second.itself, first.within) ? nil : .apart
  }

  static let table = files + disks + stacks + passedThrough + network + volumes + names
}

private let naa = "naa.6001405aabbccddeeff0011223344556"
private let other = "naa.6001405aabbccddeeff0011223344557"
private let lv = "LVM-uaVfYXLcvFJ4hVPeJyMAYFvU3vE0hqBAw9oQKbTm1FQe7sVdqcGx0BnmqP2JpX4a"
private let secondLV = "LVM-uaVfYXLcvFJ4hVPeJyMAYFvU3vE0hqBAzzzzKbTm1FQe7sVdqcGx0BnmqP2JpX4a"
private let address = PCIAddress(domain: 0, bus: 1, slot: 0, function: 0)

/// A host with two files.
private func files(_ node: String = "node1") -> FakeHost {
  let host = FakeHost(node)
  host.write("a", "")
  host.write("b", "")
  return host
}

/// The same file on two nodes that mount its filesystem each in its own way.
private func onTwoNodes(
  _ first: (FakeHost, String) throws -> Void, _ second: (FakeHost, String) throws -> Void
) throws -> (Footprint, Footprint) {
  let (one, two) = (files(), FakeHost("node2"))
  let path = one.root + "/a"
  try first(one, path)
  try second(two, path)
  return (try one.footprint(.file(path)), try two.footprint(.file(path)))
}

private func twoPaths(_ host: FakeHost = FakeHost()) -> FakeHost {
  host.disk("sda", "8:0", ["device/wwid": naa]).disk("sdb", "8:16", ["device/wwid": naa])
    .disk("sdc", "8:32", ["device/wwid": other])
}

extension Alias {
  private static let files = [
    Alias("a file", "the same by a hard link, a symlink, another mount", .one) {
      let host = FakeHost()
      host.write("a", "")
      host.link("soft", to: "hard")
      try FileManager.default.linkItem(atPath: host.root + "/a", toPath: host.root + "/hard")
      return (
        try host.footprint(.file(host.root + "/a")), try host.footprint(.block(host.root + "/soft"))
      )
    },
    Alias("a file", "another file of its filesystem", .apart) {
      let host = ResourceIdentityTests.files()
      return (
        try host.footprint(.file(host.root + "/a")), try host.footprint(.file(host.root + "/b"))
      )
    },
    Alias("a file of a local filesystem", "the file of that number on another node", .apart) {
      try onTwoNodes({ _, _ in }, { _, _ in })
    },
    Alias("a block device", "a file of the filesystem on it", .part) {
      let host = ResourceIdentityTests.files()
      let path = host.root + "/a"
      let device = try KernelFile(path).device
      host.disk("sdx", "\(device)", ["device/wwid": naa])
      try host.mount(path, type: "ext4", source: "/dev/sdx")
      return (try host.footprint(of: device), try host.footprint(.file(path)))
    },
    Alias(
      "a file on NFSv4", "the same on another node, on NFSv3 and by another server address", .one
    ) {
      try onTwoNodes(
        { host, path in
          try host.mount(path, type: "nfs4", source: "nas:/export")
          try host.volumes(path, version: 4, fsid: "11223344556677:8899aabbccddee00")
        },
        { host, path in
          try host.mount(path, type: "nfs", source: "10.0.0.2:/export")
          try host.volumes(path, version: 3, fsid: "7788888888888888:0")
        })
    },
    Alias("a file on NFS", "the file of that number in another export", .apart) {
      try onTwoNodes(
        { host, path in
          try host.mount(path, type: "nfs4", source: "nas:/a")
          try host.volumes(path, version: 4, fsid: "1:0")
        },
        { host, path in
          try host.mount(path, type: "nfs4", source: "nas:/b")
          try host.volumes(path, version: 4, fsid: "2:0")
        })
    },
    Alias("a file on GFS2", "the same on another node, by another device", .one) {
      try onTwoNodes(
        { host, path in
          try host.mount(path, type: "gfs2", source: "/dev/mapper/a")
          try host.gfs2(path, uuid: "0F1E2D3C-0000-0000-0000-000000000001")
        },
        { host, path in
          try host.mount(path, type: "gfs2", source: "/dev/dm-7")
          try host.gfs2(path, uuid: "0f1e2d3c-0000-0000-0000-000000000001")
        })
    },
    Alias("a file on GFS2", "the file of that number in another filesystem", .apart) {
      try onTwoNodes(
        { host, path in
          try host.mount(path, type: "gfs2", source: "/dev/dm-7")
          try host.gfs2(path, uuid: "0f1e2d3c-0000-0000-0000-000000000001")
        },
        { host, path in
          try host.mount(path, type: "gfs2", source: "/dev/dm-7")
          try host.gfs2(path, uuid: "0f1e2d3c-0000-0000-0000-000000000002")
        })
    },
    Alias("a file on OCFS2", "the same on another node", .one) {
      try onTwoNodes(
        { try $0.mount($1, type: "ocfs2", source: "/dev/dm-1") },
        { try $0.mount($1, type: "ocfs2", source: "/dev/dm-2") })
    },
    Alias("a file on CephFS", "the same on another node, by other monitors", .one) {
      try onTwoNodes(
        { try $0.mount($1, type: "ceph", source: "mon1:6789:/") },
        { try $0.mount($1, type: "ceph", source: "mon2,mon3:/sub") })
    },
    Alias("a file on SMB", "the same on another node, in other letter case", .one) {
      try onTwoNodes(
        { try $0.mount($1, type: "cifs", source: "//NAS/Images", options: "rw,serverino") },
        { try $0.mount($1, type: "smb3", source: "//nas/images/sub", options: "rw,serverino") })
    },
    Alias("a file on SMB", "the file of that number in another share", .apart) {
      try onTwoNodes(
        { try $0.mount($1, type: "cifs", source: "//nas/a", options: "rw,serverino") },
        { try $0.mount($1, type: "cifs", source: "//nas/b", options: "rw,serverino") })
    },
  ]

  private static let disks = [
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

  private static let stacks = [
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

  private static let passedThrough = [
    Alias("an NVMe namespace as a block device", "the same by its PCI address", .one) {
      let host = FakeHost().nvme()
      return (try host.block("259:0"), try host.footprint(.nvme(address, namespace: 1)))
    },
    Alias("an NVMe namespace by its PCI address", "the same once vfio has the device", .one) {
      let (before, after) = (FakeHost().nvme(), FakeHost())
      return (
        try before.footprint(.nvme(address, namespace: 1)),
        try after.footprint(.nvme(address, namespace: 1))
      )
    },
    Alias("an NVMe namespace", "another one of the device", .apart) {
      let host = FakeHost().nvme()
      return (
        try host.footprint(.nvme(address, namespace: 1)),
        try host.footprint(.nvme(address, namespace: 2))
      )
    },
    Alias("a PCI device", "an NVMe namespace of it, by PCI address", .part) {
      let host = FakeHost().nvme()
      return (
        try host.footprint(.pci(address)), try host.footprint(.nvme(address, namespace: 1))
      )
    },
    Alias("a PCI device", "an NVMe namespace of it, as a block device", .part) {
      let host = FakeHost().nvme()
      return (try host.footprint(.pci(address)), try host.block("259:0"))
    },
    Alias("a PCI device", "an NVMe namespace of it, as a native multipath device", .part) {
      let host = FakeHost().disk("nvme0n1", "259:0", ["wwid": "eui.0025385b71b0f5e1"])
      host.write("sys/block/nvme0n1/device/nvme0/transport", "pcie\n")
      host.write("sys/block/nvme0n1/device/nvme0/address", "\(address)\n")
      return (try host.footprint(.pci(address)), try host.block("259:0"))
    },
    Alias("a PCI device", "the PCI device at that address on another node", .apart) {
      (try FakeHost().footprint(.pci(address)), try FakeHost("node2").footprint(.pci(address)))
    },
    Alias("a passed-through SCSI device", "its block device", .one) {
      let host = twoPaths()
      host.write("sys/bus/scsi/devices/3:0:1:7/block/sda/dev", "8:0\n")
      let hostdev = ResourceSource.scsiDevice(adapter: "scsi_host3", bus: 0, target: 1, unit: 7)
      return (try host.footprint(hostdev), try host.block("8:0"))
    },
  ]

  private static let network = [
    Alias("an rbd image", "the same by other monitors", .one) {
      let host = FakeHost()
      return (try host.network(.rbd, "p/i", "mon1"), try host.network(.rbd, "p/i", "mon2:3300"))
    },
    Alias("an rbd image", "the image of that name in a namespace", .apart) {
      let host = FakeHost()
      return (try host.network(.rbd, "p/i"), try host.network(.rbd, "p/n/i"))
    },
    Alias("an rbd image", "a snapshot of it", .apart) {
      let host = FakeHost()
      return (try host.network(.rbd, "p/i"), try host.network(.rbd, "p/i", snapshot: "s"))
    },
    Alias("an rbd image of one cluster", "that of another cluster, with [[network]]", .apart) {
      let host = FakeHost()
        .know(NetworkStorage(name: "a", networkProtocol: .rbd, hosts: ["mon1", "MON2.:6789"]))
        .know(NetworkStorage(name: "b", networkProtocol: .rbd, hosts: ["[fd00::0:1]:3300"]))
      return (
        try host.network(.rbd, "p/i", "x", "mon2"), try host.network(.rbd, "p/i", "[fd00::1]:3300")
      )
    },
    Alias("an rbd image of a [[network]]", "its kernel device, by the cluster's fsid", .one) {
      let fsid = "4F4B1E4C-0000-0000-0000-000000000001"
      let host = FakeHost().disk("rbd0", "251:0")
        .know(NetworkStorage(name: "a", networkProtocol: .rbd, hosts: ["mon1", fsid]))
      host.rbd(
        "0",
        [
          "major": "251", "minor": "0", "pool": "p", "pool_ns": "n", "name": "i",
          "current_snap": "-", "cluster_fsid": fsid.lowercased(),
        ])
      return (try host.network(.rbd, "p/n/i", "mon1"), try host.block("251:0"))
    },
    Alias(
      "an iSCSI target without a LUN", "its LUN 0, by another portal, in other letter case", .one
    ) {
      let host = FakeHost()
      return (
        try host.network(.iscsi, "iqn.2026-01.org.example:disks", "a"),
        try host.network(.iscsi, "IQN.2026-01.org.example:disks/0", "b:3261")
      )
    },
    Alias("an iSCSI LUN", "another LUN of its target", .apart) {
      let host = FakeHost()
      return (
        try host.network(.iscsi, "iqn.2026-01.org.example:disks/1", "a"),
        try host.network(.iscsi, "iqn.2026-01.org.example:disks/2", "a")
      )
    },
    Alias("a Gluster file", "the same by another server, its path spelt otherwise", .one) {
      let host = FakeHost()
      return (
        try host.network(.gluster, "vol/images/a", "g1"),
        try host.network(.gluster, "vol//images/./a", "g2")
      )
    },
    Alias("an NBD export", "the same with the port and the host spelt out", .one) {
      let host = FakeHost()
      return (
        try host.network(.nbd, "e", "Store.example.org."),
        try host.network(.nbd, "e", "store.example.org:10809")
      )
    },
    Alias("an NBD export", "the export of that name at another port", .apart) {
      let host = FakeHost()
      return (try host.network(.nbd, "e", "s"), try host.network(.nbd, "e", "s:10810"))
    },
    Alias("a disk at an IPv6 address", "the same, written otherwise", .one) {
      let host = FakeHost()
      return (
        try host.network(.nfs, "/x/a", "[FD00:0:0::0001]"),
        try host.network(.nfs, "/x/a", "[fd00::1]:2049")
      )
    },
    Alias("a disk by a server's name", "the same by an alias, with [[network]]", .one) {
      let host = FakeHost()
        .know(NetworkStorage(name: "nas", networkProtocol: .ssh, hosts: ["nas", "10.0.0.9"]))
      return (try host.network(.ssh, "/x/a", "nas"), try host.network(.ssh, "/x/a", "10.0.0.9"))
    },
    Alias("a disk over http", "the same path over https", .apart) {
      let host = FakeHost()
      return (try host.network(.http, "/a", "s"), try host.network(.https, "/a", "s"))
    },
  ]

  private static let volumes = [
    Alias("a volume of a directory pool", "the file", .one) {
      let host = ResourceIdentityTests.files()
      host.pool("p", "<pool type='dir'><target><path>\(host.root)</path></target></pool>")
      return (
        try host.footprint(.volume(pool: "p", volume: "a")),
        try host.footprint(.file(host.root + "/a"))
      )
    },
    Alias("a volume of an rbd pool", "the image", .one) {
      let host = FakeHost()
      host.pool(
        "p",
        "<pool type='rbd'><source><host name='mon1' port='6789'/><name>vms</name></source></pool>",
        active: false)
      return (
        try host.footprint(.volume(pool: "p", volume: "a")), try host.network(.rbd, "vms/a", "mon2")
      )
    },
    Alias("a volume of a Gluster pool", "the file in the volume", .one) {
      let host = FakeHost()
      host.pool(
        "p",
        "<pool type='gluster'><source><host name='g'/><dir path='/sub'/><name>vol</name></source>"
          + "</pool>")
      return (
        try host.footprint(.volume(pool: "p", volume: "a")), try host.network(.gluster, "vol/sub/a")
      )
    },
    Alias("a volume of an iscsi-direct pool", "the LUN", .one) {
      let host = FakeHost()
      host.pool(
        "p",
        "<pool type='iscsi-direct'><source><host name='h'/><device path='iqn.2026-01.org.x:d'/>"
          + "</source></pool>")
      return (
        try host.footprint(.volume(pool: "p", volume: "unit:0:0:3")),
        try host.network(.iscsi, "iqn.2026-01.org.x:d/3", "h")
      )
    },
    Alias("a volume of an iscsi pool", "the block device of its session", .one) {
      let host = twoPaths()
      let session = "sys/devices/platform/host3/session1/iscsi_session/session1"
      host.write("\(session)/targetname", "iqn.2026-01.org.x:d\n")
      host.link("sys/class/iscsi_session/session1", to: session)
      host.write("sys/bus/scsi/devices/3:0:0:1/block/sda/dev", "8:0\n")
      host.pool(
        "p",
        "<pool type='iscsi'><source><host name='h'/><device path='iqn.2026-01.org.x:d'/></source>"
          + "<target><path>/dev/disk/by-path</path></target></pool>")
      return (
        try host.footprint(.volume(pool: "p", volume: "unit:0:0:1")), try host.block("8:16")
      )
    },
    Alias("a volume of a scsi pool", "the block device", .one) {
      let host = twoPaths()
      host.write("sys/bus/scsi/devices/5:0:0:1/block/sda/dev", "8:0\n")
      host.write("sys/bus/scsi/devices/4:0:0:1/block/sdc/dev", "8:32\n")
      host.write("sys/class/fc_host/host5/port_name", "0x10000000c9831b4b\n")
      host.write("sys/class/fc_host/host5/node_name", "0x20000000c9831b4b\n")
      host.write("sys/class/fc_host/host4/port_name", "0x10000000c9831b4a\n")
      host.write("sys/class/fc_host/host4/node_name", "0x20000000c9831b4b\n")
      host.pool(
        "p",
        "<pool type='scsi'><source><adapter type='fc_host' wwnn='20000000C9831B4B' "
          + "wwpn='10000000c9831b4b'/></source></pool>")
      return (
        try host.footprint(.volume(pool: "p", volume: "unit:0:0:1")), try host.block("8:0")
      )
    },
  ]

  private static let names = [
    Alias("the TPM state of a domain", "the same on another node", .one) {
      let uuid = try DomainUUID("00000000-0000-0000-0000-000000000001").orThrow
      return (
        try FakeHost().footprint(.tpmState(uuid)), try FakeHost("n2").footprint(.tpmState(uuid))
      )
    },
    Alias("a name from a domain's metadata", "the same on another node", .one) {
      (try FakeHost().footprint(.named("db")), try FakeHost("n2").footprint(.named("db")))
    },
    Alias("a name from a domain's metadata", "a lease or a [[storage]] called so", .apart) {
      let host = FakeHost()
      return (
        try host.footprint(.named("a/b")), try host.footprint(.lease(lockspace: "a", key: "b"))
      )
    },
    Alias("shared memory", "that of the same name on another node", .apart) {
      (
        try FakeHost().footprint(.sharedMemory(name: "m")),
        try FakeHost("n2").footprint(.sharedMemory(name: "m"))
      )
    },
    Alias("a socket", "the same by a symlink to its directory", .one) {
      let host = FakeHost()
      host.make("run")
      host.link("var", to: "run")
      return (
        try host.footprint(.socket(host.root + "/run/s")),
        try host.footprint(.socket(host.root + "/var/s"))
      )
    },
  ]
}

extension FakeHost {
  func footprint(of device: DeviceNumber) throws -> Footprint { try block("\(device)") }

  func gfs2(_ path: String, uuid: String) throws {
    let device = try KernelFile(path).device
    write("sys/fs/gfs2/cluster:other/id", "9:9\n")
    write("sys/fs/gfs2/cluster:other/uuid", "no\n")
    write("sys/fs/gfs2/cluster:table/id", "\(device)\n")
    write("sys/fs/gfs2/cluster:table/uuid", uuid + "\n")
  }

  func rbd(_ id: String, _ attributes: [String: String]) {
    for (name, text) in attributes { write("sys/bus/rbd/devices/\(id)/\(name)", text + "\n") }
  }

  func drbd(_ minor: String, _ resource: String, _ volume: String) -> Self {
    link(
      "sys/kernel/debug/drbd/minors/\(minor)",
      to: "sys/kernel/debug/drbd/resources/\(resource)/volumes/\(volume)")
    return self
  }

  /// One namespace of an NVMe device on PCI, as the nvme driver shows it.
  func nvme() -> Self {
    disk(
      "nvme0n1", "259:0",
      [
        "wwid": "eui.0025385b71b0f5e1", "device/transport": "pcie",
        "device/address": "\(PCIAddress(domain: 0, bus: 1, slot: 0, function: 0))",
      ])
    let namespace = "sys/bus/pci/devices/0000:01:00.0/nvme/nvme0/nvme0n1"
    write("\(namespace)/nsid", "1\n")
    write("\(namespace)/wwid", "eui.0025385b71b0f5e1\n")
    return self
  }
}

extension Optional {
  struct Nothing: Error {}

  var orThrow: Wrapped {
    get throws {
      guard let self else { throw Nothing() }
      return self
    }
  }
}

extension [UInt8] {
  init(hexadecimal text: some StringProtocol) {
    let digits: [UInt8] = text.compactMap { $0.hexDigitValue.map { UInt8($0) } }
    self.init()
    for start in stride(from: 0, to: digits.count, by: 2) {
      append(digits[start] << 4 | digits[start + 1])
    }
  }
}
