/// What the kernel shows of a lockspace to whoever looks, without a lock or a lockspace of its own.
public enum LockspaceView {
  /// The names that this node's processes hold, or wait for, in the lockspace: read from debugfs, also while
  /// the lockspace is stopped. Nil where debugfs is not mounted, or may not be read. Any thread.
  public static func names(of lockspace: String) -> [String]? {
    KernelTable(of: lockspace)?.entries.map(\.name)
  }
}
