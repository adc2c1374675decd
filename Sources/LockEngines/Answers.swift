import Synchronization

/// The answers to operations that are begun together: known when the last of them has come.
///
/// An engine may answer before a call has returned the lock's id, on any thread and in any order,
/// so neither the ids nor the outcomes alone say that all is done.
final class Answers: Sendable {
  typealias Answer = (lock: LockID, outcome: LockOutcome)

  private struct State {
    /// Empty until every operation has begun.
    var locks: [LockID]
    var outcomes: [LockOutcome?]
    /// Outcomes that have not come, and one for the loop that begins the operations.
    var missing: Int
  }

  private let state: Mutex<State>
  private let then: @Sendable ([Answer]) -> Void

  private init(count: Int, then: @escaping @Sendable ([Answer]) -> Void) {
    state = Mutex(
      State(
        locks: [], outcomes: Array(repeating: nil, count: count),
        missing: count + 1))
    self.then = then
  }

  /// Begins an operation for each element and calls `then` once, with their answers in the order
  /// of the elements: possibly before this returns, at once if there are none.
  static func gather<Element>(
    _ elements: [Element], from engine: any LockEngine,
    begin: (Element, @escaping LockEngine.Completion) -> LockID,
    then: @escaping @Sendable ([Answer]) -> Void
  ) {
    let answers = Answers(count: elements.count, then: then)
    var locks: [LockID] = []
    locks.reserveCapacity(elements.count)
    engine.together {
      for (index, element) in elements.enumerated() {
        let lock = begin(element) { outcome in
          answers.arrive { $0.outcomes[index] = outcome }
        }
        locks.append(lock)
      }
    }
    answers.arrive { $0.locks = locks }
  }

  private func arrive(_ record: (inout State) -> Void) {
    let complete = state.withLock { state -> [Answer]? in
      record(&state)
      state.missing -= 1
      guard state.missing == 0 else { return nil }
      return zip(state.locks, state.outcomes).compactMap { lock, outcome in
        outcome.map { (lock, $0) }
      }
    }
    if let complete { then(complete) }
  }
}
