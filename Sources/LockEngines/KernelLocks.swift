import CLibDLM
import Glibc
import LockModel

/// The locks of one lockspace: submits operations, and takes in how they end.
///
/// An operation is known again by its ``OperationID`` alone. A lock's number is used for what a lock
/// that is certainly in the kernel is asked for, and to find the lock that another program has used.
/// Used by one thread.
package final class KernelLocks<Device: LockDevice> {
  package typealias Completion = LockEngine.Completion

  package let device: Device
  private let losses: LossReport
  package private(set) var locks: [LockID: KernelLock] = [:]
  private var operations: [OperationID: KernelLock] = [:]
  private var operationIDs: OperationIDs
  /// The lock to which the kernel last gave each number, while it is not known to have ended.
  private var numbered: [KernelNumber: KernelLock] = [:]
  /// The lockspace is closed.
  var hasEnded = false
  /// How many ids were given out from the other end of the numbers.
  private var strangers: UInt64 = 0

  package init(
    _ device: Device, _ losses: LossReport, using random: inout some RandomNumberGenerator
  ) {
    self.device = device
    self.losses = losses
    operationIDs = OperationIDs(using: &random)
  }

  // MARK: - Operations

  package func request(
    _ id: LockID, _ resource: ResourceName, _ mode: LockMode, _ options: LockOptions,
    _ then: @escaping Completion
  ) {
    let lock = KernelLock(id, resource)
    locks[id] = lock
    begin(lock, .request(mode, mayWait: !options.contains(.noQueue)), block: LockValue.none, then) {
      operation throws(SubmissionError) in
      let number = try device.request(resource, mode, options, block: .none, operation)
      assign(number, to: lock)
    }
  }

  package func convert(
    _ id: LockID, _ mode: LockMode, _ options: LockOptions, _ value: LockValue?,
    _ then: @escaping Completion
  ) {
    guard let (lock, granted) = idle(id, then) else { return }
    let block = lock.block(for: ValueTransfer(from: granted, to: mode), value)
    begin(lock, .conversion(mode), block: block, then) { operation throws(SubmissionError) in
      try device.convert(lock.number, to: mode, options, block: block, operation)
    }
  }

  package func cancel(_ id: LockID) {
    guard let lock = locks[id], let pending = lock.pending else { return }
    switch pending.kind {
    // The completion arrives as for any operation; there is none where it was granted first.
    case .request(_, mayWait: true), .conversion: try? device.cancel(lock.number, pending.operation)
    // A request that may not wait ends by itself, and another lock may have its number before that is
    // read: that lock would be cancelled.
    case .request(_, mayWait: false): break
    case .reassertion, .releaseOfWriter, .release: break
    }
  }

  package func unlock(_ id: LockID, _ value: LockValue?, _ then: @escaping Completion) {
    guard let (lock, granted) = idle(id, then) else { return }
    guard granted.writesValue else {
      return begin(lock, .release, block: nil, then) { operation throws(SubmissionError) in
        try device.unlock(lock.number, operation)
      }
    }
    let block = lock.block(for: .write, value)
    begin(lock, .releaseOfWriter, block: block, then) { operation throws(SubmissionError) in
      try device.convert(lock.number, to: .nl, [], block: block, operation)
    }
    // A conversion to less is granted on this node (`down_conversion` in fs/dlm/lock.c), so the
    // release need not wait until its end is read.
    guard let pending = lock.pending, pending.kind == .releaseOfWriter else { return }
    if (try? device.unlock(lock.number, pending.operation)) != nil { lock.pending?.kind = .release }
  }

  /// - Parameter retry: what to do where nothing is there yet, but a former process may still be
  ///   dying: its locks are no orphans before it is gone.
  package func adopt(
    _ id: LockID, _ resource: ResourceName, _ mode: LockMode,
    _ then: @escaping @Sendable (Adoption) -> Void, retry: () -> Void
  ) {
    do throws(SubmissionError) {
      try adopt(id, resource, mode)
      then(.adopted(id))
    } catch {
      if error.errno == EAGAIN { return then(.otherMode) }
      device.isStopped ? retry() : then(.nothing)
    }
  }

  private func adopt(_ id: LockID, _ resource: ResourceName, _ mode: LockMode)
    throws(SubmissionError)
  {
    let number = try device.adopt(resource, mode)
    let lock = KernelLock(id, resource)
    locks[id] = lock
    lock.granted = mode
    assign(number, to: lock)
  }

  /// Of those that no record explains; nil where it is a living process's after all.
  func adoptStranger(_ resource: ResourceName, _ mode: LockMode) -> LockID? {
    strangers += 1
    let id = LockID(number: UInt64.max - strangers)
    return (try? adopt(id, resource, mode)) != nil ? id : nil
  }

  /// A granted lock for which nothing is under way.
  private func idle(_ id: LockID, _ then: Completion) -> (KernelLock, LockMode)? {
    guard let lock = locks[id] else {
      then(.unknownLock)
      return nil
    }
    guard lock.pending == nil, let granted = lock.granted else {
      then(.busy)
      return nil
    }
    return (lock, granted)
  }

  // MARK: - How they begin and end

  func begin(
    _ lock: KernelLock, _ kind: KernelLock.Pending.Kind, block: LockValue?,
    _ then: @escaping Completion, submit: (OperationID) throws(SubmissionError) -> Void
  ) {
    let operation = operationIDs.make()
    lock.pending = KernelLock.Pending(operation: operation, kind: kind, block: block, then: then)
    operations[operation] = lock
    do throws(SubmissionError) {
      try submit(operation)
    } catch {
      rejected(lock, error)
    }
  }

  /// The kernel has given a number to a lock. Whichever lock had it before has left the kernel.
  private func assign(_ number: KernelNumber, to lock: KernelLock) {
    let former = numbered[number]
    lock.number = number
    numbered[number] = lock
    guard let former, former !== lock, former.granted != nil else { return }
    switch former.pending?.kind {
    // Its end is on the way.
    case .release, .releaseOfWriter: break
    case .request, .conversion, .reassertion, nil:
      finish(former, .unknownLock, isGone: true)
      report(former, Self.releasedByAnother)
    }
  }

  /// The kernel did not take the operation.
  func rejected(_ lock: KernelLock, _ error: SubmissionError) {
    switch error.errno {
    case ENOENT:
      finish(lock, .unknownLock, isGone: true)
      // A lock that was granted and has not been given back.
      if lock.granted != nil { report(lock, "the kernel does not have it any more") }
    case EBUSY:
      // Another program's conversion of the lock waits: its end ends this, too.
      if case .reassertion? = lock.pending?.kind { return }
      finish(lock, .busy, isGone: lock.granted == nil)
    case EINVAL: finish(lock, .invalid, isGone: lock.granted == nil)
    case let errno: finish(lock, .failed(errno: errno), isGone: lock.granted == nil)
    }
  }

  /// Takes in all that the kernel reports.
  package func takeNews() {
    while let news = device.nextNews() { take(news) }
  }

  /// Takes in one report of the kernel. Nothing is done where another lock waits for one that is
  /// held: an owner's locks live as long as its process.
  package func take(_ news: LockNews) {
    guard !news.isBlocking else { return }
    if let lock = operations[news.operation], let pending = lock.pending {
      return completed(lock, pending, news)
    }
    // An id of this process that answers nothing is no better than another's: a program that submits
    // none leaves the last one in place (fs/dlm/user.c, `dlm_user_unlock`).
    guard let lock = numbered[news.number] else { return }
    usedByAnother(lock)
  }

  /// The kernel has ended an operation, or the lock.
  private func completed(_ lock: KernelLock, _ pending: KernelLock.Pending, _ news: LockNews) {
    switch (pending.kind, news.status) {
    case (.release, 0):
      // Of the conversion before it.
      lock.granted = .nl
    case (.releaseOfWriter, 0):
      lock.granted = .nl
      lock.pending?.kind = .release
      do throws(SubmissionError) {
        try device.unlock(lock.number, pending.operation)
      } catch {
        rejected(lock, error)
      }
    case (.request, 0) where numbered[lock.number] !== lock:
      // Granted, and released by another program before this was read.
      finish(lock, .unknownLock, isGone: true)
    case (.request(let mode, _), 0), (.conversion(let mode), 0):
      let transfer = ValueTransfer(from: lock.granted, to: mode)
      let value = lock.takeBlock(of: transfer, sent: pending.block, news)
      lock.granted = mode
      finish(lock, .granted(value), isGone: false)
    case (.reassertion, 0): finish(lock, .granted(nil), isGone: false)
    case (.reassertion, EAGAIN):
      finish(lock, .refused, isGone: true)
      report(lock, "another program of this node has weakened it, and another lock excludes it now")
    case (.release, EUNLOCK): finish(lock, .released, isGone: true)
    case (_, EUNLOCK):
      finish(lock, .unknownLock, isGone: true)
      if lock.granted != nil { report(lock, "the kernel has released it") }
    case (_, EAGAIN): finish(lock, .refused, isGone: lock.granted == nil)
    case (_, ECANCEL): finish(lock, .cancelled, isGone: lock.granted == nil)
    case (_, EDEADLK): finish(lock, .deadlock, isGone: lock.granted == nil)
    case (_, EINVAL): finish(lock, .invalid, isGone: lock.granted == nil)
    case (_, let errno): finish(lock, .failed(errno: errno), isGone: lock.granted == nil)
    }
  }

  func finish(_ lock: KernelLock, _ outcome: LockOutcome, isGone: Bool) {
    let pending = lock.pending
    lock.pending = nil
    if let pending { operations[pending.operation] = nil }
    if isGone { forget(lock) }
    pending?.then(outcome)
  }

  func forget(_ lock: KernelLock) {
    if let pending = lock.pending { operations[pending.operation] = nil }
    locks[lock.id] = nil
    // The kernel may have given the number to another one already.
    if numbered[lock.number] === lock { numbered[lock.number] = nil }
  }

  func report(_ lock: KernelLock, _ reason: String) {
    losses(LockLoss(lock: lock.id, resource: lock.resource, reason: reason))
  }

  package var all: [LockRecord] {
    locks.values.map { lock in
      let requested: LockMode? =
        switch lock.pending?.kind {
        case .request(let mode, _), .conversion(let mode): mode
        case .releaseOfWriter, .release: .nl
        case .reassertion: lock.granted
        case nil: nil
        }
      return LockRecord(
        lock: lock.id, resource: lock.resource, granted: lock.granted, requested: requested,
        queue: lock.granted == nil ? .waiting : requested == nil ? .granted : .converting)
    }
  }
}
