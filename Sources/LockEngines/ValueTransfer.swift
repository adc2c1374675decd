import LockModel

/// What a change of mode does with the lock value block (fs/dlm/lock.c, `dlm_lvb_operations`).
public enum ValueTransfer: Hashable, Sendable {
  /// The requester is given the block.
  case read
  /// The requester's bytes become the block, if it gave any.
  case write
  /// The block is neither read nor written.
  case none

  /// - Parameter from: nil for a new lock.
  public init(from: LockMode?, to: LockMode) {
    guard let from else {
      self = .read
      return
    }
    // By the kernel's numbers, not by what covers what: PR to CW neither reads nor writes.
    if to.rawValue > from.rawValue {
      self = .read
    } else if from.writesValue {
      self = .write
    } else {
      self = to == from ? .read : .none
    }
  }
}

extension LockMode {
  /// Whether a lock in this mode writes the block when it is weakened, repeated or released
  /// (fs/dlm/lock.c, `set_lvb_unlock`).
  public var writesValue: Bool { self == .pw || self == .ex }
}
