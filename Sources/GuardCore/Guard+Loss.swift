import AgentAPI
import LockModel

// A lock that is known to be gone while its owner relies on it.
extension Guard {
  mutating func lose(_ resource: ResourceName, of id: OwnerID?, _ reason: String) {
    for owner in owners.claimants(of: resource) where id == nil || owner.id == id {
      lose(owner, where: { $0.resource == resource }, reason)
    }
  }

  mutating func loseAll(_ reason: String) {
    for owner in owners.values.sorted(by: { $0.id < $1.id }) {
      lose(owner, where: { _ in true }, reason)
    }
  }

  mutating func lose(_ owner: Owner, where isMeant: (Claim) -> Bool, _ reason: String) {
    let held = owner.held.filter(isMeant)
    lose(owner, held, reason)
    // Granted, perhaps, while others of the same request are not yet.
    guard var admission = owner.admission else { return }
    for claim in admission.claims.filter(isMeant) where !held.contains(claim) {
      admission.lost[claim.resource] = reason
    }
    update(owner.id) { $0.replace(admission) }
  }

  /// What was lost before all of its request was granted is lost now that it counts as held.
  mutating func loseLate(_ id: OwnerID, _ admission: Owner.Admission) {
    for (resource, reason) in admission.lost.sorted(by: { $0.key < $1.key }) {
      lose(resource, of: id, reason)
    }
  }

  /// Tells of each claim once.
  private mutating func lose(_ owner: Owner, _ claims: [Claim], _ reason: String) {
    let news = claims.filter { !owner.lost.contains($0.resource) }
    guard !news.isEmpty else { return }
    update(owner.id) { $0.lost.formUnion(news.map(\.resource)) }
    auditLost(owner, news, reason)
    let (what, danger) = named(news)
    alarm(
      "LOCK LOST: \(what) of \(Quoted(owner.domain.name))\(process(owner)) is not locked any more "
        + "(\(reason)), so \(danger). \(remedy(owner))", owner: owner.id)
    if let process = victim(owner) { return kill(process, of: owner, reason) }
    if policy.onLockLost == .pause, isAtRisk(owner) { pause(owner.id, reason) }
    // QEMU may run without `started` ever coming.
    if case .prepared = owner.phase { effects.append(.find(owner.id, owner.domain, .loss)) }
  }

  /// The process that must not go on without what its owner has lost; nil where none uses it, or where
  /// a person decides.
  func victim(_ owner: Owner) -> ProcessRef? {
    isAtRisk(owner) && policy.onLockLost == .kill ? owner.guest : nil
  }

  /// Claims that nobody kept while there was no agent, and that are held again.
  mutating func regained(_ owner: Owner, _ claims: [Claim]) {
    let reason = "it was not held when the agent came back; it has been locked anew"
    auditLost(owner, claims, reason)
    let (what, danger) = named(claims)
    alarm(
      "LOCK LOST for a while: \(what) of \(Quoted(owner.domain.name))\(process(owner)): \(reason). "
        + "Meanwhile \(danger): look for it in the journals of the other nodes (audit acquired), and "
        + "if it happened, stop the guest and check its disks", owner: owner.id)
  }

  mutating func auditLost(_ owner: Owner, _ claims: [Claim], _ reason: String) {
    var fields = [
      ("count", "\(claims.count)"),
      ("claims", claims.map { "\($0.mode):\($0.resource)" }.joined(separator: " ")),
      ("devices", claims.map(\.device).joined(separator: ", ")),
    ]
    if let keeper = owner.keeper { fields.append(("pid", "\(keeper.pid)")) }
    fields.append(("reason", reason))
    effects.append(.audit(AuditLine(.lost, owner.domain, owner.id, fields)))
  }

  /// The claims, by one that a person knows where to look for, and what may happen without them.
  func named(_ claims: [Claim]) -> (what: String, danger: String) {
    guard let claim = claims.first(where: { $0.device != "domain" }) else {
      return ("the identity", "it may be started a second time on another node")
    }
    let more = claims.count == 1 ? "" : " (and \(claims.count - 1) more)"
    return (
      "\(claim.device) \(Quoted(claim.location))\(more)", "another guest may write it"
    )
  }

  private func remedy(_ owner: Owner) -> String {
    let name = Quoted(owner.domain.name)
    guard owner.origin.isDomain else {
      return "Stop that process, and check what it wrote before anything else uses it"
    }
    if owner.isSaved {
      return
        "Before \(name) is started, make sure that no guest of another node has used its disks "
        + "since; if one has, the saved state is worthless: virsh managedsave-remove \(name)"
    }
    switch policy.onLockLost {
    case .kill where isAtRisk(owner):
      return
        "It is being killed (on_lock_lost = \"kill\"): check its disks before anything uses them"
    case .pause where isAtRisk(owner):
      return "It is being paused (on_lock_lost = \"pause\"): check its disks before it goes on"
    case .kill, .pause, .alarm:
      return "Unless its disks are in use nowhere else for certain, stop it now (virsh destroy "
        + "\(name)), and check them before anything uses them"
    }
  }
}
