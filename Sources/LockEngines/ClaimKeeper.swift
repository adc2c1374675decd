import LockModel
import Synchronization

/// The claims of one call that the engine did not grant; whatever else the call took has been
/// given back.
public struct ClaimConflict: Error, Hashable, Sendable {
  /// In the order in which they were asked for; never empty.
  public let refused: [Claim]

  /// - Parameter refused: at least one claim.
  public init(refused: [Claim]) {
    self.refused = refused
  }
}

/// Which owner holds which resource, by which lock: takes claims all or nothing, over any engine.
///
/// May be used on any thread; `then` is called on any thread, possibly before the call returns.
/// The calls for one owner are carried out one after the other, in the order in which they came;
/// those of different owners do not wait for each other.
public final class ClaimKeeper: Sendable {
  private struct Hold {
    let lock: LockID
    var mode: LockMode
  }

  private struct Owner {
    var holds: [ResourceName: Hold] = [:]
    /// What is to be done after what is being done.
    var queue: [@Sendable () -> Void] = []
  }

  private let engine: any LockEngine
  /// An owner is here while it holds something or while something is done for it.
  private let owners = Mutex<[OwnerID: Owner]>([:])

  /// - Parameter engine: what it holds already belongs to no owner, and stays untouched.
  public init(engine: any LockEngine) {
    self.engine = engine
  }

  /// Takes every claim, or none.
  ///
  /// All requests are made at once and none of them waits: a new lock where the owner holds
  /// nothing, a conversion to the least mode that covers both where it holds less, nothing where
  /// it holds enough. If one is refused, the new locks are given back and the conversions undone
  /// before `then` is called. A lock that a third party's waiting conversion keeps away for a
  /// moment is refused, too; whether to ask again is the caller's decision.
  ///
  /// - Precondition: no two of the claims name the same resource.
  public func acquire(
    _ owner: OwnerID, _ claims: [Claim],
    then: @escaping @Sendable (Result<Void, ClaimConflict>) -> Void
  ) {
    precondition(Set(claims.map(\.resource)).count == claims.count, "a resource claimed twice")
    enqueue(owner) { [self] in
      let steps = steps(owner, claims)
      perform(steps, for: owner) { [self] outcomes in
        let taken = zip(steps, outcomes).filter { $1.isGranted }.map(\.0)
        if taken.count == steps.count {
          then(.success(()))
          next(owner)
          return
        }
        let refused = zip(steps, outcomes).filter { !$1.isGranted }.map(\.0.claim)
        undo(taken, for: owner) { [self] in
          then(.failure(ClaimConflict(refused: refused)))
          next(owner)
        }
      }
    }
  }

  /// Gives back everything that an owner holds.
  public func release(_ owner: OwnerID, then: @escaping @Sendable () -> Void) {
    release(owner, where: { _ in true }, then: then)
  }

  /// Gives back some of what an owner holds; what it does not hold is skipped.
  public func release(
    _ owner: OwnerID, _ resources: [ResourceName], then: @escaping @Sendable () -> Void
  ) {
    let resources = Set(resources)
    release(owner, where: { resources.contains($0) }, then: then)
  }

  /// What an owner holds now; while a call for it is under way, what that has taken so far is
  /// included.
  public func held(_ owner: OwnerID) -> [ResourceName: LockMode] {
    holds(owner).mapValues(\.mode)
  }

  private func holds(_ owner: OwnerID) -> [ResourceName: Hold] {
    owners.withLock { $0[owner]?.holds ?? [:] }
  }

  // MARK: - Taking

  /// One request to the engine, and what it changes.
  private struct Step {
    let claim: Claim
    /// Nil where a new lock is asked for.
    let former: Hold?

    /// The least mode that gives the claim and keeps what is held.
    var mode: LockMode { former?.mode.union(claim.mode) ?? claim.mode }
  }

  private func steps(_ owner: OwnerID, _ claims: [Claim]) -> [Step] {
    let holds = holds(owner)
    return claims.map { Step(claim: $0, former: holds[$0.resource]) }
      .filter { $0.former?.mode != $0.mode }
  }

  private func perform(
    _ steps: [Step], for owner: OwnerID, then: @escaping @Sendable ([LockOutcome]) -> Void
  ) {
    Answers.gather(steps) { step, completion in
      guard let former = step.former else {
        return engine.lock(step.claim.resource, step.mode, .noQueue, then: completion)
      }
      // Queued behind other conversions, hence refused while one waits: an immediate one could
      // overtake a handover for which a conversion is queued.
      engine.convert(
        former.lock, to: step.mode, [.noQueue, .queueConversion], then: completion)
      return former.lock
    } then: { [self] answers in
      owners.withLock { owners in
        for (step, answer) in zip(steps, answers) where answer.outcome.isGranted {
          owners[owner, default: Owner()].holds[step.claim.resource] =
            Hold(lock: answer.lock, mode: step.mode)
        }
      }
      then(answers.map(\.outcome))
    }
  }

  private func undo(_ steps: [Step], for owner: OwnerID, then: @escaping @Sendable () -> Void) {
    let new = Set(steps.filter { $0.former == nil }.map(\.claim.resource))
    let converted = steps.compactMap { step in
      step.former.map { (resource: step.claim.resource, former: $0) }
    }
    Answers.gather(converted) { step, completion in
      engine.convert(step.former.lock, to: step.former.mode, then: completion)
      return step.former.lock
    } then: { [self] answers in
      owners.withLock { owners in
        for (step, answer) in zip(converted, answers) where answer.outcome.isGranted {
          owners[owner]?.holds[step.resource] = step.former
        }
      }
      unlock(owner, where: { new.contains($0) }, then: then)
    }
  }

  // MARK: - Giving back

  private func release(
    _ owner: OwnerID, where isMeant: @escaping @Sendable (ResourceName) -> Bool,
    then: @escaping @Sendable () -> Void
  ) {
    enqueue(owner) { [self] in
      unlock(owner, where: isMeant) { [self] in
        then()
        next(owner)
      }
    }
  }

  private func unlock(
    _ owner: OwnerID, where isMeant: (ResourceName) -> Bool, then: @escaping @Sendable () -> Void
  ) {
    let holds = holds(owner).filter { isMeant($0.key) }
      .map { (resource: $0.key, lock: $0.value.lock) }
    Answers.gather(holds) { hold, completion in
      engine.unlock(hold.lock, then: completion)
      return hold.lock
    } then: { [self] answers in
      owners.withLock { owners in
        for (hold, answer) in zip(holds, answers) where answer.outcome.isGone {
          owners[owner]?.holds[hold.resource] = nil
        }
      }
      then()
    }
  }

  // MARK: - One after the other

  private func enqueue(_ owner: OwnerID, _ task: @escaping @Sendable () -> Void) {
    let isFirst = owners.withLock { owners in
      defer { owners[owner, default: Owner()].queue.append(task) }
      return owners[owner]?.queue.isEmpty ?? true
    }
    if isFirst { task() }
  }

  /// Ends the task that stands first, and begins the one after it.
  private func next(_ owner: OwnerID) {
    let task = owners.withLock { owners -> (@Sendable () -> Void)? in
      owners[owner]?.queue.removeFirst()
      let task = owners[owner]?.queue.first
      if task == nil, owners[owner]?.holds.isEmpty == true { owners[owner] = nil }
      return task
    }
    task?()
  }
}

extension LockOutcome {
  fileprivate var isGranted: Bool {
    if case .granted = self { true } else { false }
  }

  /// Whether a lock that was to be given back is no longer there.
  fileprivate var isGone: Bool { self == .released || self == .unknownLock }
}
