import CLinux

/// Something that happened in a directory (inotify(7)).
struct DirectoryChange: Hashable {
  enum What: Hashable {
    /// To what has that name there.
    case entry(FileName)
    /// The directory itself is gone, or has another name: nothing more comes of it.
    case ended
    /// More than the kernel kept, in any directory.
    case missed
  }

  /// inotify's number for the directory.
  let watch: Int32
  let what: What

  /// What has happened since the last call, in order. Never waits.
  static func next(_ descriptor: Int32) -> [DirectoryChange] {
    var changes: [DirectoryChange] = []
    var some = [dlmguard_change](repeating: dlmguard_change(), count: 64)
    while true {
      let count = dlmguard_next_changes(descriptor, &some, Int32(some.count))
      guard count > 0 else { return changes }
      changes += some.prefix(Int(count)).map { Self($0) }
    }
  }

  private init(_ change: dlmguard_change) {
    watch = change.watch
    what =
      switch Int(change.what) {
      case DLMGUARD_MISSED: .missed
      case DLMGUARD_ENDED: .ended
      default: withUnsafeBytes(of: change.name) { .entry(FileName($0)) }
      }
  }
}
