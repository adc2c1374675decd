import LockModel
import Synchronization

/// What became of the claims that a former agent has left on record.
public struct Reclaimed: Hashable, Sendable {
  /// Nobody had kept them; they were free, and are held again now.
  public var missing: [Claim]
  /// Nobody had kept them, and now they cannot be had.
  public var refused: [RefusedClaim]

  /// - Parameter missing: what was not kept and is held again.
  public init(missing: [Claim] = [], refused: [RefusedClaim] = []) {
    self.missing = missing
    self.refused = refused
  }
}

extension ClaimKeeper {
  /// Holds every claim again that can be held: not all or nothing, because a process uses them.
  ///
  /// What a former process has left in the engine is adopted, whatever mode it was left in; the rest
  /// is taken anew.
  public func recover(
    _ owner: OwnerID, _ claims: [Claim], then: @escaping @Sendable (Reclaimed) -> Void
  ) {
    enqueue(owner) { [self] in
      adopt(claims, for: owner) { [self] in
        let found = holds(owner)
        retake(steps(owner, claims), for: owner) { [self] refused in
          let held = holds(owner)
          // Adopted ones, too: the engine has not told what stands in their blocks.
          let all = claims.filter { held[$0.resource] != nil }
            .map { Step(claim: $0, former: held[$0.resource]) }
          sign(all, for: owner) { [self] _ in
            let missing = claims.filter { claim in
              found[claim.resource] == nil && held[claim.resource] != nil
            }
            then(Reclaimed(missing: missing, refused: refused))
            next(owner)
          }
        }
      }
    }
  }

  func adopt(
    _ claims: [Claim], for owner: OwnerID, then: @escaping @Sendable () -> Void
  ) {
    // What it has found already is not looked for again: that would be somebody else's of this node.
    let holds = holds(owner)
    let claims = claims.filter { holds[$0.resource] == nil }
    let left = Mutex(claims.count + 1)
    @Sendable func arrive() {
      if left.withLock({
        $0 -= 1; return $0 == 0
      }) {
        then()
      }
    }
    for claim in claims {
      adopt(claim, for: owner, modes: [claim.mode] + LockMode.allCases.reversed(), then: arrive)
    }
    arrive()
  }

  /// A record is written before the engine is asked, so the lock may be in the mode before.
  private func adopt(
    _ claim: Claim, for owner: OwnerID, modes: [LockMode], then: @escaping @Sendable () -> Void
  ) {
    guard let mode = modes.first else { return then() }
    engine.adopt(claim.resource, mode) { [self] adoption in
      switch adoption {
      case .adopted(let lock):
        hold(owner, claim.resource, Hold(lock: lock, mode: mode))
        then()
      case .otherMode: adopt(claim, for: owner, modes: Array(modes.dropFirst()), then: then)
      case .nothing: then()
      }
    }
  }

  /// Each for itself; then what was refused.
  private func retake(
    _ steps: [Step], for owner: OwnerID, then: @escaping @Sendable ([RefusedClaim]) -> Void
  ) {
    request(steps, for: owner) { [self] outcomes in
      let refused = zip(steps, outcomes).filter { !$1.isGranted }.map(\.0)
      guard patience != nil else { return then(refused.map { RefusedClaim($0.claim) }) }
      insist(refused[...], for: owner, then: then)
    }
  }

  private func insist(
    _ steps: ArraySlice<Step>, for owner: OwnerID,
    then: @escaping @Sendable ([RefusedClaim]) -> Void
  ) {
    guard let step = steps.first else { return then([]) }
    contend([step], for: owner) { [self] refused in
      insist(steps.dropFirst(), for: owner) { then((refused.map { [$0] } ?? []) + $0) }
    }
  }
}
