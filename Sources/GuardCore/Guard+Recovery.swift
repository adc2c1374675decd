import AgentAPI
import LockModel

// After a restart of the agent every claim of the ledger is held again before anybody may ask.
extension Guard {
  mutating func recover(_ records: [Recovered]) {
    beginRecovery()
    nextInstance = (records.map(\.record.owner.instance).max() ?? 0) + 1
    var living: [(record: OwnerRecord, stage: OwnerRecord.Stage, keeper: ProcessRef?)] = []
    // The latest incarnation of a domain first: at most one is still alive.
    for recovered in records.sorted(by: { $0.record.owner > $1.record.owner }) {
      let record = recovered.record
      guard !living.contains(where: { $0.record.owner.domain == record.owner.domain }),
        let stage = stage(of: recovered)
      else {
        effects.append(.erase(record.owner))
        continue
      }
      living.append(
        (record, stage, stage == .running ? keeper(of: recovered) : record.keeper))
    }
    // What is used comes before what was only asked for, and that in the order in which it was.
    let (starting, used) = (
      living.filter { $0.record.stage == .starting }, living.filter { $0.record.stage != .starting }
    )
    var claimed = used.flatMap { living in
      living.record.held.map { (owner: living.record.owner, claim: $0) }
    }
    let asked = starting.sorted { $0.record.owner.instance < $1.record.owner.instance }
    // What runs by now, or has a save image, was granted what it asked for.
    let inOrder =
      used + asked.filter { $0.stage != .starting } + asked.filter { $0.stage == .starting }
    for owner in inOrder {
      let id = owner.record.owner
      let held = owner.record.held
      // A record is written before the engine is asked: of two claims that shut each other out one
      // was never granted, and taking it over would be taking over the other one's lock.
      let more = owner.record.claims.filter { claim in
        !held.contains(claim)
          && claimed.allSatisfy {
            $0.owner == id || $0.claim.resource != claim.resource
              || $0.claim.mode.isCompatible(with: claim.mode)
          }
      }
      claimed += more.map { (owner: id, claim: $0) }
      let rest = held.filter { claim in !more.contains { $0.resource == claim.resource } }
      takeOver(owner.record, holding: rest + more, owner.stage, keeper: owner.keeper)
    }
    openIfRecovered()
  }

  /// Where an owner is in its life now; nil where nothing uses its resources any more.
  private func stage(of recovered: Recovered) -> OwnerRecord.Stage? {
    let record = recovered.record
    if keeper(of: recovered) != nil { return .running }
    // Where it went they may not wait for its claims yet.
    if hasDeparted(recovered) { return .running }
    if record.stage == .exported { return .exported }
    if recovered.saveImage, record.origin.isDomain { return .saved }
    switch record.stage {
    case .starting, .prepared: return recovered.keeperAlive ? .starting : nil
    case .running, .saved, .exported: return nil
    }
  }

  /// Whether its process is gone since it went to another node, or while it did; a record of an earlier
  /// boot is of locks that went with that.
  private func hasDeparted(_ recovered: Recovered) -> Bool {
    let record = recovered.record
    guard case .to = record.handover else { return false }
    return record.stage == .running && record.keeper != nil && keeper(of: recovered) == nil
  }

  /// The process that uses the resources now.
  private func keeper(of recovered: Recovered) -> ProcessRef? {
    if recovered.record.stage == .running, recovered.keeperAlive { return recovered.record.keeper }
    return recovered.record.origin.isDomain ? recovered.qemu : nil
  }

  private mutating func takeOver(
    _ record: OwnerRecord, holding claims: [Claim], _ stage: OwnerRecord.Stage,
    keeper: ProcessRef?
  ) {
    let former: Owner.Former.Phase =
      switch stage {
      case .starting, .prepared: .prepared
      case .running: .running
      case .saved, .exported: .saved
      }
    let isSaved = former == .saved
    var owner = Owner(
      id: record.owner, domain: Domain(uuid: record.owner.domain, name: record.name),
      origin: record.origin, phase: .registered, keeper: nil, since: record.since)
    // What is not taken over is asked for again: by the next hook of a start, which does not go on
    // without, or when the guest is looked at.
    owner.claims =
      stage != .starting
      ? claims
      : record.claims.map { claim in claims.first { $0.resource == claim.resource } ?? claim }
    owner.lost = Set(owner.claims.map(\.resource)).subtracting(claims.map(\.resource))
    // Of a start that was broken off nobody wrote down what was granted.
    owner.uncertain =
      record.stage == .starting
      ? Set(claims.map(\.resource))
      : record.asked.intersection(claims.filter(record.claims.contains).map(\.resource))
    owner.attached = record.attached
    owner.unguarded = record.unguarded
    owner.isExported = stage == .exported
    // Of one that went elsewhere the former agent may have let go.
    let hasLeft = stage == .running && keeper == nil
    switch record.handover {
    case .from(let node):
      owner.handover = .incoming(from: node, waits: 0, overlap: nil)
      if former == .prepared { owner.advent = .confirmed(looks: 0) }
      owner.uncertain = []
    case .to(let node):
      owner.handover = .outgoing(to: node, .unknown)
      if hasLeft { owner.uncertain = Set(owner.claims.map(\.resource)) }
    case nil: break
    }
    owner.sight.isSurplus = true
    let lesser =
      hasLeft || former == .prepared
      ? [] : record.former.filter { owner.uncertain.contains($0.resource) }
    owner.phase = .acquiring(
      Owner.Admission(
        purpose: .recovery, request: nil,
        former: Owner.Former(phase: former, claims: lesser, keeper: isSaved ? nil : keeper),
        claims: claims))
    owners[owner.id.domain] = owner
    recovering.insert(owner.id)
    if !isSaved { setKeeper(owner.id, keeper) }
    effects.append(
      owner.source == nil ? .recover(owner.id, claims) : .queueAgain(owner.id, claims))
  }

  mutating func reclaimed(_ id: OwnerID, missing: [Claim], refused: [RefusedClaim]) {
    guard let owner = owner(id), case .acquiring(let admission) = owner.phase,
      admission.purpose == .recovery, let former = admission.former
    else { return }
    // What the former agent had only asked for was perhaps never held.
    let missing = missing.filter { !owner.uncertain.contains($0.resource) }
    let denied = Set(refused.map(\.claim.resource)).intersection(owner.uncertain)
    let refused = refused.filter { !denied.contains($0.claim.resource) }
    // Raised it was not, but it is there as it was before.
    let lesser = former.claims.filter { denied.contains($0.resource) }
    update(id) { owner in
      owner.uncertain = []
      // The next hook of a start asks again for what it has not.
      guard former.phase != .prepared else { return owner.lost.formUnion(denied) }
      owner.claims = owner.claims.compactMap { claim in
        denied.contains(claim.resource)
          ? lesser.first { $0.resource == claim.resource } : claim
      }
      owner.attached.removeAll { given in
        denied.contains(given.resource)
          && !lesser.contains { $0.resource == given.resource && $0.mode.covers(given.mode) }
      }
    }
    // A start that the former agent broke off in may never have come to the engine.
    if !missing.isEmpty, description.locksOutliveAgent, former.phase != .prepared {
      regained(owner, missing)
    }
    if !refused.isEmpty {
      update(id) { $0.lost.formUnion(refused.map(\.claim.resource)) }
      let message = recoveryConflict(owner, refused)
      auditLost(owner, refused.map(\.claim), message)
      alarm(message, owner: id)
    }
    if lesser.isEmpty { resume(id) } else { recover(lesser, of: id, as: former) }
    if !refused.isEmpty, let owner = self.owner(id) {
      let reason = "somebody else has locked what it lost while there was no agent"
      if let process = victim(owner) {
        kill(process, of: owner, reason)
      } else if policy.onLockLost == .pause, isAtRisk(owner) {
        pause(id, reason)
      }
    }
    if lesser.isEmpty { loseLate(id, admission) }
  }

  /// What could not be raised is held as it was before. That may be lost by now, which is then a loss.
  private mutating func recover(_ lesser: [Claim], of id: OwnerID, as former: Owner.Former) {
    update(id) { owner in
      owner.phase = .acquiring(
        Owner.Admission(
          purpose: .recovery, request: nil,
          former: Owner.Former(phase: former.phase, claims: [], keeper: former.keeper),
          claims: lesser, lost: owner.admission?.lost ?? [:]))
    }
    effects.append(.recover(id, lesser))
  }

  /// The claims of a recorded owner are held again, as far as they can be.
  private mutating func resume(_ id: OwnerID) {
    recovering.remove(id)
    guard let owner = owner(id), let former = owner.admission?.former else { return }
    audit(.recovered, owner, ("stage", "\(former.phase)"))
    switch former.phase {
    case .registered, .running:
      update(id) { $0.phase = .running }
      // Where its guest has gone to may not have its locks yet: the record that says so stays as it is, for
      // one without a process would be taken for one of an earlier boot.
      guard let keeper = owner.keeper else {
        end(id, nil)
        break
      }
      effects.append(.record(owner.record(.running), .noted))
      // It may have died between being looked at and being watched.
      effects.append(.confirm(id, keeper))
    case .prepared:
      update(id) { $0.phase = .prepared }
      wake(id, .startLimit, after: policy.startLimit)
    case .saved where owner.isExported:
      update(id) { $0.phase = .saved }
      effects.append(.record(owner.record(.exported), .noted))
    case .saved:
      // The image may be removed at any time: from here on its removal is reported.
      update(id) { $0.phase = .ending }
      effects.append(.lookForSaveImage(id, name: owner.domain.name))
    }
    openIfRecovered()
  }
}
