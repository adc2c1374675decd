import CLibDLM
import CLinux
import Glibc
import LockModel

/// The locks of one lockspace, on the engine's thread: submits operations, and hears how they end.
final class KernelLocks {
  typealias Completion = LockEngine.Completion

  let lockspace: Lockspace
  private let losses: LossReport
  private(set) var locks: [LockID: KernelLock] = [:]
  /// By the kernel's numbers, of those that it has.
  private var numbered: [UInt32: KernelLock] = [:]
  /// The lockspace is closed.
  var hasEnded = false
  /// How many ids were given out from the other end of the numbers.
  private var strangers: UInt64 = 0

  init(_ lockspace: Lockspace, _ losses: LossReport) {
    self.lockspace = lockspace
    self.losses = losses
  }

  // MARK: - Operations

  func request(
    _ id: LockID, _ resource: ResourceName, _ mode: LockMode, _ options: LockOptions,
    _ then: @escaping Completion
  ) {
    let lock = KernelLock(id, resource)
    locks[id] = lock
    begin(lock, .request(mode), then) {
      _ = lock.prepareBlock(for: .read, nil)
      let error = lockspace.request(lock, mode, Self.flags(options) | UInt32(LKF_VALBLK))
      if error == 0 { numbered[lock.number] = lock }
      return error
    }
  }

  func convert(
    _ id: LockID, _ mode: LockMode, _ options: LockOptions, _ value: LockValue?,
    _ then: @escaping Completion
  ) {
    guard let (lock, granted) = idle(id, then) else { return }
    begin(lock, .conversion(mode), then) {
      let transfer = ValueTransfer(from: granted, to: mode)
      let block = lock.prepareBlock(for: transfer, value) ? UInt32(LKF_VALBLK) : 0
      return lockspace.convert(lock, mode, Self.flags(options) | block)
    }
  }

  func cancel(_ id: LockID) {
    guard let lock = locks[id] else { return }
    switch lock.pending?.kind {
    // The completion comes as for any operation; none comes where it was granted first.
    case .request, .conversion: _ = lockspace.unlock(lock, UInt32(LKF_CANCEL))
    case .reassertion, .releaseOfWriter, .release, nil: break
    }
  }

  func unlock(_ id: LockID, _ value: LockValue?, _ then: @escaping Completion) {
    guard let (lock, granted) = idle(id, then) else { return }
    guard granted.writesValue else {
      return begin(lock, .release, then) { lockspace.unlock(lock) }
    }
    begin(lock, .releaseOfWriter, then) {
      let block = lock.prepareBlock(for: .write, value) ? UInt32(LKF_VALBLK) : 0
      return lockspace.convert(lock, .nl, block)
    }
  }

  /// - Parameter retry: what to do where nothing is there yet, but a former process may still be
  ///   dying: its locks are no orphans before it is gone.
  func adopt(
    _ id: LockID, _ resource: ResourceName, _ mode: LockMode,
    _ then: @escaping @Sendable (Adoption) -> Void, retry: () -> Void
  ) {
    switch adopt(id, resource, mode) {
    case 0: then(.adopted(id))
    case EAGAIN: then(.otherMode)
    default: lockspace.isStopped ? retry() : then(.nothing)
    }
  }

  private func adopt(_ id: LockID, _ resource: ResourceName, _ mode: LockMode) -> Int32 {
    let lock = KernelLock(id, resource)
    _ = lock.prepareBlock(for: .none, nil)
    let error = lockspace.adopt(lock, mode)
    guard error == 0 else { return error }
    locks[id] = lock
    numbered[lock.number] = lock
    lock.granted = mode
    return 0
  }

  /// Of those that no record explains; nil where it is a living process's after all.
  func adoptStranger(_ resource: ResourceName, _ mode: LockMode) -> LockID? {
    strangers += 1
    let id = LockID(number: UInt64.max - strangers)
    return adopt(id, resource, mode) == 0 ? id : nil
  }

  private static func flags(_ options: LockOptions) -> UInt32 {
    (options.contains(.noQueue) ? UInt32(LKF_NOQUEUE) : 0)
      | (options.contains(.queueConversion) ? UInt32(LKF_QUECVT) : 0)
      | (options.contains(.expedite) ? UInt32(LKF_EXPEDITE) : 0)
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

  private func begin(
    _ lock: KernelLock, _ kind: KernelLock.Pending.Kind, _ then: @escaping Completion,
    submit: () -> Int32
  ) {
    lock.pending = KernelLock.Pending(kind: kind, then: then)
    let error = submit()
    guard error == 0 else { return rejected(lock, error) }
    // A conversion to less needs nobody's leave (`down_conversion` in fs/dlm/lock.c), so the release
    // need not wait to be told that it is done.
    if kind == .releaseOfWriter, lockspace.unlock(lock) == 0 {
      lock.pending?.kind = .release
    }
  }

  /// The kernel did not take the operation.
  private func rejected(_ lock: KernelLock, _ error: Int32) {
    switch error {
    case ENOENT:
      finish(lock, .unknownLock, isGone: true)
      // A lock that was granted, and that nobody gave back.
      if lock.granted != nil { report(lock, "the kernel knows it no more") }
    case EBUSY: finish(lock, .busy, isGone: lock.granted == nil)
    case EINVAL: finish(lock, .invalid, isGone: lock.granted == nil)
    default: finish(lock, .failed(errno: error), isGone: lock.granted == nil)
    }
  }

  /// What the kernel says. Nothing is done where somebody waits for what is held: an owner's locks live
  /// as long as its process.
  func take(_ news: dlmguard_lock_news) {
    guard news.blocking == 0, let lock = numbered[news.number] else { return }
    guard lock.isAnswered(by: news), let pending = lock.pending else {
      return completedUnasked(lock, news.status)
    }
    lock.take(news)
    completed(lock, pending, news.status)
  }

  /// The kernel has ended an operation, or the lock.
  private func completed(_ lock: KernelLock, _ pending: KernelLock.Pending, _ status: Int32) {
    switch (pending.kind, status) {
    case (.release, 0):
      // Of the conversion before it.
      lock.granted = .nl
    case (.releaseOfWriter, 0):
      lock.granted = .nl
      let error = lockspace.unlock(lock)
      if error == 0 { lock.pending?.kind = .release } else { rejected(lock, error) }
    case (.request(let mode), 0), (.conversion(let mode), 0):
      let value = lock.takeBlock(of: ValueTransfer(from: lock.granted, to: mode))
      lock.granted = mode
      finish(lock, .granted(value), isGone: false)
    case (.reassertion, 0): finish(lock, .granted(nil), isGone: false)
    case (.reassertion, EAGAIN):
      finish(lock, .refused, isGone: true)
      report(lock, "another program of this node has weakened it, and somebody else has it now")
    case (.release, EUNLOCK): finish(lock, .released, isGone: true)
    case (_, EUNLOCK):
      finish(lock, .unknownLock, isGone: true)
      if lock.granted != nil { report(lock, "the kernel released it unasked") }
    case (_, EAGAIN): finish(lock, .refused, isGone: lock.granted == nil)
    case (_, ECANCEL): finish(lock, .cancelled, isGone: lock.granted == nil)
    case (_, EDEADLK): finish(lock, .deadlock, isGone: lock.granted == nil)
    case (_, EINVAL): finish(lock, .invalid, isGone: lock.granted == nil)
    default: finish(lock, .failed(errno: status), isGone: lock.granted == nil)
    }
  }

  /// Somebody has used the lock by its number, through a descriptor of their own: the kernel lets any
  /// process of root, and tells this one of the end (fs/dlm/user.c, `dlm_user_unlock`).
  private func completedUnasked(_ lock: KernelLock, _ status: Int32) {
    guard let granted = lock.granted else { return }
    if status == EUNLOCK {
      if lock.pending != nil { finish(lock, .unknownLock, isGone: true) } else { forget(lock) }
      return report(lock, "another program of this node has released it")
    }
    // It may have another mode by now, or another value: the same as before is asked for again, which
    // costs nothing where it is still held.
    guard lock.pending == nil else { return }
    begin(lock, .reassertion, { _ in }) {
      let transfer = ValueTransfer(from: granted, to: granted)
      let block = lock.prepareBlock(for: transfer, nil) ? UInt32(LKF_VALBLK) : 0
      return lockspace.convert(lock, granted, UInt32(LKF_NOQUEUE) | block)
    }
  }

  private func finish(_ lock: KernelLock, _ outcome: LockOutcome, isGone: Bool) {
    let then = lock.pending?.then
    lock.pending = nil
    if isGone { forget(lock) }
    then?(outcome)
  }

  func forget(_ lock: KernelLock) {
    locks[lock.id] = nil
    // The kernel may have given the number to another one already.
    if numbered[lock.number] === lock { numbered[lock.number] = nil }
  }

  func report(_ lock: KernelLock, _ reason: String) {
    losses(LockLoss(lock: lock.id, resource: lock.resource, reason: reason))
  }

  var all: [LockRecord] {
    locks.values.map { lock in
      let requested: LockMode? =
        switch lock.pending?.kind {
        case .request(let mode), .conversion(let mode): mode
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
