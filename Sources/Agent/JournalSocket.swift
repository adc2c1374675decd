import CLinux
import Glibc

/// The journal's own socket, at which an entry has fields of its own beside its line
/// (systemd.io/JOURNAL_NATIVE_PROTOCOL): `journalctl DLMGUARD_DOMAIN=web01`.
struct JournalSocket: Sendable {
  /// Where it is unless a test says otherwise.
  static let path = "/run/systemd/journal/socket"

  private let path: String

  init(path: String = JournalSocket.path) {
    self.path = path
  }

  /// Sends one entry, without waiting. Any thread.
  ///
  /// - Returns: false where the journal does not take it: then its line can still go another way.
  func send(_ fields: [(name: String, value: String)]) -> Bool {
    var entry: [UInt8] = []
    for (name, value) in fields {
      entry += name.utf8
      let bytes = Array(value.utf8)
      if bytes.contains(0x0a) {
        // What has lines of its own has its length before it.
        entry.append(0x0a)
        withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { entry += $0 }
      } else {
        entry.append(UInt8(ascii: "="))
      }
      entry += bytes
      entry.append(0x0a)
    }
    return dlmguard_notify(path, entry, entry.count) == 0
  }
}
