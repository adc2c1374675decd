import CLinux

/// The system did not say what there is: which is not the same as nothing being there.
public struct Unreadable: Error, Hashable, Sendable, CustomStringConvertible {
  /// What could not be read. May hold a name that others chose.
  public let path: String
  /// Why not, for a person.
  public let reason: String

  init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }

  /// - Parameter result: a negative errno.
  init(_ path: String, _ result: some BinaryInteger) {
    self.init(
      path: path, reason: String(cString: dlmguard_error_text(Int32(clamping: -Int(result)))))
  }

  /// What could not be read and why, for a person.
  public var description: String { "cannot read \(path): \(reason)" }
}
