import LockEngines
import LockModel
import Synchronization

/// A local engine whose locks outlive their process, as the kernel's do: `die()` leaves them behind,
/// to be adopted.
final class OutlivingEngine: LockEngine {
  private let engine = LocalEngine()
  private let orphans = Mutex<[LockRecord]>([])

  func die() {
    for record in engine.locks() where record.queue != .granted { engine.cancel(record.lock) }
    orphans.withLock { $0 = engine.locks() }
  }

  func lock(
    _ resource: ResourceName, _ mode: LockMode, _ options: LockOptions, value: LockValue?,
    then: @escaping Completion
  ) -> LockID {
    engine.lock(resource, mode, options, value: value, then: then)
  }

  func convert(
    _ lock: LockID, to mode: LockMode, _ options: LockOptions, value: LockValue?,
    then: @escaping Completion
  ) {
    engine.convert(lock, to: mode, options, value: value, then: then)
  }

  func cancel(_ lock: LockID) {
    engine.cancel(lock)
  }

  func unlock(_ lock: LockID, value: LockValue?, then: @escaping Completion) {
    engine.unlock(lock, value: value, then: then)
  }

  func adopt(
    _ resource: ResourceName, _ mode: LockMode, then: @escaping @Sendable (Adoption) -> Void
  ) {
    then(
      orphans.withLock { orphans in
        let here = orphans.indices.filter { orphans[$0].resource == resource }
        guard let index = here.first(where: { orphans[$0].granted == mode }) else {
          return here.isEmpty ? .nothing : .otherMode
        }
        return .adopted(orphans.remove(at: index).lock)
      })
  }

  func locks() -> [LockRecord] { engine.locks() }

  func onLoss(_ report: @escaping @Sendable (LockLoss) -> Void) {}
}
