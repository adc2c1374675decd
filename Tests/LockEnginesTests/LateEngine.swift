import LockEngineConformance
import LockEngines
import LockModel
import Synchronization

/// A local engine that answers later: completions are kept until ``deliverOne()`` takes one out at
/// random, as if from another thread of a slow cluster.
final class LateEngine: LockEngine {
  let engine = LocalEngine()
  private let late: Mutex<(random: SeededRandom, answers: [@Sendable () -> Void])>

  init(seed: UInt64) {
    late = Mutex((SeededRandom(seed: seed), []))
  }

  /// Hands on one answer; false when there is none.
  func deliverOne() -> Bool {
    let answer = late.withLock { late -> (@Sendable () -> Void)? in
      guard let index = late.answers.indices.randomElement(using: &late.random) else { return nil }
      return late.answers.remove(at: index)
    }
    answer?()
    return answer != nil
  }

  func deliverAll() {
    while deliverOne() {}
  }

  private func delayed(_ then: @escaping Completion) -> Completion {
    { outcome in self.late.withLock { $0.answers.append { then(outcome) } } }
  }

  func lock(
    _ resource: ResourceName, _ mode: LockMode, _ options: LockOptions, value: LockValue?,
    then: @escaping Completion
  ) -> LockID {
    engine.lock(resource, mode, options, value: value, then: delayed(then))
  }

  func convert(
    _ lock: LockID, to mode: LockMode, _ options: LockOptions, value: LockValue?,
    then: @escaping Completion
  ) {
    engine.convert(lock, to: mode, options, value: value, then: delayed(then))
  }

  func cancel(_ lock: LockID) {
    engine.cancel(lock)
  }

  func unlock(_ lock: LockID, value: LockValue?, then: @escaping Completion) {
    engine.unlock(lock, value: value, then: delayed(then))
  }

  func adopt(
    _ resource: ResourceName, _ mode: LockMode, then: @escaping @Sendable (Adoption) -> Void
  ) {
    engine.adopt(resource, mode, then: then)
  }

  func onLoss(_ report: @escaping @Sendable (LockLoss) -> Void) {}

  func locks() -> [LockRecord] { engine.locks() }
}
