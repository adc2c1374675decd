import AgentAPI
import LockModel

// What a guest uses has changed while it runs: its claims follow. It uses its new disks already, so
// whatever can be had is taken, and what cannot is dealt with as the operator decided.
extension Guard {
  mutating func compare(_ owner: Owner, _ sighting: Sighting, _ survey: Survey) {
    let (claims, problems) = attainable(survey.identifications, needsAll: false)
    let wish = [Claim(owner.domain)] + claims
    let news = sighting.unguarded.filter { !owner.unguarded.contains($0) }
    reportUnguarded(owner, news)
    var troubles = problems.map { $0.clause }
    let needed = extend(wish, with: owner.attached).all
    let (all, added) = extend(owner.claims, with: needed)
    let missing = added + all.filter { owner.lost.contains($0.resource) }
    if !missing.isEmpty, let obstacle {
      troubles.append("\(named(missing).what) cannot be locked for now: \(obstacle)")
    }
    update(owner.id) { owner in
      owner.unguarded = sighting.unguarded
      owner.sight.compared = sighting
      owner.sight.wish = wish
      owner.sight.isPartial = !problems.isEmpty
      owner.sight.former = owner.sight.troubles
      owner.sight.troubles = troubles
    }
    guard let owner = self.owner(owner.id) else { return }
    guard !missing.isEmpty, obstacle == nil else { return conclude(owner) }
    admit(
      owner, needed, .change, nil,
      former: Owner.Former(phase: .running, claims: owner.claims, keeper: owner.keeper))
  }

  /// Some of what a guest already uses is not to be had; the rest is.
  mutating func contest(
    _ owner: Owner, _ admission: Owner.Admission, _ refused: [RefusedClaim]
  ) {
    let (reason, _) = explain(refused, to: owner.domain)
    update(owner.id) { $0.sight.troubles.append(reason) }
    // What it has been seen to use since then is asked for next.
    if !refused.contains(where: \.isFailure), !owner.sight.isStale {
      let isLoss = refused.allSatisfy { owner.lost.contains($0.claim.resource) }
      respond(to: owner, isLoss ? policy.onLockLost : policy.onHotplugConflict, reason)
    }
    guard let owner = self.owner(owner.id) else { return }
    settleFor(owner, admission, without: refused.map(\.claim.resource))
  }

  /// A guest that dlmguard has admitted must not write what somebody else has locked; one that was found
  /// running is for a person to judge: perhaps it is the other one that is wrong.
  private mutating func respond(
    to owner: Owner, _ response: Policy.Response, _ reason: String
  ) {
    guard owner.origin == .hook, isAtRisk(owner), let process = owner.guest else { return }
    switch response {
    case .alarm: break
    case .pause: pause(owner.id, reason)
    case .kill: kill(process, of: owner, reason)
    }
  }

  mutating func changeRecorded(_ id: OwnerID, _ admission: Owner.Admission, _ failure: String?) {
    let hindrance = failure.map { "the agent cannot record its locks: \($0)" } ?? obstacle
    guard let hindrance else {
      update(id) { $0.phase = .acquiring(admission) }
      effects.append(.acquire(id, admission.claims))
      return
    }
    // Where the ledger has taken it, it takes it back.
    fallBack(id, admission, isRecorded: failure == nil)
    let trouble = "\(named(admission.claims).what) could not be locked: \(hindrance)"
    update(id) { $0.sight.troubles.append(trouble) }
    if let owner = owner(id) { conclude(owner) }
  }

  /// Everything that can be had is held: what is left over goes, and what is missing is told.
  mutating func conclude(_ owner: Owner) {
    let troubles = owner.sight.troubles
    if troubles != owner.sight.former { tell(owner, troubles) }
    if troubles.isEmpty {
      alarms.removeAll { $0.owner == owner.id && $0.isOfChange }
    } else {
      lookAgainLater(at: owner.id)
    }
    reduce(owner)
    // A hook that came meanwhile.
    admitQueued(owner.id.domain)
  }

  /// What could not be had may be free by then. However often that is found, one timer runs.
  mutating func lookAgainLater(at id: OwnerID) {
    guard owner(id)?.sight.isAwaited == false else { return }
    update(id) { $0.sight.isAwaited = true }
    wake(id, .contested, after: policy.contestInterval)
  }

  private mutating func tell(_ owner: Owner, _ troubles: [String]) {
    alarms.removeAll { $0.owner == owner.id && $0.isOfChange }
    guard !troubles.isEmpty else { return audit(.settled, owner) }
    for trouble in troubles {
      audit(.contested, owner, ("reason", trouble))
      alarm(
        "\(Quoted(owner.domain.name))\(process(owner)) runs with something that it could not lock: \(trouble). "
          + advice(owner), owner: owner.id, isOfChange: true)
    }
  }

  private func advice(_ owner: Owner) -> String {
    let name = Quoted(owner.domain.name)
    let settle = "Detach it from \(name) (virsh detach-disk), or shut the other guest down"
    guard owner.origin == .hook, isAtRisk(owner) else { return settle }
    return switch policy.onHotplugConflict {
    case .pause where owner.sight.isPaused || owner.sight.isPausing:
      "It is paused (on_hotplug_conflict = \"pause\"). \(settle), then: virsh resume \(name)"
    case .kill where owner.death != nil: "It is being killed (on_hotplug_conflict = \"kill\")"
    default: settle
    }
  }
}

// MARK: - Less than before

extension Guard {
  /// What the guest no longer uses, or uses less, is given back. The record goes first: one that named
  /// too much would, after a restart, make a lock that somebody else has got since pass for lost.
  private mutating func reduce(_ owner: Owner) {
    guard !owner.sight.isPartial else { return }
    let needed = extend(owner.sight.wish, with: owner.attached).all
    let wish = Dictionary(
      needed.map { ($0.resource, $0) }, uniquingKeysWith: { first, _ in first })
    let kept = owner.claims.compactMap { held -> Claim? in
      guard let wished = wish[held.resource] else { return nil }
      return held.mode != wished.mode && held.mode.covers(wished.mode) ? wished : held
    }
    guard kept != owner.claims || owner.sight.isSurplus else {
      return update(owner.id) { $0.sight.doubt = .none }
    }
    guard owner.sight.doubt == .over || kept == owner.claims else {
      if owner.sight.doubt == .none { wake(owner.id, .surplus, after: policy.surplusDelay) }
      return update(owner.id) { $0.sight.doubt = .fresh }
    }
    give(owner.id, backTo: kept)
  }

  /// Holds no more than that from now on, which is less than before.
  mutating func give(_ id: OwnerID, backTo kept: [Claim]) {
    guard let former = owner(id) else { return }
    let given = former.claims.filter { held in !kept.contains { $0.resource == held.resource } }
    update(id) { owner in
      owner.claims = kept
      owner.lost.subtract(given.map(\.resource))
      owner.sight.isSurplus = true
      owner.sight.isReducing = true
      owner.sight.doubt = .none
    }
    guard let owner = owner(id) else { return }
    if !given.isEmpty {
      audit(
        .released, owner, ("count", "\(given.count)"),
        ("claims", given.map { "\($0.mode):\($0.resource)" }.joined(separator: " ")))
    }
    effects.append(.record(owner.record(.running), .reduction))
  }

  mutating func reductionRecorded(_ id: OwnerID, _ failure: String?) {
    guard let owner = owner(id), owner.sight.isReducing else { return }
    guard let failure else {
      effects.append(.reduce(id, to: owner.claims))
      return
    }
    update(id) { $0.sight.isReducing = false }
    detached(id, failure: failure)
    alarm(
      "what \(Quoted(owner.domain.name)) no longer uses stays locked, because the agent cannot record it: "
        + failure, owner: id, isOfChange: true)
    lookAgainLater(at: id)
  }

  mutating func reduced(_ id: OwnerID) {
    guard let owner = owner(id), owner.sight.isReducing else { return }
    update(id) { owner in
      owner.sight.isReducing = false
      owner.sight.isSurplus = false
    }
    detached(id)
    lookAgain(at: id)
  }
}
