import LockEngines
import LockModel
import Synchronization

/// The local engine in the kernel's troubles: it may answer nothing, as a stopped lockspace does, and
/// lose locks.
final class TroubledEngine: LockEngine {
  private let engine = LocalEngine()
  private let isSilent: Bool
  private let report = Mutex<(@Sendable (LockLoss) -> Void)?>(nil)

  init(isSilent: Bool = false) {
    self.isSilent = isSilent
  }

  private func heard(_ completion: @escaping Completion) -> Completion {
    if !isSilent { return completion }
    return { _ in }
  }

  func loseAll() {
    for lock in engine.locks() {
      engine.unlock(lock.lock) { [self] _ in
        report.withLock { $0 }?(
          LockLoss(lock: lock.lock, resource: lock.resource, reason: "it was torn out"))
      }
    }
  }

  func lock(
    _ resource: ResourceName, _ mode: LockMode, _ options: LockOptions, value: LockValue?,
    then: @escaping Completion
  ) -> LockID {
    engine.lock(resource, mode, options, value: value, then: heard(then))
  }

  func convert(
    _ lock: LockID, to mode: LockMode, _ options: LockOptions, value: LockValue?,
    then: @escaping Completion
  ) {
    engine.convert(lock, to: mode, options, value: value, then: heard(then))
  }

  func cancel(_ lock: LockID) { engine.cancel(lock) }

  func unlock(_ lock: LockID, value: LockValue?, then: @escaping Completion) {
    engine.unlock(lock, value: value, then: heard(then))
  }

  func adopt(
    _ resource: ResourceName, _ mode: LockMode, then: @escaping @Sendable (Adoption) -> Void
  ) {
    engine.adopt(resource, mode, then: then)
  }

  func locks() -> [LockRecord] { engine.locks() }

  func onLoss(_ report: @escaping @Sendable (LockLoss) -> Void) {
    self.report.withLock { $0 = report }
  }
}
