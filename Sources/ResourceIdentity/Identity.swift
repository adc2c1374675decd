import CLinux
import Glibc
import LockModel

/// Looks at this node's storage to find out what a resource really is, whatever path leads to it:
/// a symlink, a hard link, a bind mount or another device node gives the same name.
///
/// Every call may hang for as long as the storage does (a dead NFS server), so callers run it on a
/// thread that they can spare.
public struct Identity: Sendable {
  private let node: NodeName
  private let sysfs: String

  /// - Parameter sysfs: where sysfs(5) is mounted.
  public init(node: NodeName, sysfs: String = "/sys") {
    self.node = node
    self.sysfs = sysfs
  }

  /// The name of a resource, or why there is none. Any thread; blocks on the storage.
  public func identify(_ resource: Resource) -> Identification {
    let result: Identification.Result =
      switch resource.source {
      case .file(let path), .block(let path), .directory(let path): identify(path: path)
      case .lease(let lockspace, let key): .named(.of(.lease, [lockspace, key]))
      }
    return Identification(resource: resource, result: result)
  }

  private func identify(path: String) -> Identification.Result {
    guard !path.utf8.contains(0) else { return .failed("its path contains a NUL byte") }
    guard path.utf8.first == UInt8(ascii: "/") else { return .failed("its path is not absolute") }
    var file = dlmguard_file()
    let error = dlmguard_stat(path, &file)
    switch error {
    case 0: break
    case -ENOENT, -ENOTDIR: return .absent
    default: return .failed("the kernel says: \(String(cString: dlmguard_error_text(-error)))")
    }
    switch file.mode & S_IFMT {
    case S_IFREG, S_IFDIR:
      // A file's number is unique in its filesystem, and a local filesystem on its node.
      return .named(
        .of(.file, [node.description, String(file.filesystem, radix: 16), String(file.inode)]))
    case S_IFBLK: return block(BlockDevice(sysfs: sysfs, major: file.major, minor: file.minor))
    default: return .failed("it is neither a file, a directory nor a block device")
    }
  }

  private func block(_ device: BlockDevice) -> Identification.Result {
    if let path = device.loopBackingFile, case .named(let name) = identify(path: path) {
      return .named(name)
    }
    if let uuid = device.mapperUUID { return .named(.of(.dm, [uuid])) }
    if let wwid = device.worldWideID { return .named(.of(.wwid, [wwid])) }
    return .named(.of(.block, [node.description, "\(device.major)", "\(device.minor)"]))
  }
}
