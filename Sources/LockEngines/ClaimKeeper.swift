import LockModel
import Synchronization

/// The claims of one call that the engine did not grant; whatever else the call took has been
/// given back.
public struct ClaimConflict: Error, Hashable, Sendable {
  /// The first one is what the call failed for; never empty.
  public let refused: [RefusedClaim]

  /// - Parameter refused: at least one claim.
  public init(refused: [RefusedClaim]) {
    self.refused = refused
  }
}

/// Which owner holds which resource, by which lock: takes claims all or nothing, over any engine.
///
/// May be used on any thread; `then` is called on any thread, possibly before the call returns.
/// The calls for one owner are carried out one after the other, in the order in which they came;
/// those of different owners do not wait for each other.
public final class ClaimKeeper: Sendable {
  /// How the owners of this node sign what they hold, so that other nodes can name them.
  public struct Signature: Sendable {
    let node: NodeID
    let now: @Sendable () -> Timestamp

    /// - Parameter now: this node's clock, for people to read.
    public init(node: NodeID, now: @escaping @Sendable () -> Timestamp) {
      self.node = node
      self.now = now
    }
  }

  struct Hold {
    let lock: LockID
    var mode: LockMode
    /// The mode that a conversion waits for: the lock can be cancelled, and nothing else.
    var waitsFor: LockMode?
    /// Called in place of everything else when that has ended.
    var whenArrived: (@Sendable () -> Void)?
  }

  struct Owner {
    var holds: [ResourceName: Hold] = [:]
    /// What is to be done after what is being done.
    var queue: [@Sendable () -> Void] = []
  }

  let engine: any LockEngine
  let signature: Signature?
  let patience: Patience?
  /// An owner is here while it holds something or while something is done for it.
  let owners = Mutex<[OwnerID: Owner]>([:])

  /// - Parameters:
  ///   - engine: what it holds already belongs to no owner, and stays untouched.
  ///   - signature: nil where no other node looks.
  ///   - patience: nil where a refusal is final.
  public init(
    engine: any LockEngine, signature: Signature? = nil, patience: Patience? = nil
  ) {
    self.engine = engine
    self.signature = signature
    self.patience = patience
  }

  /// Takes every claim, or none.
  ///
  /// All requests are made at once and none of them waits: a new lock where the owner holds
  /// nothing, a conversion to the least mode that covers both where it holds less, nothing where
  /// it holds enough. If one is refused, the new locks are given back and the conversions undone,
  /// and, where there is ``Patience``, all is asked for once more, one resource after the other in
  /// the order of their names: of several that race for overlapping sets so exactly one wins. What
  /// is held in a writing mode is signed before `then` is called.
  ///
  /// - Precondition: no two of the claims name the same resource.
  public func acquire(
    _ owner: OwnerID, _ claims: [Claim],
    then: @escaping @Sendable (Result<Void, ClaimConflict>) -> Void
  ) {
    precondition(Set(claims.map(\.resource)).count == claims.count, "a resource claimed twice")
    enqueue(owner) { [self] in
      let steps = steps(owner, claims)
      @Sendable func end(_ result: Result<Void, ClaimConflict>) {
        then(result)
        next(owner)
      }
      take(steps, for: owner) { [self] refused in
        guard !refused.isEmpty else { return end(.success(())) }
        let failed = refused.filter(\.isFailure)
        guard patience != nil, failed.isEmpty else {
          return end(.failure(ClaimConflict(refused: failed.isEmpty ? refused : failed)))
        }
        contend(steps, for: owner) { blocking in
          guard let blocking else { return end(.success(())) }
          let others = refused.filter { $0.claim.resource != blocking.claim.resource }
          end(.failure(ClaimConflict(refused: [blocking] + others)))
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

  /// Whether nobody holds anything and nothing is under way.
  public var isIdle: Bool { owners.withLock { $0.isEmpty } }

  /// Forgets a lock that the engine says is gone, and tells whose it was; nil for nobody's.
  public func lost(_ lock: LockID) -> OwnerID? {
    owners.withLock { owners in
      for (owner, state) in owners {
        for (resource, hold) in state.holds where hold.lock == lock {
          owners[owner]?.holds[resource] = nil
          return owner
        }
      }
      return nil
    }
  }

  func holds(_ owner: OwnerID) -> [ResourceName: Hold] {
    owners.withLock { $0[owner]?.holds ?? [:] }
  }

  func hold(_ owner: OwnerID, _ resource: ResourceName, _ hold: Hold?) {
    owners.withLock { $0[owner, default: Owner()].holds[resource] = hold }
  }

  // MARK: - Taking

  /// One request to the engine, and what it changes.
  struct Step: Sendable {
    let claim: Claim
    /// Nil where a new lock is asked for.
    let former: Hold?

    /// The least mode that gives the claim and keeps what is held.
    var mode: LockMode { former?.mode.union(claim.mode) ?? claim.mode }
  }

  func steps(_ owner: OwnerID, _ claims: [Claim]) -> [Step] {
    let holds = holds(owner)
    return claims.map { Step(claim: $0, former: holds[$0.resource]) }
      .filter { $0.former?.mode != $0.mode && $0.former?.waitsFor?.covers($0.mode) != true }
  }

  /// Everything or nothing, at once; then what was refused.
  func take(
    _ steps: [Step], for owner: OwnerID, then: @escaping @Sendable ([RefusedClaim]) -> Void
  ) {
    request(steps, for: owner) { [self] outcomes in
      let taken = zip(steps, outcomes).filter { $1.isGranted }.map(\.0)
      let refused = zip(steps, outcomes).filter { !$1.isGranted }
        .map { step, outcome in outcome.refusal(of: step.claim, holder: nil) }
      guard refused.isEmpty else { return undo(taken, for: owner) { then(refused) } }
      sign(taken, for: owner, then: then)
    }
  }

  func request(
    _ steps: [Step], for owner: OwnerID, then: @escaping @Sendable ([LockOutcome]) -> Void
  ) {
    Answers.gather(steps, from: engine) { step, completion in
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

  func undo(_ steps: [Step], for owner: OwnerID, then: @escaping @Sendable () -> Void) {
    let new = Set(steps.filter { $0.former == nil }.map(\.claim.resource))
    let converted = steps.compactMap { step in
      step.former.map {
        Weakening(
          resource: step.claim.resource, lock: $0.lock, mode: $0.mode, from: step.mode)
      }
    }
    weaken(converted, for: owner) { [self] in
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

  func unlock(
    _ owner: OwnerID, where isMeant: @escaping @Sendable (ResourceName) -> Bool,
    then: @escaping @Sendable () -> Void
  ) {
    withdraw(owner, where: isMeant) { [self] in giveBack(owner, where: isMeant, then: then) }
  }

  private func giveBack(
    _ owner: OwnerID, where isMeant: (ResourceName) -> Bool, then: @escaping @Sendable () -> Void
  ) {
    let holds = holds(owner).compactMap { resource, hold in
      isMeant(resource) ? (resource: resource, lock: hold.lock) : nil
    }
    Answers.gather(holds, from: engine) { hold, completion in
      engine.unlock(hold.lock, value: LockValue.none, then: completion)
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

  func enqueue(_ owner: OwnerID, _ task: @escaping @Sendable () -> Void) {
    let isFirst = owners.withLock { owners in
      defer { owners[owner, default: Owner()].queue.append(task) }
      return owners[owner]?.queue.isEmpty ?? true
    }
    if isFirst { task() }
  }

  /// Ends the task that stands first, and begins the one after it.
  func next(_ owner: OwnerID) {
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
  /// Whether a lock that was to be given back is no longer there.
  fileprivate var isGone: Bool { self == .released || self == .unknownLock }
}
