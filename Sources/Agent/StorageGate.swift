import Synchronization

/// Which mounts hang, known by those who went in to look and have not come out: whoever comes later is
/// kept from them, so that a dead server costs a bounded number of threads however often it is asked.
final class StorageGate: Sendable {
  /// One look at storage.
  struct Visit: Hashable {
    fileprivate let number: UInt64
  }

  private struct State {
    var last: UInt64 = 0
    /// Where each visit is; nil while it is nowhere yet.
    var places: [Visit: String?] = [:]
    /// Those that nobody waits for any more.
    var givenUp: Set<Visit> = []
  }

  private let state = Mutex(State())

  /// To be ended by ``end(_:)``.
  func begin() -> Visit {
    state.withLock { state in
      state.last += 1
      let visit = Visit(number: state.last)
      state.places[visit] = .some(nil)
      return visit
    }
  }

  /// Whether the visit may go on into a mount: not where another one is known to hang.
  func admits(_ visit: Visit, to mount: String) -> Bool {
    state.withLock { state in
      guard !state.givenUp.contains(where: { state.places[$0] == .some(mount) }) else {
        return false
      }
      state.places[visit] = mount
      return true
    }
  }

  /// It has taken too long.
  ///
  /// - Returns: where it is; nil where it is nowhere.
  func giveUp(_ visit: Visit) -> String? {
    state.withLock { state in
      guard let place = state.places[visit] else { return nil }
      state.givenUp.insert(visit)
      return place
    }
  }

  /// It has come out again, however late.
  func end(_ visit: Visit) {
    state.withLock { state in
      state.places[visit] = nil
      state.givenUp.remove(visit)
    }
  }
}
