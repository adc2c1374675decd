import LockModel

/// One lock in the kernel, as this process knows it. Touched on the engine's thread only.
package final class KernelLock {
  /// An operation that the kernel has taken and whose end has not been read.
  struct Pending {
    enum Kind: Equatable {
      case request(LockMode, mayWait: Bool)
      case conversion(LockMode)
      /// The conversion to NL that goes before the release of a writer's lock.
      case releaseOfWriter
      case release
      /// The same mode again, because another program has used the lock.
      case reassertion(LockMode)
    }

    /// The same for all that is submitted for the operation, its cancellation too: the kernel says
    /// the last one again (fs/dlm/user.c, `ua->castparam`).
    let operation: OperationID
    var kind: Kind
    /// The value block that was sent; nil if none was (no `DLM_LKF_VALBLK`).
    var block: LockValue?
    let then: LockEngine.Completion
  }

  package let id: LockID
  package let resource: ResourceName
  /// The kernel's number, once the request has been sent. Another lock may have it as soon as this
  /// one has ended, which may be before that is read.
  package internal(set) var number: KernelNumber = 0
  /// Nil until a new request is granted.
  package internal(set) var granted: LockMode?
  var pending: Pending?
  /// The value block as this lock last read or wrote it; nil where it never did. While the lock is a
  /// writer's, no other lock can have changed it.
  private var known: LockValue?

  init(_ id: LockID, _ resource: ResourceName) {
    self.id = id
    self.resource = resource
  }

  // MARK: - The value block

  /// What to send with an operation. Nil for one that writes without knowing what is written: it
  /// would overwrite that.
  func block(for transfer: ValueTransfer, _ value: LockValue?) -> LockValue? {
    switch transfer {
    case .write: value ?? known
    case .read: LockValue.none
    case .none: known ?? LockValue.none
    }
  }

  /// What a granted operation has read, for its caller; and what is known from now on.
  func takeBlock(of transfer: ValueTransfer, sent: LockValue?, _ news: LockNews) -> LockValue? {
    switch transfer {
    case .none: return nil
    case .write:
      if let sent { known = sent }
      return nil
    case .read:
      let read = news.isValueValid ? news.value ?? .none : .none
      known = read
      return read == .none ? nil : read
    }
  }
}
