import CLinux
import Glibc

/// Tells which of libvirt's status files changed, as soon as they do (inotify(7)). For one thread at
/// a time.
///
/// Where the directory is not there, it is waited for: libvirt makes it at its first start after a boot.
public final class StatusWatch {
  /// Which files are to be read anew.
  public enum Change: Hashable, Sendable {
    /// These were put in place or removed; reading tells which. None where nothing concerns any.
    case files(Set<FileName>)
    /// It cannot be told which: all that are there, and those that were.
    case all
  }

  /// For epoll(7): readable when something has changed.
  public let descriptor: Int32
  /// The directory, its parent, and so on up to the root.
  private let line: [String]
  private var aim: Aim?

  private struct Aim {
    /// inotify's number for it.
    let watch: Int32
    /// What must come into it next; nil where it is the directory itself.
    let awaited: FileName?
  }

  /// Looks from now on: read all files after this, not before.
  ///
  /// - Throws: ``Unreadable`` where the kernel lets nobody watch.
  public init(_ files: StatusFiles) throws(Unreadable) {
    line = Self.line(from: files.directory)
    descriptor = dlmguard_changes()
    guard descriptor >= 0 else { throw Unreadable(files.directory, descriptor) }
    if let failure = takeAim() { throw failure }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// What has changed since the last call. Never waits. Worth a call now and then even if nothing is
  /// readable: where the kernel had no watch left, one may be free by now.
  public func changes() -> Change {
    var files: Set<FileName> = []
    var isAll = aim == nil
    for change in DirectoryChange.next(descriptor) {
      switch change.what {
      case .missed: isAll = true
      case _ where change.watch != aim?.watch: break  // of what was watched before
      case .entry(let name):
        if let awaited = aim?.awaited {
          guard name == awaited else { break }
          isAll = true
          _ = takeAim()
        } else if StatusFiles.isStatus(name) {
          files.insert(name)
        }
      case .ended:
        isAll = true
        _ = takeAim()
      }
    }
    if aim == nil { _ = takeAim() }
    return isAll ? .all : .files(files)
  }

  /// Watches the directory, or the nearest above it that is there, and nothing else; why not, where not
  /// even the root can be watched.
  private func takeAim() -> Unreadable? {
    // What lies below may come just before what lies above is watched: then once more. Without an
    // end for what is there and cannot be watched, because it is no directory.
    for _ in 0..<8 {
      if let aim { _ = dlmguard_unwatch_directory(descriptor, aim.watch) }
      aim = nil
      var depth = 0
      var result = watch(depth)
      while result < 0, depth < line.count - 1 {
        depth += 1
        result = watch(depth)
      }
      guard result >= 0 else { return Unreadable(line[depth], result) }
      guard depth > 0 else {
        aim = Aim(watch: result, awaited: nil)
        return nil
      }
      let next = line[depth - 1]
      aim = Aim(watch: result, awaited: FileName(String(next.split(separator: "/").last ?? "")))
      if access(next, F_OK) != 0 { return nil }
    }
    return nil
  }

  private func watch(_ depth: Int) -> Int32 {
    let changes =
      depth == 0 ? DLMGUARD_MOVED_IN | DLMGUARD_REMOVED : DLMGUARD_MOVED_IN | DLMGUARD_CREATED
    return dlmguard_watch_directory(descriptor, line[depth], UInt32(changes))
  }

  private static func line(from directory: String) -> [String] {
    let parts = directory.split(separator: "/")
    return (0...parts.count).map { "/" + parts.dropLast($0).joined(separator: "/") }
  }
}
