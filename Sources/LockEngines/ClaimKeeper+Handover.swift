import LockModel
import Synchronization

// A domain comes from another node: what it holds there is waited for, ahead of everybody who asks
// later, so that no instant lies between its one hold and its other.
extension ClaimKeeper {
  /// Takes every claim, or has it wait for that of the same domain on another node; or none.
  ///
  /// What is free is taken as ``acquire(_:_:then:)`` does. What is not, and whose value block names the
  /// owner's domain, is taken in NL and asked for by a conversion that waits: the engine grants those
  /// before any new request (fs/dlm/lock.c, `grant_pending_locks`). Anything else refuses the whole.
  ///
  /// - Parameters:
  ///   - queued: called once; with success when every claim is held or waits for certain, and whether
  ///     any waits.
  ///   - settled: called once after such a success where something waits: when nothing does any more;
  ///     with what could not be had in the end, and not at all for what was given back meanwhile.
  /// - Precondition: no two of the claims name the same resource.
  public func queue(
    _ owner: OwnerID, _ claims: [Claim],
    queued: @escaping @Sendable (Result<Bool, ClaimConflict>) -> Void,
    settled: @escaping @Sendable ([RefusedClaim]) -> Void
  ) {
    precondition(Set(claims.map(\.resource)).count == claims.count, "a resource claimed twice")
    enqueue(owner) { [self] in
      let arrival = Arrival(settled: settled)
      takeOrQueue(steps(owner, claims), for: owner, arrival) { [self] failure in
        queued(failure.map { .failure($0) } ?? .success(arrival.isWaiting))
        next(owner)
        if failure == nil { arrival.begin() }
      }
    }
  }

  /// The same for what a former process of this node has queued: what it held is adopted, what it
  /// waited for is asked for again, because its end has cancelled that. Each for itself, because a
  /// process may use it.
  public func queueAgain(
    _ owner: OwnerID, _ claims: [Claim],
    queued: @escaping @Sendable (_ refused: [RefusedClaim], _ isWaiting: Bool) -> Void,
    settled: @escaping @Sendable ([RefusedClaim]) -> Void
  ) {
    enqueue(owner) { [self] in
      adopt(claims, for: owner) { [self] in
        let orphans = holds(owner).filter { $0.value.mode == .nl }
        unlock(owner, where: { orphans[$0] != nil }) { [self] in
          let arrival = Arrival(settled: settled)
          queueEach(steps(owner, claims)[...], for: owner, arrival, refused: []) {
            [self] refused in
            queued(refused, arrival.isWaiting)
            next(owner)
            arrival.begin()
          }
        }
      }
    }
  }

  private func queueEach(
    _ steps: ArraySlice<Step>, for owner: OwnerID, _ arrival: Arrival, refused: [RefusedClaim],
    then: @escaping @Sendable ([RefusedClaim]) -> Void
  ) {
    guard let step = steps.first else { return then(refused) }
    takeOrQueue([step], for: owner, arrival) { [self] failure in
      queueEach(
        steps.dropFirst(), for: owner, arrival, refused: refused + (failure?.refused ?? []),
        then: then)
    }
  }

  /// Nil, or why none of them is held or waits.
  private func takeOrQueue(
    _ steps: [Step], for owner: OwnerID, _ arrival: Arrival,
    then: @escaping @Sendable (ClaimConflict?) -> Void
  ) {
    request(steps, for: owner) { [self] outcomes in
      let taken = zip(steps, outcomes).filter { $1.isGranted }.map(\.0)
      let refused = zip(steps, outcomes).filter { !$1.isGranted }
      let failed = refused.map { $1.refusal(of: $0.claim, holder: nil) }.filter(\.isFailure)
      guard failed.isEmpty else {
        return undo(taken, for: owner) { then(ClaimConflict(refused: failed)) }
      }
      wait(refused.map(\.0)[...], for: owner, paused: 0, arrival) { [self] conflict in
        guard let conflict else {
          return sign(taken, for: owner) { [self] failed in
            guard failed.isEmpty else {
              return undo(steps, for: owner) { then(ClaimConflict(refused: failed)) }
            }
            then(nil)
          }
        }
        undo(steps, for: owner) { then(ClaimConflict(refused: [conflict])) }
      }
    }
  }

  /// Has one claim after the other wait; nil, or the one that is somebody else's.
  private func wait(
    _ steps: ArraySlice<Step>, for owner: OwnerID, paused: Int64, _ arrival: Arrival,
    then: @escaping @Sendable (RefusedClaim?) -> Void
  ) {
    guard let step = steps.first else { return then(nil) }
    let claim = step.claim
    readHolder(of: claim.resource) { [self] holder in
      if let holder, holder.domain == owner.domain, step.former == nil {
        return convert(step, for: owner, arrival) { [self] failure in
          if let failure { return then(failure) }
          wait(steps.dropFirst(), for: owner, paused: paused, arrival, then: then)
        }
      }
      guard let patience, paused < (holder == nil ? patience.unnamed : patience.named) else {
        return then(RefusedClaim(claim, holder: holder))
      }
      patience.pause(patience.step) { [self] in
        request([step], for: owner) { [self] outcomes in
          guard outcomes.first?.isGranted == true else {
            return wait(steps, for: owner, paused: paused + patience.step, arrival, then: then)
          }
          sign([step], for: owner) { [self] failed in
            if let failure = failed.first { return then(failure) }
            wait(steps.dropFirst(), for: owner, paused: paused, arrival, then: then)
          }
        }
      }
    }
  }

  /// Takes the resource in NL, which is granted beside anything, and asks for more by a conversion that
  /// waits. Nil when it certainly stands in the queue, or is granted.
  private func convert(
    _ step: Step, for owner: OwnerID, _ arrival: Arrival,
    then: @escaping @Sendable (RefusedClaim?) -> Void
  ) {
    let claim = step.claim
    Answers.gather([claim.resource], from: engine) { resource, completion in
      engine.lock(resource, .nl, .expedite, then: completion)
    } then: { [self] answers in
      guard let answer = answers.first, answer.outcome.isGranted else {
        let outcome = answers.first?.outcome ?? .refused
        return then(outcome.refusal(of: claim, holder: nil))
      }
      arrival.expect()
      hold(owner, claim.resource, Hold(lock: answer.lock, mode: .nl, waitsFor: claim.mode))
      engine.convert(answer.lock, to: claim.mode, []) { [self] outcome in
        arrived(claim, by: answer.lock, for: owner, outcome, arrival)
      }
      // Messages to the resource's master keep their order: once it has answered this one it has the
      // conversion, too.
      readHolder(of: claim.resource) { _ in then(nil) }
    }
  }

  /// What an owner waits for although it could have had it if it were free, and who has it, as far as they
  /// say.
  ///
  /// Messages from a resource's master keep their order: once it has answered another request on it,
  /// whatever could be granted before has been. A lockspace that stands still answers nothing, and only
  /// then does `then` not come. Just after a recovery an answer may overtake what is granted by that
  /// (fs/dlm/recoverd.c, `ls_recover`: requests that waited go first), so it takes a second one, a while
  /// later, to be sure.
  public func probe(
    _ owner: OwnerID, then: @escaping @Sendable (_ barred: [ResourceName: Holder?]) -> Void
  ) {
    readHolders(of: Array(waiting(owner))) { [self] holders in
      let still = waiting(owner)
      then(holders.filter { still.contains($0.key) })
    }
  }

  private func waiting(_ owner: OwnerID) -> Set<ResourceName> {
    Set(holds(owner).filter { $0.value.waitsFor != nil }.keys)
  }

  /// The conversion has ended: granted, cancelled, or rejected.
  private func arrived(
    _ claim: Claim, by lock: LockID, for owner: OwnerID, _ outcome: LockOutcome, _ arrival: Arrival
  ) {
    let left = owners.withLock { owners -> (@Sendable () -> Void)? in
      guard let hold = owners[owner]?.holds[claim.resource], hold.lock == lock else { return nil }
      let mode = outcome.isGranted ? claim.mode : hold.mode
      owners[owner]?.holds[claim.resource] = Hold(lock: lock, mode: mode)
      return hold.whenArrived
    }
    if let left { return left() }
    let refused = outcome.isGranted ? nil : outcome.refusal(of: claim, holder: nil)
    arrival.arrive(refused) { [self] refused, settled in
      // After whatever is being done for the owner, which may be giving it all back.
      enqueue(owner) { [self] in
        let held = holds(owner).filter { $0.value.waitsFor == nil }
        let steps = held.map { resource, hold in
          Step(
            claim: Claim(resource: resource, mode: hold.mode, device: "", location: ""),
            former: hold)
        }
        sign(steps, for: owner) { [self] failed in
          settled(refused + failed)
          next(owner)
        }
      }
    }
  }

  /// Withdraws what waits for those resources; then nothing of it does.
  func withdraw(
    _ owner: OwnerID, where isMeant: (ResourceName) -> Bool, then: @escaping @Sendable () -> Void
  ) {
    let waiting = holds(owner).filter { isMeant($0.key) && $0.value.waitsFor != nil }
    guard !waiting.isEmpty else { return then() }
    let left = Mutex(waiting.count)
    let locks = owners.withLock { owners -> (due: Int, locks: [LockID]) in
      var locks: [LockID] = []
      for resource in waiting.keys {
        guard var hold = owners[owner]?.holds[resource], hold.waitsFor != nil else { continue }
        hold.whenArrived = {
          if left.withLock({
            $0 -= 1; return $0 == 0
          }) {
            then()
          }
        }
        owners[owner]?.holds[resource] = hold
        locks.append(hold.lock)
      }
      return (waiting.count - locks.count, locks)
    }
    // What has been granted in between need not be waited for.
    let isDone = left.withLock {
      $0 -= locks.due; return $0 == 0
    }
    if isDone { return then() }
    for lock in locks.locks { engine.cancel(lock) }
  }
}

/// What of one call still waits, and who is told when nothing does.
private final class Arrival: Sendable {
  private struct State {
    /// One for the call itself, until it is known that it will not be undone.
    var left = 1
    var count = 0
    var refused: [RefusedClaim] = []
    /// What is to be done when nothing waits.
    var end: (@Sendable ([RefusedClaim]) -> Void)?
  }

  private let state = Mutex(State())
  private let settled: @Sendable ([RefusedClaim]) -> Void

  init(settled: @escaping @Sendable ([RefusedClaim]) -> Void) {
    self.settled = settled
  }

  var isWaiting: Bool { state.withLock { $0.count > 0 } }

  func expect() {
    state.withLock { state in
      state.left += 1
      state.count += 1
    }
  }

  /// The call has been answered: from now on the last arrival settles it.
  func begin() {
    finish { $0.left -= 1 }
  }

  func arrive(
    _ refused: RefusedClaim?,
    end: @escaping @Sendable ([RefusedClaim], @escaping @Sendable ([RefusedClaim]) -> Void) -> Void
  ) {
    finish { [settled] state in
      state.left -= 1
      if let refused { state.refused.append(refused) }
      state.end = { end($0, settled) }
    }
  }

  private func finish(_ change: (inout State) -> Void) {
    let due = state.withLock { state -> (@Sendable () -> Void)? in
      change(&state)
      guard state.left == 0, let end = state.end else { return nil }
      return { [refused = state.refused] in end(refused) }
    }
    due?()
  }
}
