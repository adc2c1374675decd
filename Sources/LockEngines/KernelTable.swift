import CLinux
import Glibc
import LockModel

/// A lockspace's locks as the kernel shows them in debugfs
/// (`/sys/kernel/debug/dlm/LOCKSPACE_locks`, fs/dlm/debug_fs.c, `print_format2`): the only way to see
/// what there is without asking for it. It is readable even while the lockspace is stopped.
package struct KernelTable {
  package struct Entry: Equatable {
    package let number: KernelNumber
    /// Nil while a new request waits.
    package let granted: LockMode?
    package let name: String

    package init(number: KernelNumber, granted: LockMode?, name: String) {
      self.number = number
      self.granted = granted
      self.name = name
    }
  }

  /// The locks of this node's processes; not those of other nodes that this node is master of.
  package let entries: [Entry]

  package init(entries: [Entry]) {
    self.entries = entries
  }

  /// How often the table is read before a lock that is not in it counts as gone.
  static let readings = 3

  /// Nil where debugfs is not mounted, or may not be read.
  init?(of lockspace: String) {
    let path = "/sys/kernel/debug/dlm/\(lockspace)_locks"
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = dlmguard_read_file(path, &bytes, bytes.count)
      guard count >= 0 else { return nil }
      if count < bytes.count {
        self.init(text: bytes[..<count])
        return
      }
      bytes = [UInt8](repeating: 0, count: bytes.count * 4)
    }
  }

  /// Reads lines of `id nodeid remid pid xid exflags flags sts grmode rqmode time r_nodeid r_len
  /// "name"`; the first, and any other that is none, is skipped.
  init(text: some BidirectionalCollection<UInt8>) {
    entries = text.split(separator: UInt8(ascii: "\n")).compactMap { Self.entry($0) }
  }

  private static func entry(_ line: some BidirectionalCollection<UInt8>) -> Entry? {
    let fields = line.split(
      separator: UInt8(ascii: " "), maxSplits: 13, omittingEmptySubsequences: true)
    guard fields.count == 14, fields[13].count >= 2,
      fields[13].first == UInt8(ascii: "\""), fields[13].last == UInt8(ascii: "\""),
      let number = UInt32(String(decoding: fields[0], as: UTF8.self), radix: 16),
      let flags = UInt32(String(decoding: fields[6], as: UTF8.self), radix: 16),
      let granted = Int8(String(decoding: fields[8], as: UTF8.self))
    else { return nil }
    guard flags & masterCopy == 0 else { return nil }
    return Entry(
      number: number, granted: UInt8(exactly: granted).flatMap { LockMode(rawValue: $0) },
      name: String(decoding: fields[13].dropFirst().dropLast(), as: UTF8.self))
  }

  /// fs/dlm/dlm_internal.h, `DLM_IFL_MSTCPY`.
  private static let masterCopy: UInt32 = 0x10000
}
