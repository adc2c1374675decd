/// One operation of one process on a lock: what the kernel says again with the operation's end
/// (`user_astparam`, include/uapi/linux/dlm_device.h).
///
/// It is not an address: nothing is ever read or called through it.
package struct OperationID: Hashable, Sendable {
  /// What the kernel is given in the place of an address.
  package let rawValue: UInt64

  package init(rawValue: UInt64) {
    self.rawValue = rawValue
  }
}

/// Gives out operation ids, none of them twice.
///
/// A lock's number cannot tell operations apart: since Linux 6.12 the number of a refused lock is given
/// to the next request before the refusal has been read (fs/dlm/user.c, `dlm_user_add_ast`, queues a
/// copy and keeps no reference to the lock).
package struct OperationIDs {
  private var next: UInt64

  /// Begins at random, so that a former process's ids are told from this one's, and above all
  /// addresses of a process, so that those of other programs are.
  package init(using random: inout some RandomNumberGenerator) {
    next = Self.aboveAddresses | UInt64.random(in: 0..<1 << 62, using: &random)
  }

  /// The next id. The range lasts for 2^62 of them.
  package mutating func make() -> OperationID {
    defer { next &+= 1 }
    return OperationID(rawValue: next)
  }

  /// No process has such an address on any machine that Linux runs on.
  private static let aboveAddresses: UInt64 = 1 << 63
}
