import AgentAPI
import LockModel

// What people read who were refused: what, which disk, who holds it, since when, what to do.
extension Guard {
  func start(of domain: Domain, _ reason: String) -> String {
    "start of \(Quoted(domain.name)) refused: \(reason)."
  }

  func process(_ owner: Owner) -> String {
    owner.keeper.map { " (\($0))" } ?? ""
  }

  /// The domain has an owner on this node.
  func alreadyHere(_ owner: Owner, asking domain: Domain) -> String {
    let known =
      owner.domain.name == domain.name
      ? "it" : "the same domain (UUID \(domain.uuid)), under the name \(Quoted(owner.domain.name)),"
    return start(
      of: domain,
      "\(known) is already \(owner.phaseName) on node \(description.node)\(process(owner)) since "
        + "\(owner.since)")
      + " See: dlmguard inquire \(domain.uuid)"
  }

  func conflict(_ domain: Domain, _ refused: [Claim]) -> String {
    guard let claim = refused.first else { return start(of: domain, "a lock was refused") }
    let more = refused.count == 1 ? "" : " (and \(refused.count - 1) more)"
    let wanted =
      "\(claim.device) \(Quoted(claim.location))\(more) is wanted in \(claim.mode.words)"
    guard let (holder, held) = holder(of: claim, besides: domain) else {
      return start(of: domain, "\(wanted), but an unknown holder has it")
        + " See: dlmguard who \(Quoted(claim.location))"
    }
    return start(
      of: domain,
      "\(wanted), but \(Quoted(holder.domain.name)) on node \(description.node) has held it in "
        + "\(held.mode.words) since \(holder.since) (\(held.device), \(holder.phaseName))")
      + " \(advice(claim, holder, held))"
  }

  /// A conflict that is certain before anything is recorded or asked for: with an owner of this node
  /// that holds its claims and will not let go by itself. Nil says nothing; the engine decides.
  func foreseen(_ wanted: [Claim], for domain: Domain) -> String? {
    let refused = wanted.filter { claim in
      guard let (owner, _) = holder(of: claim, besides: domain) else { return false }
      return owner.isSettled
    }
    return refused.isEmpty ? nil : conflict(domain, refused)
  }

  /// Who holds a claim in a mode that shuts this one out.
  private func holder(of claim: Claim, besides domain: Domain) -> (Owner, Claim)? {
    for owner in owners.claimants(of: claim.resource) where owner.domain.uuid != domain.uuid {
      for held in owner.claims
      where held.resource == claim.resource && !held.mode.isCompatible(with: claim.mode) {
        return (owner, held)
      }
    }
    return nil
  }

  private func advice(_ claim: Claim, _ holder: Owner, _ held: Claim) -> String {
    let name = Quoted(holder.domain.name)
    if case .saved = holder.phase {
      return "It is saved in the middle of its disks: start \(name) and shut it down, or drop its "
        + "saved state: virsh managedsave-remove \(name)"
    }
    if claim.mode == .pr, held.mode == .pw || held.mode == .cw, claim.device.hasPrefix("disk") {
      return "Shut \(name) down first, or, if this guest can bear a disk that changes under it, "
        + "set readonly = \"concurrent\" in dlmguard.conf"
    }
    return "Shut \(name) down first. See: dlmguard who \(Quoted(claim.location))"
  }

  func code(_ inadmissible: Inadmissible) -> Refusal.Code {
    switch inadmissible {
    case .unidentified: .unsafe
    case .absent: .unknown
    case .writtenTwice: .invalid
    }
  }

  func text(_ inadmissible: Inadmissible, of domain: Domain) -> String {
    switch inadmissible {
    case .unidentified(let resource, let reason):
      start(
        of: domain,
        "\(resource.device) \(Quoted(resource.source.location)) cannot be identified, so it cannot "
          + "be locked: \(reason)")
    case .absent(let resource):
      start(
        of: domain,
        "\(resource.device) \(Quoted(resource.source.location)) does not exist on this node, so it "
          + "cannot be locked")
    case .writtenTwice(let first, let second):
      start(
        of: domain,
        "\(first.device) \(Quoted(first.source.location)) and \(second.device) "
          + "\(Quoted(second.source.location)) are the same storage, and it would write it twice. "
          + "Remove one, or make both <shareable/>")
    }
  }

  func unwritable(_ domain: Domain, _ failure: String) -> String {
    start(
      of: domain,
      "the agent cannot record its locks, so they would not outlive the agent: \(failure). Mend "
        + "that and start it again")
  }
}
