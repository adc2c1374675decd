import LockModel

/// How long a refusal is doubted before a start is refused for it.
///
/// A lock that was given back may still be known to its master on another node for a moment
/// (fs/dlm/lock.c, `down_conversion`), and two nodes that race for overlapping sets each hold what the
/// other wants until both have given back.
public struct Patience: Sendable {
  /// Pauses altogether while the resource names its holder, in ms: it may be giving back just now.
  let named: Int64
  /// Pauses altogether while it names nobody, in ms: a reader or sharer has it, or one that races
  /// and has not signed.
  let unnamed: Int64
  /// One pause, in ms.
  let step: Int64
  /// Calls back after that many ms, on any thread.
  let pause: @Sendable (Int64, @escaping @Sendable () -> Void) -> Void

  /// All times in ms.
  public init(
    named: Int64 = 200, unnamed: Int64 = 2_000, step: Int64 = 50,
    pause: @escaping @Sendable (Int64, @escaping @Sendable () -> Void) -> Void
  ) {
    self.named = named
    self.unnamed = unnamed
    self.step = step
    self.pause = pause
  }
}

extension ClaimKeeper {
  /// Takes resource after resource in the order of their names; then nil, or the claim at which it
  /// gave up, everything given back.
  ///
  /// Of all that contend so, whoever has the first name that two sets share has it for good: the
  /// others are before it in no later name, so nobody waits for anybody in a circle.
  func contend(
    _ steps: [Step], for owner: OwnerID, then: @escaping @Sendable (RefusedClaim?) -> Void
  ) {
    let ordered = steps.sorted { $0.claim.resource < $1.claim.resource }
    contend(ordered, taken: 0, paused: 0, for: owner, then: then)
  }

  private func contend(
    _ steps: [Step], taken: Int, paused: Int64, for owner: OwnerID,
    then: @escaping @Sendable (RefusedClaim?) -> Void
  ) {
    guard taken < steps.count else {
      return sign(steps, for: owner) { failed in then(failed.first) }
    }
    let claim = steps[taken].claim
    request([steps[taken]], for: owner) { [self] outcomes in
      guard let outcome = outcomes.first, !outcome.isGranted else {
        return contend(steps, taken: taken + 1, paused: paused, for: owner, then: then)
      }
      let failure = outcome.refusal(of: claim, holder: nil)
      guard !failure.isFailure else {
        return undo(Array(steps[..<taken]), for: owner) { then(failure) }
      }
      readHolder(of: claim.resource) { [self] holder in
        guard let patience, paused < (holder == nil ? patience.unnamed : patience.named) else {
          return undo(Array(steps[..<taken]), for: owner) {
            then(RefusedClaim(claim, holder: holder))
          }
        }
        patience.pause(patience.step) { [self] in
          contend(
            steps, taken: taken, paused: paused + patience.step, for: owner, then: then)
        }
      }
    }
  }

  /// Who has signed a resource: read through a lock in NL, which is granted beside any other.
  func readHolder(of resource: ResourceName, then: @escaping @Sendable (Holder?) -> Void) {
    readHolders(of: [resource]) { then($0[resource] ?? nil) }
  }

  /// The same of several at once; without those that could not be read.
  func readHolders(
    of resources: [ResourceName], then: @escaping @Sendable ([ResourceName: Holder?]) -> Void
  ) {
    Answers.gather(resources, from: engine) { resource, completion in
      engine.lock(resource, .nl, .expedite, then: completion)
    } then: { [engine] answers in
      let read = answers.filter(\.outcome.isGranted)
      var holders: [ResourceName: Holder?] = [:]
      for (resource, answer) in zip(resources, answers) {
        guard case .granted(let value) = answer.outcome else { continue }
        holders[resource] = .some(value.flatMap { Holder($0) })
      }
      Answers.gather(read, from: engine) { answer, completion in
        engine.unlock(answer.lock, then: completion)
        return answer.lock
      } then: { [holders] _ in
        then(holders)
      }
    }
  }
}
