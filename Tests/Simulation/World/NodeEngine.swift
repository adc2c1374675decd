import LockEngines
import LockModel
import Synchronization

/// The lock engine of one process on one node of a simulated cluster: a handle on ``ClusterLocks``.
public final class NodeEngine: LockEngine {
  /// Counts the engines of the cluster.
  let number: Int
  private let cluster: ClusterLocks
  private let isPrompt: Bool
  private let isAnswering = Mutex(false)

  init(_ cluster: ClusterLocks, number: Int, isPrompt: Bool) {
    self.cluster = cluster
    self.number = number
    self.isPrompt = isPrompt
  }

  /// As the kernel's; answered when whoever drives the cluster lets it.
  public func lock(
    _ resource: ResourceName, _ mode: LockMode, _ options: LockOptions, value: LockValue?,
    then: @escaping Completion
  ) -> LockID {
    submit(nil, .lock(resource, mode, options, value), then)
  }

  /// As the kernel's; answered when whoever drives the cluster lets it.
  public func convert(
    _ lock: LockID, to mode: LockMode, _ options: LockOptions, value: LockValue?,
    then: @escaping Completion
  ) {
    _ = submit(lock, .convert(mode, options, value), then)
  }

  /// As the kernel's: the operation that waits is the one that is answered.
  public func cancel(_ lock: LockID) {
    _ = submit(lock, .cancel, nil)
  }

  /// As the kernel's; answered when whoever drives the cluster lets it.
  public func unlock(_ lock: LockID, value: LockValue?, then: @escaping Completion) {
    _ = submit(lock, .unlock(value), then)
  }

  /// Takes over what a former process of the same node has left.
  public func adopt(
    _ resource: ResourceName, _ mode: LockMode, then: @escaping @Sendable (Adoption) -> Void
  ) {
    _ = submit(nil, .adopt(resource, mode, then: then), nil)
  }

  /// Asked for in the order of the names of what is locked, so that a seed is replayed exactly.
  public func together(_ begin: () -> Void) {
    cluster.together(begin)
    if isPrompt { settle() }
  }

  /// A snapshot.
  public func locks() -> [LockRecord] { cluster.records(number) }

  /// Told of locks that were removed by force.
  public func onLoss(_ report: @escaping @Sendable (LockLoss) -> Void) {
    cluster.onLoss(number, report)
  }

  /// Ends as its process does.
  public func die() {
    cluster.die(number)
  }

  private func submit(
    _ lock: LockID?, _ kind: ClusterLocks.Operation.Kind, _ then: Completion?
  ) -> LockID {
    let lock = cluster.submit(number, lock, kind, then: then)
    if isPrompt { settle() }
    return lock
  }

  /// A completion may use the engine: its operations complete after it returns.
  private func settle() {
    let isUnderWay = isAnswering.withLock { isAnswering in
      defer { isAnswering = true }
      return isAnswering
    }
    if isUnderWay { return }
    while true {
      let operations = cluster.takeOperations()
      for operation in operations { cluster.perform(operation) }
      let answers = cluster.takeAnswers()
      if operations.isEmpty, answers.isEmpty { break }
      for answer in answers { answer.tell() }
    }
    isAnswering.withLock { $0 = false }
  }
}
