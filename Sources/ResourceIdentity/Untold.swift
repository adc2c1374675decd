import CLinux
import Glibc
import LockModel

/// Why a resource has no footprint.
enum Untold: Error {
  /// There is nothing (yet).
  case absent
  /// It could not be told; why, for a person to read.
  case failed(String)

  /// By the errno of a call on the resource itself.
  init(errno: Int32) {
    self =
      errno == ENOENT || errno == ENOTDIR
      ? .absent : .failed("the kernel says: \(String(cString: dlmguard_error_text(errno)))")
  }

  var result: Identification.Result {
    switch self {
    case .absent: .absent
    case .failed(let reason): .failed(reason)
    }
  }
}
