import LockModel
import Synchronization

/// One look at the storage of several resources, which may hang at any of them: what is known so
/// far can be told at any time, from any thread.
final class StorageSurvey: Sendable {
  private struct Progress {
    var isBegun = false
    var done: [Identification] = []
  }

  private let resources: [Resource]
  private let progress = Mutex(Progress())

  init(of resources: [Resource]) {
    self.resources = resources
  }

  /// Looks at one after the other. Blocks for as long as the storage does.
  func look(_ identify: (Resource) -> Identification) -> [Identification] {
    progress.withLock { $0.isBegun = true }
    for resource in resources {
      let identification = identify(resource)
      progress.withLock { $0.done.append(identification) }
    }
    return progress.withLock { $0.done }
  }

  /// What is known after so many ms; the rest counts as failed, the one that hangs first of all.
  func after(_ milliseconds: Int64) -> [Identification] {
    let progress = progress.withLock { $0 }
    let reason =
      progress.isBegun
      ? "its storage has not answered within \(milliseconds) ms"
      : "nothing could look at it within \(milliseconds) ms: every look-up waits for other storage "
        + "that does not answer"
    return progress.done
      + resources.dropFirst(progress.done.count).map {
        Identification(resource: $0, result: .failed(reason))
      }
  }
}
