import Foundation
import LockModel

@testable import ResourceIdentity

/// What is reached through the network, passed through, or only named.
extension Alias {
  static let passedThrough = [
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

  static let network = [
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

  static let names = [
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
