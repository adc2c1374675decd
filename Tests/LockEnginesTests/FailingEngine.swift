import LockEngines
import LockModel

/// A local engine that cannot do one thing: lock a certain resource.
final class FailingEngine: LockEngine {
  private let engine = LocalEngine()
  private let resource: ResourceName
  private let outcome: LockOutcome

  init(resource: ResourceName, outcome: LockOutcome) {
    self.resource = resource
    self.outcome = outcome
  }

  func lock(
    _ resource: ResourceName, _ mode: LockMode, _ options: LockOptions, value: LockValue?,
    then: @escaping Completion
  ) -> LockID {
    guard resource == self.resource else {
      return engine.lock(resource, mode, options, value: value, then: then)
    }
    then(outcome)
    return LockID(number: .max)
  }

  func convert(
    _ lock: LockID, to mode: LockMode, _ options: LockOptions, value: LockValue?,
    then: @escaping Completion
  ) {
    engine.convert(lock, to: mode, options, value: value, then: then)
  }

  func cancel(_ lock: LockID) { engine.cancel(lock) }

  func unlock(_ lock: LockID, value: LockValue?, then: @escaping Completion) {
    engine.unlock(lock, value: value, then: then)
  }

  func adopt(
    _ resource: ResourceName, _ mode: LockMode, then: @escaping @Sendable (Adoption) -> Void
  ) { then(.nothing) }

  func locks() -> [LockRecord] { engine.locks() }

  func onLoss(_ report: @escaping @Sendable (LockLoss) -> Void) {}
}
