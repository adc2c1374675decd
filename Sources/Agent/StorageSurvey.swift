import LockModel
import Synchronization

/// One look at the storage of several resources, which may hang at any of them: what is known so
/// far can be told at any time, from any thread.
final class StorageSurvey: Sendable {
  /// Looks at one resource, and asks before it goes into a mount.
  typealias Look = (Resource, _ enter: @escaping @Sendable (_ mountPoint: String) -> Bool) ->
    Identification

  private struct Progress {
    var thread: Int?
    var visit: StorageGate.Visit?
    var done: [Identification] = []
    /// Nobody waits for it any more.
    var isOver = false
  }

  private let resources: [Resource]
  private let gate: StorageGate
  private let progress = Mutex(Progress())

  init(of resources: [Resource], through gate: StorageGate) {
    self.resources = resources
    self.gate = gate
  }

  /// Looks at one after the other. Blocks for as long as the storage does.
  ///
  /// - Parameter thread: which of the spare ones this is.
  /// - Returns: nil where it was too late to begin.
  func look(on thread: Int, _ identify: Look) -> [Identification]? {
    let visit = gate.begin()
    defer { gate.end(visit) }
    let isInTime = progress.withLock { progress in
      (progress.thread, progress.visit) = (thread, visit)
      return !progress.isOver
    }
    guard isInTime else { return nil }
    for resource in resources {
      let identification = identify(resource) { [gate] in gate.admits(visit, to: $0) }
      progress.withLock { $0.done.append(identification) }
    }
    return progress.withLock { progress in
      // What has come out needs nobody's giving up.
      progress.visit = nil
      return progress.done
    }
  }

  /// What is known after so many ms; the rest counts as failed, the one that hangs first of all.
  ///
  /// - Returns: also the thread that may hang for ever.
  func end(after milliseconds: Int64) -> (known: [Identification], thread: Int?) {
    let progress = progress.withLock { progress in
      progress.isOver = true
      return progress
    }
    let place = progress.visit.flatMap { gate.giveUp($0) }
    let mounted = place.map { $0 == "/" ? "" : ", mounted at \(Quoted($0))," } ?? ""
    let reason =
      progress.visit != nil || progress.done.count == resources.count
      ? "its storage\(mounted) has not answered within \(milliseconds) ms"
      : "nothing could look at it within \(milliseconds) ms: every look-up waits for other storage "
        + "that does not answer"
    let rest = resources.dropFirst(progress.done.count).map {
      Identification(resource: $0, result: .failed(reason))
    }
    return (progress.done + rest, progress.visit == nil ? nil : progress.thread)
  }
}
