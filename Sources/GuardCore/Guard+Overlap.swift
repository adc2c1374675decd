import AgentAPI
import LockModel

// A guest is here that another node sent, and its locks are still there: which of the two is the one that goes on?
extension Guard {
  /// Its source has asked about it. Whoever lets go does so in a moment, and that ends it.
  mutating func suspect(_ uuid: DomainUUID) {
    guard let owner = owners[uuid], owner.source != nil, owner.overlap == nil else { return }
    update(owner.id) { $0.overlap = .suspected }
    wake(owner.id, .overlap, after: policy.overlapLimit)
  }

  /// It runs here and its locks are still there: for a moment that is how a migration ends. If it lasts,
  /// the other node's libvirt may have taken a lost answer for a failure, and let its guest go on.
  mutating func askWhyStillThere(_ owner: Owner) {
    guard let source = owner.source, let overlap = owner.overlap else { return }
    guard overlap != .suspected, owner.guest != nil, !owner.sight.isPaused else {
      // What libvirt here does not tell, its source's may.
      update(owner.id) { $0.overlap = .suspected }
      inquire(.sending, owner.domain.uuid, of: source)
      return
    }
    inquire(.overlapping, owner.domain.uuid, of: source)
  }

  /// Whether its source, which has asked about what waits here, still sends it. Where it does not, libvirt
  /// here would have ended its process by now, if there were one to do that.
  mutating func reconsider(_ owner: Owner, by node: NodeID?, _ answer: HandoverAnswer) {
    guard let source = owner.source else { return }
    switch answer {
    case .staying: callOff(owner, source)
    case .standing where owner.guest == nil: callOff(owner, source)
    case .leaving: update(owner.id) { $0.overlap = nil }
    case .none where node != nil: update(owner.id) { $0.overlap = nil }
    // Neither runs: whoever resumes it here is seen to.
    case .standing where owner.sight.isPaused: update(owner.id) { $0.overlap = nil }
    case .standing, .waiting, .none: wake(owner.id, .overlap, after: policy.overlapLimit)
    }
  }

  /// Its source sends it no more, so what is here of it must not go on.
  private mutating func callOff(_ owner: Owner, _ source: NodeID) {
    // Its restore is refused as long as it goes on there.
    if owner.isSaved { return update(owner.id) { $0.overlap = nil } }
    guard let process = owner.guest else {
      // Of a start that has no process nothing will come.
      if case .prepared = owner.phase { searchInSilence(owner) }
      return wake(owner.id, .overlap, after: policy.overlapLimit)
    }
    let reason =
      "the migration to here was called off, and it goes on on \(place(source)), which holds its locks"
    alarm("\(Quoted(owner.domain.name)) (\(process)) was left over: \(reason)", owner: owner.id)
    update(owner.id) { $0.overlap = nil }
    if isAtRisk(owner) { kill(process, of: owner, reason) }
  }

  /// What its source says of a guest that runs here.
  mutating func judge(_ owner: Owner, by node: NodeID?, _ answer: HandoverAnswer) {
    guard let source = owner.source else { return }
    let name = Quoted(owner.domain.name)
    switch answer {
    case .staying:
      let reason =
        "it goes on on \(place(source)), which holds its locks: the migration to here failed"
      alarm("\(name)\(process(owner)) runs on two nodes: \(reason)", owner: owner.id)
      if isAtRisk(owner), let process = owner.guest { kill(process, of: owner, reason) }
    case .standing:
      alarm(
        "\(name)\(process(owner)) came from \(place(source)) and runs here, but stands still there and keeps "
          + "its locks there: libvirt has lost sight of how the migration ended. If it is well here, end it "
          + "there: \(virsh(source)) destroy \(owner.domain.uuid) (managedsave-remove, if it was saved there). "
          + "Never resume it there",
        owner: owner.id)
      // Whoever resumes it there all the same has two that run: that is found out as fast as a lost answer is.
      wake(owner.id, .overlap, after: policy.overlapLimit)
    // What it has let go of comes here, if nobody else has it.
    case .none where node != nil: effects.append(.probe(owner.id))
    case .leaving, .waiting, .none: wake(owner.id, .overlap, after: policy.overlapLimit)
    }
  }

  /// Its source has let go, and yet it waits.
  mutating func probed(_ id: OwnerID, _ barred: [ResourceName: Holder?]) {
    guard let owner = owner(id), let source = owner.source, let overlap = owner.overlap else {
      return
    }
    let refused = owner.claims.compactMap { claim in
      barred[claim.resource].map { holder in
        RefusedClaim(claim, holder: holder.flatMap { $0.domain == owner.domain.uuid ? nil : $0 })
      }
    }
    guard overlap == .barred, !refused.isEmpty else {
      update(id) { $0.overlap = refused.isEmpty ? .seen : .barred }
      return wake(id, .overlap, after: policy.overlapLimit)
    }
    let (reason, _) = explain(refused, to: owner.domain)
    lose(
      owner, where: { barred[$0.resource] != nil },
      "\(place(source)) has let go of it, and \(reason)")
  }
}
