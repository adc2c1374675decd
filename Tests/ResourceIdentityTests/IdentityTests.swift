import Foundation
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
    let name = Identification.Result.named(Footprint(try ResourceName("storage:images/y")))
    #expect(result(.file(path("mine/y")), mine) == name)
    #expect(result(.file(path("soft/deep/../y")), mine) == name)
    let deep = result(.file(path("mine/deep/x")), mine)
    #expect(deep != name && deep == result(.file(path("yours/deep/x")), yours))
    #expect(result(.directory(path("mine/deep")), mine) != deep)
    #expect(
      result(.directory(path("mine")), mine)
        == .named(Footprint(try ResourceName("storage:images/."))))
    // Beside the storage, and in none that this node knows.
    #expect(result(.file(path("a")), mine) == result(.file(path("a"))))
    #expect(result(.file(path("mine/y")), yours) != name)
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

@Suite final class BlockDeviceTests {
  let sysfs = FileManager.default.temporaryDirectory.appendingPathComponent(
    "dlmguard-sysfs-\(UUID().uuidString)")

  deinit {
    try? FileManager.default.removeItem(at: sysfs)
  }

  func attribute(_ name: String, _ text: String) throws {
    let file = sysfs.appendingPathComponent("dev/block/8:16/\(name)")
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  @Test func sysfsIsReadOneLineAtATime() throws {
    let device = BlockDevice(sysfs: sysfs.path, major: 8, minor: 16)
    #expect(device.mapperUUID == nil && device.worldWideID == nil && device.loopBackingFile == nil)
    try attribute("dm/uuid", "LVM-abc\n")
    try attribute("device/wwid", "naa.600\n")
    try attribute("loop/backing_file", "/a b\n")
    #expect(device.mapperUUID == "LVM-abc")
    #expect(device.worldWideID == "naa.600")
    #expect(device.loopBackingFile == "/a b")
    try attribute("dm/uuid", "\n")
    #expect(device.mapperUUID == nil, "a mapped device without a UUID")
  }
}
