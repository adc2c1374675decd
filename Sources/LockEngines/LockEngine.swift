import LockModel

/// What keeps locks: the kernel's lock manager, or a table in this process.
///
/// All operations may be called on any thread. Each answers through `then`, once, on any thread,
/// possibly before the call returns, and possibly never: while a kernel lockspace is stopped,
/// nothing is answered. At most one operation of one lock is under way; another is answered
/// ``LockOutcome/busy``. The rules of granting are those of fs/dlm/lock.c.
///
/// The value block is read with every grant that reads it (``ValueTransfer``) and written by an
/// operation that does, if a value is given; nil leaves the block as it is.
public protocol LockEngine: AnyObject, Sendable {
  /// Told once what became of an operation, on any thread.
  typealias Completion = @Sendable (LockOutcome) -> Void

  /// Asks for a new lock. The id is good for ``cancel(_:)`` at once, for the other operations once
  /// the lock is granted.
  func lock(
    _ resource: ResourceName, _ mode: LockMode, _ options: LockOptions, value: LockValue?,
    then: @escaping Completion
  ) -> LockID

  /// Asks to hold a lock in another mode.
  func convert(
    _ lock: LockID, to mode: LockMode, _ options: LockOptions, value: LockValue?,
    then: @escaping Completion)

  /// Withdraws the request or conversion that waits for a lock; it ends as
  /// ``LockOutcome/cancelled``, or as ``LockOutcome/granted(_:)`` if it was granted first. Has no
  /// completion of its own, and no effect where nothing waits: the kernel, too, returns 0 and
  /// reports nothing (`validate_unlock_args`, `dlm_unlock`). A request with ``LockOptions/noQueue``
  /// never waits, and is left to its own end.
  func cancel(_ lock: LockID)

  /// Gives a lock back. Not while a request for it waits: that is cancelled first.
  func unlock(_ lock: LockID, value: LockValue?, then: @escaping Completion)

  /// Takes over a lock that a former process of this node left behind in exactly that mode. One
  /// lock a call; a shared mode may have left several. Answers through `then`, as the others.
  func adopt(
    _ resource: ResourceName, _ mode: LockMode, then: @escaping @Sendable (Adoption) -> Void)

  /// Runs `begin`, which begins several operations, so that they are sent together: each by itself
  /// would cost a change of threads and a message of its own.
  func together(_ begin: () -> Void)

  /// Every lock of this process, for audits; a snapshot.
  func locks() -> [LockRecord]

  /// Has `report` told, on any thread, of every granted lock that turns out to be gone although
  /// nobody gave it back; the lock's id is unknown from then on. To be called once, before anything
  /// else. Never called by an engine whose locks cannot get lost.
  func onLoss(_ report: @escaping @Sendable (LockLoss) -> Void)
}

/// What became of an attempt to take over what a former process left.
public enum Adoption: Hashable, Sendable {
  /// It is this process's now, in the mode that was asked for.
  case adopted(LockID)
  /// What was left on the resource was left in another mode (`EAGAIN`).
  case otherMode
  /// Nothing was left on the resource (`ENOENT`): always with an engine whose locks die with the
  /// process.
  case nothing
}

/// A lock that is gone although nobody gave it back.
public struct LockLoss: Hashable, Sendable {
  /// Which lock; unknown to the engine by now.
  public let lock: LockID
  /// What it locked.
  public let resource: ResourceName
  /// How it came out, for a person.
  public let reason: String

  /// - Parameter reason: half a sentence, as "the kernel released it unasked".
  public init(lock: LockID, resource: ResourceName, reason: String) {
    self.lock = lock
    self.resource = resource
    self.reason = reason
  }
}

extension LockEngine {
  /// For an engine that gains nothing by it.
  public func together(_ begin: () -> Void) {
    begin()
  }

  /// The same without a value to write: the value block stays as it is.
  public func lock(
    _ resource: ResourceName, _ mode: LockMode, _ options: LockOptions = [],
    then: @escaping Completion
  ) -> LockID {
    lock(resource, mode, options, value: nil, then: then)
  }

  /// The same without a value to write: the value block stays as it is.
  public func convert(
    _ lock: LockID, to mode: LockMode, _ options: LockOptions = [], then: @escaping Completion
  ) {
    convert(lock, to: mode, options, value: nil, then: then)
  }

  /// The same without a value to write: the value block stays as it is.
  public func unlock(_ lock: LockID, then: @escaping Completion) {
    unlock(lock, value: nil, then: then)
  }
}
