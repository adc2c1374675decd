import CLinux
import Foundation
import Glibc
import LockModel
import Testing

@testable import ResourceIdentity

/// What this machine's own kernel shows; each test is skipped where that cannot be made here.
@Suite(.serialized) final class RealStorageTests {
  let directory =
    FileManager.default.temporaryDirectory.path + "/dlmguard-real-\(UUID().uuidString)"
  let identity = Identity(node: NodeName("node1"))
  private var loops: [String] = []
  private var mounts: [String] = []
  private var mapped: [String] = []

  static let hasLoops =
    getuid() == 0 && access("/dev/loop-control", R_OK | W_OK) == 0
    && run("losetup", "-f") != nil
  static let hasPartitions = hasLoops && run("addpart", "-V") != nil
  static let hasMapper = hasLoops && run("dmsetup", "version") != nil
  static let canMount = hasLoops && run("mkfs.ext4", "-V") != nil && canMountTmpfs

  /// A container's root need not be allowed to.
  private static let canMountTmpfs: Bool = {
    let point = FileManager.default.temporaryDirectory.path + "/dlmguard-try-\(UUID().uuidString)"
    mkdir(point, 0o700)
    defer { rmdir(point) }
    return run("mount", "-t", "tmpfs", "dlmguard-try", point) != nil && run("umount", point) != nil
  }()

  init() {
    mkdir(directory, 0o700)
  }

  deinit {
    for name in mapped.reversed() { _ = Self.run("dmsetup", "remove", name) }
    for point in mounts.reversed() { _ = Self.run("umount", point) }
    for loop in loops.reversed() { _ = Self.run("losetup", "-d", loop) }
    try? FileManager.default.removeItem(atPath: directory)
  }

  /// What a program printed; nil where it is not there or failed.
  private static func run(_ program: String, _ arguments: String...) -> String? {
    run(program, arguments)
  }

  private static func run(_ program: String, _ arguments: [String]) -> String? {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"]
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { return nil }
    return String(decoding: text, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
  }

  private func image(_ name: String, megabytes: Int = 8) throws -> String {
    let path = "\(directory)/\(name)"
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try file.truncate(atOffset: UInt64(megabytes) << 20)
    try file.close()
    return path
  }

  private func loop(_ arguments: String...) throws -> String {
    let path = try #require(Self.run("losetup", ["-f", "--show"] + arguments))
    loops.append(path)
    return path
  }

  private func mount(_ arguments: String..., at name: String) throws -> String {
    let point = "\(directory)/\(name)"
    mkdir(point, 0o700)
    _ = try #require(Self.run("mount", arguments + [point]))
    mounts.append(point)
    return point
  }

  private func footprint(_ path: String) throws -> Footprint {
    try identity.footprint(ofPath: path)
  }

  @Test(.enabled(if: hasLoops)) func aLoopDeviceIsItsFileHoweverItIsReached() throws {
    let path = try image("disk")
    let file = try footprint(path)
    let (first, second) = (try loop(path), try loop(path))
    #expect(first != second)
    #expect(try footprint(first) == file)
    #expect(try footprint(second) == file)
    #expect(try footprint(try loop("-o", "4096", path)) == file)
    let number = try KernelFile(first).number
    let node = "\(directory)/node"
    #expect(mknod(node, S_IFBLK | 0o600, dev_t(number.major) << 8 | dev_t(number.minor)) == 0)
    #expect(try footprint(node) == file)
    #expect(try footprint(try loop(try image("other"))) != file)
  }

  @Test(.enabled(if: hasLoops)) func aLoopOverALoopIsTheFile() throws {
    let path = try image("disk")
    #expect(try footprint(try loop(try loop(path))) == footprint(path))
  }

  /// The path of a loop's file may come to mean another file.
  @Test(.enabled(if: hasLoops)) func aLoopIsNotWhatLiesAtItsFilesPathNow() throws {
    let path = try image("disk")
    let device = try loop(path)
    #expect(rename(path, path + ".old") == 0)
    #expect(try footprint(device) == footprint(path + ".old"))
    #expect(unlink(path + ".old") == 0)
    // What sysfs shows now is a name that another file may have.
    _ = try image("disk.old (deleted)")
    #expect(throws: Untold.self) { try footprint(device) }
  }

  @Test(.enabled(if: hasPartitions)) func partitionsOfALoopArePartsOfItsFile() throws {
    let path = try image("disk")
    let device = try loop("-P", path)
    func partition(_ number: Int, _ start: Int) throws -> Footprint {
      _ = try #require(Self.run("addpart", device, "\(number)", "\(start)", "4096"))
      let name = String(device.dropFirst("/dev/".count))
      let text = try #require(Sysfs(path: "/sys/block/\(name)/\(name)p\(number)").line("dev"))
      return try identity.footprint(
        of: try #require(DeviceNumber(text)), Descent(.refuse))
    }
    let (disk, first, second) = (
      try footprint(path), try partition(1, 2048), try partition(2, 6144)
    )
    #expect(Alias.relation(disk, first) == .part)
    #expect(Alias.relation(disk, second) == .part)
    #expect(Alias.relation(first, second) == .apart)
    #expect(Alias.relation(try footprint(device), first) == .part)
  }

  @Test(.enabled(if: canMount)) func aFileLiesInTheDeviceOfItsFilesystem() throws {
    let path = try image("disk", megabytes: 16)
    _ = try #require(Self.run("mkfs.ext4", "-q", "-F", path))
    let device = try loop(path)
    let point = try mount(device, at: "mounted")
    let inner = point + "/inner"
    _ = FileManager.default.createFile(atPath: inner, contents: nil)
    #expect(Alias.relation(try footprint(path), try footprint(inner)) == .part)
    // The disks that the image's own filesystem lies on contain that file as well.
    #expect(
      Set(try footprint(inner).within) == Set(try footprint(path).itself + footprint(path).within))
    let bound = try mount("--bind", point, at: "bound")
    #expect(try footprint(bound + "/inner") == footprint(inner))
    #expect(rename(inner, point + "/renamed") == 0)
    #expect(try footprint(bound + "/renamed").itself == footprint(point + "/renamed").itself)
    _ = FileManager.default.createFile(atPath: inner, contents: nil)
    #expect(try footprint(inner).itself != footprint(point + "/renamed").itself)
  }

  @Test(.enabled(if: canMount)) func aFileInMemoryLiesInNothing() throws {
    let point = try mount("-t", "tmpfs", "dlmguard", at: "memory")
    _ = FileManager.default.createFile(atPath: point + "/a", contents: nil)
    let footprint = try footprint(point + "/a")
    #expect(footprint.within == [] && "\(footprint.itself[0])".hasPrefix("file:node1/"))
    let other = try mount("-t", "tmpfs", "dlmguard", at: "other")
    _ = FileManager.default.createFile(atPath: other + "/a", contents: nil)
    #expect(try self.footprint(other + "/a").itself != footprint.itself)
  }

  @Test(.enabled(if: hasMapper)) func mappedDevicesAreWhatTheyLieOn() throws {
    let path = try image("disk")
    let device = try loop(path)
    func map(_ suffix: String, _ uuid: String, _ start: Int) throws -> String {
      let name = "dlmguard-\(getpid())-\(suffix)"
      _ = try #require(
        Self.run(
          "dmsetup", "create", name, "--uuid", uuid, "--table", "0 2048 linear \(device) \(start)"))
      mapped.append(name)
      return "/dev/mapper/\(name)"
    }
    #expect(try footprint(try map("linear", "dlmguard-\(getpid())", 0)) == footprint(path))
    let (one, two) = (
      try footprint(try map("a", "LVM-\(UUID().uuidString)", 2048)),
      try footprint(try map("b", "LVM-\(UUID().uuidString)", 4096))
    )
    #expect(Alias.relation(try footprint(path), one) == .part)
    #expect(Alias.relation(one, two) == .apart)
  }

  @Test func aCharacterDeviceIsNoDisk() throws {
    #expect(throws: Untold.self) { try footprint("/dev/null") }
    #expect(
      try identity.footprint(of: .device("/dev/null"))
        == Footprint(ResourceName("chardev:node1/1:3")))
  }
}
