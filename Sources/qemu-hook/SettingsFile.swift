import AgentAPI
import Glibc
import LockModel

/// The configuration file on disk.
enum SettingsFile {
  struct Unusable: Error {
    /// What is wrong with it, naming the file.
    let problem: String
  }

  /// Far above any real one, in bytes.
  private static let maximumLength = 1 << 20

  /// Where it is. libvirt gives its hooks an environment of its own making, so only tests can
  /// move it.
  static var path: String {
    getenv("DLMGUARD_CONFIG").map { String(cString: $0) } ?? HookSettings.defaultFile
  }

  /// The hook's settings: the defaults where there is no file.
  static func read() throws(Unusable) -> HookSettings {
    let path = path
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      if errno == ENOENT { return HookSettings() }
      throw Unusable(problem: "\(path) cannot be read (\(String(cString: strerror(errno))))")
    }
    defer { close(file) }
    let bytes = readAll(file, limit: maximumLength)
    guard bytes.count <= maximumLength else {
      throw Unusable(problem: "\(path) is longer than \(maximumLength >> 20) MiB")
    }
    do throws(HookSettings.Problem) {
      return try HookSettings(text: String(decoding: bytes, as: UTF8.self))
    } catch {
      throw Unusable(problem: "\(path), \(error)")
    }
  }
}
