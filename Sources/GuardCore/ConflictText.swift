import Directory
import LockModel

// What people read whom somebody else shuts out: which disk, who holds it, where, since when, what
// to do.
extension Guard {
  func conflict(_ domain: Domain, _ refused: [RefusedClaim]) -> String {
    let (reason, advice) = explain(refused, to: domain)
    return start(of: domain, reason) + (advice.isEmpty ? "" : " \(advice)")
  }

  /// The owner goes on whatever the engine says: it stays known, and loudly wrong.
  func recoveryConflict(_ owner: Owner, _ refused: [RefusedClaim]) -> String {
    let (reason, advice) = explain(refused, to: owner.domain)
    return
      "LOCK LOST: after a restart of the agent \(Quoted(owner.domain.name))\(process(owner)) is "
      + "not locked any more: \(reason). \(advice)"
  }

  /// A conflict that is certain before anything is recorded or asked for: with an owner of this node
  /// that holds its claims and will not let go by itself. Nil says nothing; the engine decides.
  func foreseen(_ wanted: [Claim], for domain: Domain) -> String? {
    let refused = wanted.filter { claim in
      guard let (owner, _) = holder(of: claim, besides: domain) else { return false }
      return owner.isSettled
    }
    return refused.isEmpty ? nil : conflict(domain, refused.map { RefusedClaim($0) })
  }

  /// Tells of the claim of which most is known, and what to do about it.
  func explain(
    _ refused: [RefusedClaim], to domain: Domain
  ) -> (reason: String, advice: String) {
    let others = refused.count - 1
    for claim in refused {
      guard case .failed(let reason) = claim.cause else { continue }
      return (
        "\(wanted(claim.claim, others: others)), but could not be locked: \(reason)",
        "Nobody need hold it"
      )
    }
    let here = refused.compactMap { refused in
      holder(of: refused.claim, besides: domain).map { (refused.claim, $0, $1) }
    }
    // An owner that is still asking may be shut out by the same holder.
    if let (claim, owner, held) = here.first(where: { $0.1.admission == nil }) {
      return explain(claim, others: others, owner, held)
    }
    if let twin = refused.first(where: { $0.claim.resource == ResourceName(domain: domain.uuid) }) {
      let known = self.twin(of: domain)
      return explainTwin(of: domain, twin.holder ?? known?.holder, silence: known?.silence ?? "")
    }
    for claim in refused {
      guard let holder = claim.holder else { continue }
      if let stranger = stranger(claim, besides: domain) {
        return explain(claim.claim, others: others, stranger)
      }
      return explain(claim.claim, others: others, holder, asking: domain)
    }
    for claim in refused {
      guard let stranger = stranger(claim, besides: domain) else { continue }
      return explain(claim.claim, others: others, stranger)
    }
    if let (claim, owner, held) = here.first {
      return explain(claim, others: others, owner, held)
    }
    guard let claim = refused.first?.claim else { return ("a lock was refused", "") }
    return explainUnnamed(claim, others: others)
  }

  func wanted(_ claim: Claim, others: Int) -> String {
    let more = others == 0 ? "" : " (and \(others) more)"
    return "\(claim.device) \(Quoted(claim.location))\(more) is wanted in \(claim.purpose.words)"
  }
}

// MARK: - Held on this node

extension Guard {
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

  private func explain(
    _ claim: Claim, others: Int, _ holder: Owner, _ held: Claim
  ) -> (reason: String, advice: String) {
    (
      "\(wanted(claim, others: others)), but \(called(holder)) on node "
        + "\(description.node) has held \(what(held, beside: claim)) in \(held.purpose.words) since "
        + "\(holder.since) (\(held.device), \(holder.phaseName))",
      advice(claim, holder, held)
    )
  }

  /// Not every owner is a guest: `dlmguard run` makes commands into owners.
  private func called(_ holder: Owner) -> String {
    holder.origin.isDomain
      ? "\(Quoted(holder.domain.name))"
      : "the command \(Quoted(holder.domain.name))\(process(holder))"
  }

  /// What somebody holds, in the eyes of one who wants something else of the same thing.
  func what(_ held: Claim, beside claim: Claim) -> String {
    switch (claim.use, held.use) {
    case (.whole, .whole), (.part, .part): "it"
    case (.whole, .part): "a part of it, \(Quoted(held.location)),"
    case (.part, .whole): "what it is a part of, \(Quoted(held.location)),"
    }
  }

  private func advice(_ claim: Claim, _ holder: Owner, _ held: Claim) -> String {
    let name = Quoted(holder.domain.name)
    guard holder.origin.isDomain else {
      return "Its locks go with that process: wait for it, or end it. See: dlmguard who "
        + "\(Quoted(claim.location))"
    }
    if case .saved = holder.phase, holder.isExported {
      return
        "It is saved to a file, in the middle of its disks: restore \(name) and shut it down, or, if that "
        + "file is given up: dlmguard revoke \(name)"
    }
    if case .saved = holder.phase {
      return "It is saved in the middle of its disks: start \(name) and shut it down, or drop its "
        + "saved state: virsh managedsave-remove \(name)"
    }
    if claim.purpose == .pr, held.purpose == .pw || held.purpose == .cw,
      claim.device.hasPrefix("disk")
    {
      return "Shut \(name) down first, or, if this guest can bear a disk that changes under it, "
        + "set readonly = \"concurrent\" in dlmguard.conf"
    }
    return "Shut \(name) down first. See: dlmguard who \(Quoted(claim.location))"
  }
}

// MARK: - Held on another node

extension Guard {
  /// What the value block of the resource tells of its holder: no name, and the mode that it had
  /// when it wrote that.
  private func explain(
    _ claim: Claim, others: Int, _ holder: Holder, asking domain: Domain
  ) -> (reason: String, advice: String) {
    let name = name(of: holder.domain, asking: domain)
    let called =
      name.map { "domain \(Quoted($0)) (UUID \(holder.domain))" } ?? "domain UUID \(holder.domain)"
    // Only who has all of a thing signs it.
    let what = claim.use == .whole ? "it" : "what it is a part of (\(claim.resource))"
    return (
      "\(wanted(claim, others: others)), but \(called) on \(place(holder.node)) has held \(what) in "
        + "\(holder.mode.words) since \(holder.since)",
      "Shut it down there first: \(virsh(holder.node)) domstate \(holder.domain)"
        + ifDead(holder.node)
    )
  }

  /// The guest itself is what is held: it is an administrator's second start, whatever its disks.
  private func explainTwin(
    of domain: Domain, _ holder: Holder?, silence: String
  ) -> (reason: String, advice: String) {
    let unconfirmed =
      if case .announced = owners[domain.uuid]?.advent {
        ". If this is a migration: no node has confirmed that it sends the guest here; see on the node "
          + "that has it: dlmguard status"
      } else {
        ""
      }
    guard let holder else {
      return (
        "the SAME guest (UUID \(domain.uuid)) already runs, or is being started, on another node, "
          + "which does not say which it is",
        "Look for it on the other nodes: dlmguard inquire \(domain.uuid)" + unconfirmed
      )
    }
    return (
      "the SAME guest (UUID \(domain.uuid)) already runs on \(place(holder.node)) since "
        + "\(holder.since), and a guest runs on one node at a time",
      "Look there: \(virsh(holder.node)) domstate \(domain.uuid). To have it here, migrate it, or shut "
        + "it down there" + silence + ifDead(holder.node) + unconfirmed
    )
  }

  /// Nobody is named: readers and sharers cannot say who they are.
  private func explainUnnamed(_ claim: Claim, others: Int) -> (reason: String, advice: String) {
    let who = "dlmguard who \(Quoted(claim.location))"
    guard description.lockspace != nil else {
      return ("\(wanted(claim, others: others)), but an unknown holder has it", "See: \(who)")
    }
    return (
      "\(wanted(claim, others: others)), but it is held by a guest of another node that cannot say "
        + "who it is: one that only reads it or shares it, or that has just begun or died",
      "Ask on the other nodes: \(who)"
    )
  }

  private func name(of uuid: DomainUUID, asking domain: Domain) -> String? {
    uuid == domain.uuid
      ? domain.name
      : owners[uuid]?.domain.name ?? directory.owners(of: uuid).first?.entry.name
  }

  func place(_ node: NodeID) -> String {
    guard let name = name(node) else { return node.description }
    return "node \(name.isPlain ? name : "\(Quoted(name))")"
  }

  /// The same for programs: its name alone, where it has said one.
  func placeName(_ node: NodeID) -> String { name(node) ?? node.description }

  private func name(_ node: NodeID) -> String? {
    node == cluster.here
      ? description.node.description
      : (cluster.name(node) ?? directory.name(of: node)).map(\.description)
  }

  /// The command that asks that node's libvirt.
  func virsh(_ node: NodeID) -> String {
    guard node != cluster.here, let name = name(node), name.isPlain else { return "virsh" }
    return "virsh -c qemu+ssh://\(name)/system"
  }

  func ifDead(_ node: NodeID) -> String {
    if node == cluster.here { return "" }
    return ". If \(place(node)) is dead, it must be fenced before its locks go: see dlm_tool status"
  }
}

extension String {
  /// Whether it can stand in a message and in a command as it is.
  fileprivate var isPlain: Bool {
    !isEmpty
      && utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
          UInt8(ascii: "_"), UInt8(ascii: ":"):
          true
        default: false
        }
      }
  }
}
