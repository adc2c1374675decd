import LockModel
import Synchronization

/// Locks of this process alone: they guard the domains of one host against each other, and die
/// with the agent, which takes them again when it starts.
///
/// Completions are called in the order in which the table made them, one at a time and never
/// inside the mutex: whoever finds nobody calling them calls all that are due, so a completion may
/// itself use the engine, and its own operations complete after it returns.
public final class LocalEngine: LockEngine {
  private struct State {
    var table = LockTable()
    /// Whom to tell when the operation ends that is under way on a lock.
    var waiting: [LockID: Completion] = [:]
    var due: [(Completion, LockOutcome)] = []
    var isCalling = false

    mutating func finish(_ completions: [LockTable.Completion]) {
      for completion in completions {
        guard let then = waiting.removeValue(forKey: completion.lock) else { continue }
        due.append((then, completion.outcome))
      }
    }
  }

  private let state = Mutex(State())

  /// Holds nothing: what a former agent held is to be asked for again.
  public init() {}

  /// Granted, refused or queued at once, so `then` is mostly called before this returns.
  public func lock(
    _ resource: ResourceName, _ mode: LockMode, _ options: LockOptions, value: LockValue?,
    then: @escaping Completion
  ) -> LockID {
    let lock = state.withLock { state in
      let (lock, completions) = state.table.lock(resource, mode, options, value: value)
      state.waiting[lock] = then
      state.finish(completions)
      return lock
    }
    callCompletions()
    return lock
  }

  /// Converted, refused or queued at once; a lock that is not there is answered through `then`.
  public func convert(
    _ lock: LockID, to mode: LockMode, _ options: LockOptions, value: LockValue?,
    then: @escaping Completion
  ) {
    operate(on: lock, then) { table throws(LockTable.Rejection) in
      try table.convert(lock, to: mode, options, value: value)
    }
  }

  /// The waiting operation's own `then` hears of it, mostly before this returns.
  public func cancel(_ lock: LockID) {
    // A lock that is gone has nothing that waits, which is all that was asked for.
    state.withLock { state in state.finish((try? state.table.cancel(lock)) ?? []) }
    callCompletions()
  }

  /// Answered at once, and after it the requests that it lets through.
  public func unlock(_ lock: LockID, value: LockValue?, then: @escaping Completion) {
    operate(on: lock, then) { table throws(LockTable.Rejection) in
      try table.unlock(lock, value: value)
    }
  }

  /// Always nothing: no lock of this engine outlives its process.
  public func adopt(
    _ resource: ResourceName, _ mode: LockMode, then: @escaping @Sendable (Adoption) -> Void
  ) {
    then(.nothing)
  }

  /// Locks of this engine cannot get lost.
  public func onLoss(_ report: @escaping @Sendable (LockLoss) -> Void) {}

  /// By resource and, in each, by queue in the order in which it is served.
  public func locks() -> [LockRecord] {
    state.withLock { $0.table.locks }
  }

  private func operate(
    on lock: LockID, _ then: @escaping Completion,
    _ operation: (inout LockTable) throws(LockTable.Rejection) -> [LockTable.Completion]
  ) {
    state.withLock { state in
      do throws(LockTable.Rejection) {
        let completions = try operation(&state.table)
        state.waiting[lock] = then
        state.finish(completions)
      } catch {
        state.due.append((then, error.outcome))
      }
    }
    callCompletions()
  }

  private func callCompletions() {
    let isCalled = state.withLock { state in
      defer { state.isCalling = true }
      return state.isCalling
    }
    if isCalled { return }
    while let batch = nextCompletions() {
      for (then, outcome) in batch { then(outcome) }
    }
  }

  /// What is due, or nil when that is nothing and the caller is relieved of calling.
  private func nextCompletions() -> [(Completion, LockOutcome)]? {
    state.withLock { state in
      if state.due.isEmpty {
        state.isCalling = false
        return nil
      }
      defer { state.due = [] }
      return state.due
    }
  }
}
