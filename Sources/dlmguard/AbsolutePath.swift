import Glibc

/// Paths as the agent wants them: it has another working directory than the person who asks.
enum AbsolutePath {
  /// Nil for a relative path where there is no directory to start from. `.` and `..` stay: what
  /// they mean depends on symbolic links, which the agent follows.
  static func of(_ path: String, in directory: String?) -> String? {
    if path.hasPrefix("/") { return path }
    guard let directory else { return nil }
    return directory.hasSuffix("/") ? directory + path : "\(directory)/\(path)"
  }

  /// Nil where it has been removed.
  static var workingDirectory: String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    guard getcwd(&buffer, buffer.count) != nil else { return nil }
    return String(
      decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
