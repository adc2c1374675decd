import CLinux
import Glibc

/// The kernel's own word on a lockspace (`dlm_attrs` in fs/dlm/lockspace.c).
enum LockspaceStatus {
  /// Reads it; never waits for a recovery.
  ///
  /// - Parameter directory: where sysfs has the lockspaces.
  static func read(_ lockspace: String, in directory: String = "/sys/kernel/dlm") -> LockspaceSight
  {
    let path = "\(directory)/\(lockspace)/recover_status"
    var bytes = [UInt8](repeating: 0, count: 32)
    let count = dlmguard_read_file(path, &bytes, bytes.count)
    guard count >= 0 else {
      // A lockspace that goes while it is read gives ENODEV: the next look finds no file.
      return count == -Int(ENOENT)
        ? .absent : .unreadable("\(path): \(String(cString: dlmguard_error_text(Int32(-count))))")
    }
    let text = String(decoding: bytes.prefix(count), as: UTF8.self)
    return sight(text) ?? .unreadable("\(path) does not hold a number")
  }

  /// The status in hexadecimal: no bit at all while it is stopped, more and more of them on the way,
  /// and `DLM_RS_DONE` (fs/dlm/dlm_internal.h) when locks are granted.
  static func sight(_ text: String) -> LockspaceSight? {
    guard let line = text.split(separator: "\n").first, let status = UInt32(line, radix: 16) else {
      return nil
    }
    return status & 0x40 != 0 ? .running : .stopped(nil)
  }
}
