import CLinux

/// What is mounted where, as this process sees it (proc_pid_mountinfo(5)).
struct Mounts {
  /// A file's position in its filesystem: the same through every mount of it.
  struct Place: Equatable {
    /// `major:minor` of the filesystem.
    let device: String
    /// From the filesystem's own root.
    let path: String
  }

  /// What is mounted: the same for every mount of one filesystem.
  struct Filesystem: Equatable {
    /// As mount(8) names it: `nfs4`, `fuse.glusterfs`.
    let type: String
    /// A device's path, or where on the network it is.
    let source: String
    /// Of the filesystem, not of the mount.
    let options: Set<String>
  }

  private struct Mount {
    let device: String
    /// What of the filesystem is mounted.
    let root: String
    let point: String
    let filesystem: Filesystem
  }

  private let mounts: [Mount]
  /// Where something is mounted.
  let points: Set<String>

  /// Nil where the table cannot be read.
  ///
  /// - Parameter proc: where proc(5) is mounted.
  init?(proc: String = "/proc") {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = dlmguard_read_file("\(proc)/self/mountinfo", &bytes, bytes.count)
      guard count >= 0 else { return nil }
      if count < bytes.count {
        self.init(text: String(decoding: bytes[..<count], as: UTF8.self))
        return
      }
      guard bytes.count < 1 << 26 else { return nil }
      bytes = [UInt8](repeating: 0, count: bytes.count * 4)
    }
  }

  /// Reads lines of `id parent device root point options tags… - type source options`.
  init(text: String) {
    mounts = text.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ", omittingEmptySubsequences: false)
      guard fields.count >= 6, let dash = fields[6...].firstIndex(of: "-"), fields.count > dash + 3
      else { return nil }
      return Mount(
        device: String(fields[2]), root: Self.plain(fields[3]), point: Self.plain(fields[4]),
        filesystem: Filesystem(
          type: Self.plain(fields[dash + 1]), source: Self.plain(fields[dash + 2]),
          options: Set(fields[dash + 3].split(separator: ",").map(String.init))))
    }
    points = Set(mounts.map(\.point))
  }

  /// The filesystem of a file: by its device, or, where files have other devices than their
  /// filesystem (btrfs, overlay), by its path; nil where that leads nowhere.
  func filesystem(of path: String, on device: DeviceNumber) -> Filesystem? {
    if let mount = mounts.last(where: { $0.device == device.description }) {
      return mount.filesystem
    }
    return resolve(path).flatMap { mount(ofResolved: $0) }?.filesystem
  }

  /// Whether a path lies, by its text alone, in a mount of its own that is not of that device: then it
  /// need not be touched to know that it is elsewhere.
  func isElsewhere(_ path: String, than device: String) -> Bool {
    guard let mount = mount(ofResolved: path), mount.point != "/" else { return false }
    return mount.device != device
  }

  /// Where a path leads, symlinks resolved; nil where it leads nowhere.
  func place(of path: String) -> Place? {
    resolve(path).flatMap { place(ofResolved: $0) }
  }

  func place(ofResolved path: String) -> Place? {
    guard let best = mount(ofResolved: path) else { return nil }
    let rest = best.point == "/" ? path : String(path.dropFirst(best.point.count))
    let root = best.root == "/" ? "" : best.root
    let inside = root + (rest == "/" ? "" : rest)
    return Place(device: best.device, path: inside.isEmpty ? "/" : inside)
  }

  private func mount(ofResolved path: String) -> Mount? {
    // The last of several mounts at one point hides the others.
    var best: Mount?
    for mount in mounts where Self.isBelow(path, mount.point) {
      if mount.point.utf8.count >= best?.point.utf8.count ?? 0 { best = mount }
    }
    return best
  }

  private static func isBelow(_ path: String, _ point: String) -> Bool {
    point == "/" || path == point || path.hasPrefix(point + "/")
  }

  /// Space, tab, newline and backslash stand there as three octal digits.
  private static func plain(_ field: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(field.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), rest.count >= 3,
        let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
      {
        bytes.append(code)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
