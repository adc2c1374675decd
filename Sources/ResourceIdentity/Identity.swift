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
  private let storages: [Storage]
  private let sysfs: String

  /// - Parameters:
  ///   - storages: what nodes share, by the administrator's word; the first that has a file counts.
  ///   - sysfs: where sysfs(5) is mounted.
  public init(node: NodeName, storages: [Storage] = [], sysfs: String = "/sys") {
    self.node = node
    self.storages = storages
    self.sysfs = sysfs
  }

  /// The name of a resource, or why there is none. Any thread; blocks on the storage.
  ///
  /// - Parameter enter: told each mount on the way, by its mount point, before anything in it is
  ///   touched; false where it is known to hang.
  public func identify(
    _ resource: Resource, _ enter: (_ mountPoint: String) -> Bool = { _ in true }
  ) -> Identification {
    let result: Identification.Result =
      switch resource.source {
      case .file(let path), .block(let path), .directory(let path): identify(path: path)
      case .lease(let lockspace, let key): .named(Footprint(.of(.lease, [lockspace, key])))
      default: .failed("this version does not know what that is")
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
      if let shared = shared(path, file) { return shared }
      // A file's number is unique in its filesystem, and a local filesystem on its node.
      return .named(
        Footprint(
          .of(.file, [node.description, String(file.filesystem, radix: 16), String(file.inode)])))
    case S_IFBLK: return block(BlockDevice(sysfs: sysfs, major: file.major, minor: file.minor))
    default: return .failed("it is neither a file, a directory nor a block device")
    }
  }

  /// By its place in a storage that nodes share; nil where it lies in none.
  private func shared(_ path: String, _ file: dlmguard_file) -> Identification.Result? {
    guard !storages.isEmpty else { return nil }
    guard let mounts = Mounts() else { return .failed("/proc/self/mountinfo cannot be read") }
    guard let place = mounts.place(of: path) else { return nil }
    for storage in storages {
      guard let position = storage.position(of: place, in: mounts) else { continue }
      // By another of its names it would be another file.
      guard file.mode & S_IFMT == S_IFDIR || file.links < 2 else {
        return .failed(
          "it has \(file.links) hard links, and a file of the storage \(Quoted(storage.name)) is "
            + "known by its path: remove the other names")
      }
      return .named(Footprint(.of(.storage, [storage.name, position])))
    }
    return nil
  }

  private func block(_ device: BlockDevice) -> Identification.Result {
    if let path = device.loopBackingFile, case .named(let name) = identify(path: path) {
      return .named(name)
    }
    if let uuid = device.mapperUUID { return .named(Footprint(.of(.dm, [uuid]))) }
    if let wwid = device.worldWideID { return .named(Footprint(.of(.wwid, [wwid]))) }
    return .named(
      Footprint(.of(.block, [node.description, "\(device.major)", "\(device.minor)"])))
  }
}
