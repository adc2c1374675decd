/// A directory that the administrator says is the same on several nodes: what lies below it is known
/// by the storage's name and the path below that directory, wherever a node mounts it.
public struct Storage: Hashable, Sendable {
  /// The same on every node.
  public let name: String
  /// Where it is on this node.
  public let path: String

  /// - Parameter path: absolute; a symlink or a bind mount of it leads to the same storage.
  public init(name: String, path: String) {
    self.name = name
    self.path = path
  }

  /// Where a file lies below the storage's directory; nil where it does not.
  ///
  /// - Parameter file: where it is in its filesystem, however it was reached.
  func position(of file: Mounts.Place, in mounts: Mounts) -> String? {
    // It may hang, and concern nobody who looks elsewhere.
    guard !mounts.isElsewhere(path, than: file.device) else { return nil }
    guard let root = mounts.place(of: path), root.device == file.device else { return nil }
    if file.path == root.path { return "." }
    let prefix = root.path == "/" ? "/" : root.path + "/"
    guard file.path.hasPrefix(prefix) else { return nil }
    return String(file.path.dropFirst(prefix.count))
  }
}
