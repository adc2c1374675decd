import CLinux

/// Something that the kernel refused, in words.
struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was attempted: `create the directory /run/dlmguard`.
  let attempt: String
  let errno: Int32

  var description: String {
    "cannot \(attempt): \(String(cString: dlmguard_error_text(errno)))"
  }

  /// Passes on what a call of CLinux answered.
  ///
  /// - Throws: ``SystemError`` where that was -errno.
  @discardableResult
  static func check(_ attempt: @autoclosure () -> String, _ result: Int32) throws(SystemError)
    -> Int32
  {
    guard result >= 0 else { throw SystemError(attempt: attempt(), errno: -result) }
    return result
  }
}
