import CLinux
import Dispatch
import Glibc
import LockModel
import Synchronization

/// Locks of the Linux kernel's distributed lock manager: they guard the domains of a cluster against
/// each other, and outlive this process.
///
/// One thread of its own does everything with the lockspace, because everything may block there
/// without end (``Lockspace``); operations are handed to it and answered on it. While the lockspace
/// is stopped nothing is answered, and what is granted later is still answered.
public final class KernelEngine: LockEngine {
  typealias Task = @Sendable (KernelLocks<Lockspace>) -> Void

  private struct Queue {
    var tasks: [Task] = []
    /// Calls of ``KernelEngine/together(_:)`` under way: the bell waits for their end.
    var gatherings = 0
    /// From then on nothing is done and nothing answered.
    var hasEnded = false
  }

  private let queue = Mutex(Queue())
  private let lastNumber = Atomic<UInt64>(0)
  /// Readable when a task waits.
  private let bell: Int32
  private let losses = LossReport()
  /// For the engine's thread, which takes them at its beginning and alone touches them from then on.
  private let handedOver: Mutex<KernelLocks<Lockspace>?>

  /// Takes the lockspace over; what a former process has left there is to be adopted.
  ///
  /// - Throws: ``Lockspace/Unavailable`` where the kernel has no descriptor left.
  public init(_ lockspace: sending Lockspace) throws(Lockspace.Unavailable) {
    bell = dlmguard_eventfd()
    guard bell >= 0 else {
      throw Lockspace.Unavailable(
        description: "cannot wait for the lockspace \(Quoted(lockspace.name)): "
          + String(cString: dlmguard_error_text(-bell)))
    }
    var random = SystemRandomNumberGenerator()
    handedOver = Mutex(KernelLocks(lockspace, losses, using: &random))
    DispatchQueue(label: "dlmguard.dlm").async { [self] in run() }
  }

  private func run() {
    guard let locks = handedOver.withLock({ $0.take() }) else { return }
    // A batch goes to the other nodes in one piece only if nobody runs in the middle of it: the kernel's
    // senders wake with the first operation, and on the same processor they would take turns with this
    // thread, one message at a time. And a guest that uses up the processors must not keep locks waiting.
    // Where that is not allowed all works, and takes longer.
    _ = dlmguard_set_urgent(true)
    defer { _ = dlmguard_set_urgent(false) }
    while true {
      var ready = [
        pollfd(fd: bell, events: Int16(POLLIN), revents: 0),
        pollfd(fd: locks.device.descriptor, events: Int16(POLLIN), revents: 0),
      ]
      poll(&ready, nfds_t(ready.count), -1)
      if ready[0].revents != 0 { dlmguard_eventfd_clear(bell) }
      if ready[1].revents != 0 { locks.takeNews() }
      let tasks = queue.withLock { queue in
        defer { queue.tasks = [] }
        return queue.tasks
      }
      for task in tasks {
        task(locks)
        // The descriptor's number may be another file's by now.
        if locks.hasEnded {
          Glibc.close(bell)
          return
        }
      }
    }
  }

  /// Runs something on the engine's thread, after what was asked for before.
  ///
  /// - Returns: false where the engine has ended, and it will never run.
  @discardableResult
  func perform(_ task: @escaping Task) -> Bool {
    let (willRun, isFirst) = queue.withLock { queue in
      if queue.hasEnded { return (false, false) }
      defer { queue.tasks.append(task) }
      return (true, queue.tasks.isEmpty && queue.gatherings == 0)
    }
    if isFirst { dlmguard_eventfd_raise(bell) }
    return willRun
  }

  private func nextLock() -> LockID {
    LockID(number: lastNumber.wrappingAdd(1, ordering: .relaxed).newValue)
  }

  /// See ``LockEngine/together(_:)``. Operations of other threads that begin meanwhile go along.
  public func together(_ begin: () -> Void) {
    queue.withLock { $0.gatherings += 1 }
    begin()
    let isDue = queue.withLock { queue in
      queue.gatherings -= 1
      return queue.gatherings == 0 && !queue.tasks.isEmpty && !queue.hasEnded
    }
    if isDue { dlmguard_eventfd_raise(bell) }
  }

  // MARK: - LockEngine

  /// Answered when the resource's master has decided, here or on another node.
  public func lock(
    _ resource: ResourceName, _ mode: LockMode, _ options: LockOptions, value: LockValue?,
    then: @escaping Completion
  ) -> LockID {
    let lock = nextLock()
    perform { $0.request(lock, resource, mode, options, then) }
    return lock
  }

  /// Answered at once where the mode gives no more than the present one, whoever the master is.
  public func convert(
    _ lock: LockID, to mode: LockMode, _ options: LockOptions, value: LockValue?,
    then: @escaping Completion
  ) {
    perform { $0.convert(lock, mode, options, value, then) }
  }

  /// Carried out after what was asked for before.
  public func cancel(_ lock: LockID) {
    perform { $0.cancel(lock) }
  }

  /// A writer's lock is converted to NL first and so writes the block: libdlm's own release would
  /// write 32 bytes of its stack there.
  public func unlock(_ lock: LockID, value: LockValue?, then: @escaping Completion) {
    perform { $0.unlock(lock, value, then) }
  }

  /// Works even while the lockspace is stopped. "Nothing" is then not believed before it goes on: the
  /// end of the process that had the locks waits for that, too.
  public func adopt(
    _ resource: ResourceName, _ mode: LockMode, then: @escaping @Sendable (Adoption) -> Void
  ) {
    let lock = nextLock()
    perform { [self] locks in
      locks.adopt(lock, resource, mode, then) {
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(200)) { [self] in
          adopt(resource, mode, then: then)
        }
      }
    }
  }

  /// Asks the engine's thread and waits for it: without end while the lockspace is stopped. None once
  /// the engine has ended.
  public func locks() -> [LockRecord] {
    let answer = Answer()
    return perform { locks in answer.give(locks.all) } ? answer.wait() : []
  }

  /// See ``LockEngine/onLoss(_:)``; called on the engine's thread.
  public func onLoss(_ report: @escaping @Sendable (LockLoss) -> Void) {
    losses.setReceiver(report)
  }

  // MARK: - The end

  /// Ends this engine and leaves its locks in the kernel, as the end of the process would. What is
  /// under way is never answered.
  public func close(then: @escaping @Sendable () -> Void) {
    end(by: { $0.close() }, then: then)
  }

  /// Ends this engine and takes the lockspace down on this node, so that dlm_controld and corosync
  /// can be stopped. The kernel keeps a lockspace in which a lock is left.
  public func leave(then: @escaping @Sendable () -> Void) {
    end(by: { $0.release() }, then: then)
  }

  private func end(
    by end: @escaping @Sendable (Lockspace) -> Void, then: @escaping @Sendable () -> Void
  ) {
    perform { [self] locks in
      queue.withLock { $0.hasEnded = true }
      locks.hasEnded = true
      end(locks.device)
      then()
    }
  }
}

/// Who is told of lost locks.
package final class LossReport: Sendable {
  private let receiver = Mutex<@Sendable (LockLoss) -> Void>({ _ in })

  package init() {}

  package func setReceiver(_ receiver: @escaping @Sendable (LockLoss) -> Void) {
    self.receiver.withLock { $0 = receiver }
  }

  func callAsFunction(_ loss: LockLoss) {
    receiver.withLock { $0 }(loss)
  }
}

/// What one thread waits for and another gives.
private final class Answer: Sendable {
  private let records = Mutex<[LockRecord]>([])
  private let isThere = DispatchSemaphore(value: 0)

  func give(_ records: [LockRecord]) {
    self.records.withLock { $0 = records }
    isThere.signal()
  }

  func wait() -> [LockRecord] {
    isThere.wait()
    return records.withLock { $0 }
  }
}
