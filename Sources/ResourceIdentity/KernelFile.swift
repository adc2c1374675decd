import CLinux
import Glibc

/// A device as the kernel numbers it, on this node and until it is gone.
struct DeviceNumber: Hashable, CustomStringConvertible {
  let major: UInt32
  let minor: UInt32

  init(_ major: UInt32, _ minor: UInt32) {
    self.major = major
    self.minor = minor
  }

  /// Reads `8:16`, as sysfs and the mount table have it.
  init?(_ text: some StringProtocol) {
    let numbers = text.split(separator: ":").compactMap { UInt32($0) }
    guard numbers.count == 2 else { return nil }
    self.init(numbers[0], numbers[1])
  }

  var description: String { "\(major):\(minor)" }
}

/// What stat(2) and statfs(2) tell of what a path leads to.
struct KernelFile {
  private let file: dlmguard_file

  init(_ path: String) throws(Untold) {
    try Identity.check(path)
    var file = dlmguard_file()
    let error = dlmguard_stat(path, &file)
    guard error == 0 else { throw Untold(errno: -error) }
    self.file = file
  }

  private var format: UInt32 { file.mode & S_IFMT }
  var isFile: Bool { format == S_IFREG }
  var isDirectory: Bool { format == S_IFDIR }
  var isBlockDevice: Bool { format == S_IFBLK }
  var isCharacterDevice: Bool { format == S_IFCHR }

  /// Unique in its filesystem as long as the file is there.
  var inode: UInt64 { file.inode }
  var links: UInt64 { file.links }
  /// By which this node tells its filesystems apart.
  var filesystem: UInt64 { file.filesystem }
  /// The filesystem's own number; nil where it gives none.
  var fsid: UInt64? { file.fsid == 0 ? nil : file.fsid }
  /// The device that it is.
  var number: DeviceNumber { DeviceNumber(file.major, file.minor) }
  /// The device of the filesystem that it lies in.
  var device: DeviceNumber { DeviceNumber(file.device_major, file.device_minor) }
}
