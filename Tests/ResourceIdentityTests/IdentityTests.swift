import Foundation
import Glibc
import LockModel
import Testing

@testable import ResourceIdentity

@Suite final class IdentityTests {
  let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
    "dlmguard-identity-\(UUID().uuidString)")
  let identity = Identity(node: NodeName("node1"))

  init() throws {
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    for name in ["a", "b"] {
      try Data().write(to: directory.appendingPathComponent(name))
    }
  }

  deinit {
    try? FileManager.default.removeItem(at: directory)
  }

  func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

  func result(_ source: ResourceSource, _ identity: Identity? = nil) -> Identification.Result {
    (identity ?? self.identity).identify(
      Resource(kind: .file, device: "disk vda", source: source, access: .exclusiveWrite)
    ).result
  }

  /// What it lies in is this machine's own.
  func itself(_ source: ResourceSource, _ identity: Identity) -> [ResourceName]? {
    guard case .named(let footprint) = result(source, identity) else { return nil }
    return footprint.itself
  }

  @Test func everyWayToAFileGivesItsOneName() throws {
    let manager = FileManager.default
    try manager.createSymbolicLink(atPath: path("soft"), withDestinationPath: path("a"))
    try manager.linkItem(atPath: path("a"), toPath: path("hard"))
    let name = result(.file(path("a")))
    guard case .named = name else { return #expect(Bool(false), "\(name)") }
    for other in ["soft", "hard", "./a", "../\(directory.lastPathComponent)/a"] {
      #expect(result(.file(directory.path + "/" + other)) == name, "\(other)")
    }
    #expect(result(.block(path("a"))) == name, "what it is counts, not what the XML calls it")
    #expect(result(.file(path("b"))) != name)
    #expect(result(.directory(directory.path)) != name)
  }

  @Test func twoNodesLocalFilesAreNeverTheSame() {
    #expect(result(.file(path("a"))) != result(.file(path("a")), Identity(node: NodeName("node2"))))
  }

  @Test func sharedStorageIsTheSameOnEveryNode() throws {
    let manager = FileManager.default
    for folder in ["mine", "mine/deep", "yours", "yours/deep"] {
      try manager.createDirectory(atPath: path(folder), withIntermediateDirectories: true)
    }
    for file in ["mine/deep/x", "mine/y", "yours/deep/x", "yours/linked"] {
      try Data().write(to: directory.appendingPathComponent(file))
    }
    try manager.createSymbolicLink(atPath: path("soft"), withDestinationPath: path("mine"))
    try manager.linkItem(atPath: path("yours/linked"), toPath: path("outside"))
    let mine = Identity(
      node: NodeName("node1"), storages: [Storage(name: "images", path: path("soft"))])
    let yours = Identity(
      node: NodeName("node2"),
      storages: [
        Storage(name: "other", path: path("none")), Storage(name: "images", path: path("yours")),
      ])
    let name = [try ResourceName("storage:images/y")]
    #expect(itself(.file(path("mine/y")), mine) == name)
    #expect(itself(.file(path("soft/deep/../y")), mine) == name)
    let deep = itself(.file(path("mine/deep/x")), mine)
    #expect(deep != name && deep == itself(.file(path("yours/deep/x")), yours))
    #expect(itself(.directory(path("mine/deep")), mine) != deep)
    #expect(
      itself(.directory(path("mine")), mine) == [try ResourceName("storage:images/.")])
    // Beside the storage, and in none that this node knows.
    #expect(result(.file(path("a")), mine) == result(.file(path("a"))))
    #expect(itself(.file(path("mine/y")), yours) != name)
    for linked in ["yours/linked", "outside"] {
      let result = result(.file(path(linked)), yours)
      if linked == "outside" {
        #expect(result != .failed(""), "not below the storage")
      } else {
        guard case .failed(let reason) = result else { return #expect(Bool(false), "\(result)") }
        #expect(reason.contains("2 hard links"))
      }
    }
  }

  @Test func longAndAmbiguousPartsAreHashed() throws {
    let node = NodeName(String(repeating: "n", count: 63))
    for (a, b) in [
      (
        result(.file(path("a")), Identity(node: node)),
        result(.file(path("b")), Identity(node: node))
      ),
      (result(.lease(lockspace: "a/b", key: "c")), result(.lease(lockspace: "a", key: "b/c"))),
      (result(.lease(lockspace: "ä", key: "c")), result(.lease(lockspace: "ö", key: "c"))),
      (result(.lease(lockspace: "", key: "x")), result(.lease(lockspace: "x", key: ""))),
    ] {
      guard case .named(let first) = a, case .named(let second) = b else {
        return #expect(Bool(false), "\(a) \(b)")
      }
      #expect(first != second)
      #expect(
        first.itself[0].description.utf8.count <= 64
          && second.itself[0].description.utf8.count <= 64)
    }
    #expect(
      result(.lease(lockspace: "ls", key: "k")) == .named(Footprint(try ResourceName("lease:ls/k")))
    )
  }

  /// `printf '1:a1:/' | sha256sum`, in base64url: the format is part of what nodes agree on.
  @Test func theHashIsTheDocumentedOne() throws {
    #expect(
      result(.lease(lockspace: "a", key: "/"))
        == .named(
          Footprint(try ResourceName("lease:lMwVgD9KalCQItHORe9qYniKlKUMg-kOuDXjEbTKdt8"))))
  }

  @Test func whatIsNotThereIsAbsentAndWhatIsNoStorageFails() {
    #expect(result(.file(path("none"))) == .absent)
    #expect(result(.file(path("a/b"))) == .absent)
    for bad in ["/dev/null", "relative", "", "/x\0y", "/" + String(repeating: "x", count: 300)] {
      guard case .failed = result(.file(bad)) else {
        #expect(Bool(false), "\(bad): \(result(.file(bad)))")
        continue
      }
    }
  }
}

@Suite struct UnidentifiedTests {
  let host = FakeHost().disk("vda", "254:0")

  func reason(_ look: () throws -> Footprint) -> String {
    do {
      return "\(try look())"
    } catch Untold.failed(let reason) {
      return reason
    } catch {
      return "\(error)"
    }
  }

  @Test func theRefusalNamesTheDeviceAndBothWaysOut() {
    let reason = reason { try host.block("254:0") }
    for word in ["/dev/vda (254:0)", "serial number", "unidentified = \"node-path\""] {
      #expect(reason.contains(word), "\(reason)")
    }
  }

  @Test func nodePathGivesTheNumbersOfTheNode() throws {
    #expect(
      try host.block("254:0", .nodePath) == Footprint(ResourceName("block:node1/254/0")))
    host.partition("vda1", "254:1", of: "vda", 1)
    #expect(
      try host.block("254:1", .nodePath).within == [ResourceName("block:node1/254/0")])
  }

  /// The machine's own disk often has no serial number, and its files are none the worse for it.
  @Test func whatOnlyContainsIsNeverRefused() throws {
    host.disk("dm-0", "253:0", ["dm/uuid": "LVM-1"]).stack("dm-0", on: "vda")
    #expect(
      try host.block("253:0")
        == Footprint(ResourceName("dm:LVM-1"), within: [ResourceName("block:node1/254/0")]))
    host.partition("vda1", "254:1", of: "vda", 1)
    host.disk("dm-1", "253:1", ["dm/uuid": "LVM-2"]).stack("dm-1", on: "vda1")
    #expect(try host.block("253:1").within.contains(ResourceName("block:node1/254/0")))
    host.disk("md0", "9:0").stack("md0", on: "vda")
    #expect(reason { try host.block("9:0") }.contains("/dev/vda"))
  }

  @Test func aLoopWhoseFileIsGoneIsNotGuessed() {
    host.disk("loop0", "7:0")
    host.write("sys/block/loop0/loop/backing_file", "/nowhere/a (deleted)\n")
    #expect(reason { try host.block("7:0") }.contains("'/nowhere/a (deleted)' is not there"))
  }

  @Test func devicesThatLieOverThemselvesEnd() {
    host.disk("dm-0", "253:0").stack("dm-0", on: "dm-0")
    #expect(reason { try host.block("253:0") }.contains("more than 16"))
  }

  @Test func aDRBDDeviceWithoutItsResourceIsNotGuessed() {
    host.disk("drbd0", "147:0").stack("drbd0", on: "vda")
    #expect(reason { try host.block("147:0") }.contains("debugfs"))
  }

  @Test func aSCSIDeviceThatIsNotThereIsAbsent() throws {
    #expect(throws: Untold.self) {
      try host.footprint(.scsiDevice(adapter: "scsi_host1", bus: 0, target: 0, unit: 0))
    }
    host.write("sys/bus/scsi/devices/1:0:0:0/type", "1\n")
    let tape = ResourceSource.scsiDevice(adapter: "scsi_host1", bus: 0, target: 0, unit: 0)
    #expect(reason { try host.footprint(tape) }.contains("1:0:0:0"))
    #expect(
      try host.identity(.nodePath).footprint(of: tape)
        == Footprint(ResourceName("scsi:node1/1:0:0:0")))
    host.write("sys/bus/scsi/devices/1:0:0:0/wwid", "NAA.5000\n")
    #expect(try host.footprint(tape) == Footprint(ResourceName("wwid:naa.5000")))
  }
}

@Suite struct SharedFilesystemTests {
  let host = FakeHost()
  let path: String

  init() {
    host.write("a", "")
    path = host.root + "/a"
  }

  /// Without its own identity a shared file would have another name on every node.
  @Test(arguments: [
    ("nfs4", "rw", "FSID"), ("nfs", "rw", "FSID"), ("gfs2", "rw", "UUID"),
    ("fuse.ceph-fuse", "rw", "ceph.cluster_fsid"), ("fuse.glusterfs", "rw", "gfid"),
    ("cifs", "rw,noserverino", "serverino"), ("lustre", "rw", "lustre"),
  ]) func whatCannotBeToldIsRefused(type: String, options: String, reason: String) throws {
    try host.mount(path, type: type, source: "//nas/x", options: options)
    do {
      let footprint = try host.footprint(.file(path))
      Issue.record("\(footprint)")
    } catch Untold.failed(let text) {
      #expect(text.contains(reason) && text.contains("[[storage]]"), "\(text)")
    }
  }

  @Test func theAdministratorsWordCountsFirst() throws {
    try host.mount(host.root, type: "nfs4", source: "nas:/x")
    let identity = Identity(
      node: NodeName("node1"), storages: [Storage(name: "s", path: host.root)], host: host.host)
    #expect(try identity.footprint(of: .file(path)).itself == [ResourceName("storage:s/a")])
  }

  /// Kernel: `fsid` as two little-endian words, one over the other; libceph prints the bytes in order.
  @Test func aCephClustersNumberIsTheKernels() {
    let bytes: [UInt8] = [
      0x4f, 0x4b, 0x1e, 0x4c, 0, 1, 2, 3, 0x80, 0x90, 0xa0, 0xb0, 0xc0, 0xd0, 0xe0, 0xf1,
    ]
    let words = stride(from: 0, to: 16, by: 8).map { start in
      bytes[start..<start + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }
    #expect(
      CephCluster.fsid("4f4b1e4c-0001-0203-8090-a0b0c0d0e0f1") == words[0] ^ words[1])
    #expect(CephCluster.fsid("admin") == nil)
  }

  static let canMakeNodes: Bool = {
    let host = FakeHost()
    return mknod(host.root + "/dev/try", S_IFBLK | 0o600, 1 << 8) == 0
  }()

  /// Its files have a device that is none, and its mount names one of several.
  @Test(.enabled(if: canMakeNodes)) func allDevicesOfABtrfsContainIt() throws {
    for (index, disk) in ["sda", "sdb", "sdc"].enumerated() {
      host.disk(disk, "8:\(index * 16)")
      host.link("sys/fs/btrfs/\(disk == "sdc" ? 0 : 1)/devices/\(disk)", to: "sys/block/\(disk)")
    }
    let node = host.root + "/dev/sdb"
    #expect(mknod(node, S_IFBLK | 0o600, 8 << 8 | 16) == 0)
    func devices(_ type: String, _ source: String, _ device: DeviceNumber) -> [DeviceNumber] {
      let filesystem = Mounts.Filesystem(type: type, source: source, options: [])
      return host.identity().devices(of: filesystem, device)
    }
    let none = DeviceNumber(0, 50)
    #expect(devices("btrfs", node, none) == [DeviceNumber(8, 16), DeviceNumber(8, 0)])
    #expect(devices("ext4", "/dev/root", DeviceNumber(8, 1)) == [DeviceNumber(8, 1)])
    #expect(devices("bcachefs", node, none) == [DeviceNumber(8, 16)])
    #expect(devices("cifs", "//nas/x", none) == [])
    #expect(devices("overlay", "overlay", none) == [])
    #expect(devices("fuse.x", path, none) == [])
  }
}
