import AgentAPI
import LockModel

// What people read who were refused, whoever else there is: what, which disk, what to do.
func start(of domain: Domain, _ reason: String) -> String {
  "start of \(Quoted(domain.name)) refused: \(reason)."
}

extension Guard {
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

  func lostBeforeStart(_ owner: Owner) -> String {
    start(
      of: owner.domain,
      "\(owner.lost.count) of its \(owner.claims.count) locks were lost while it was starting")
      + " Start it again. See: dlmguard status"
  }

  func bareStart(_ owner: Owner) -> String {
    start(
      of: owner.domain,
      "it runs already, started while there was no agent, and somebody else has what it uses")
      + " See: dlmguard status"
  }

  /// It was saved as soon as it had come from another node, which still has its locks.
  func savedBeforeItsLocksCame(_ owner: Owner, from source: NodeID) -> String {
    start(
      of: owner.domain,
      "it was saved here when it had come from \(place(source)), which still has its locks and may run it"
    )
      + " Look there: \(virsh(source)) domstate \(owner.domain.uuid). What runs there must be shut down before "
      + "its saved state can go on\(ifDead(source))"
  }

  func unwritable(_ domain: Domain, _ failure: String) -> String {
    start(
      of: domain,
      "the agent cannot record its locks, so they would not outlive the agent: \(failure). Mend "
        + "that and start it again")
  }
}

extension Inadmissible {
  var code: Refusal.Code {
    switch self {
    case .unidentified: .unsafe
    case .absent: .unknown
    case .writtenTwice: .invalid
    }
  }

  func text(of domain: Domain) -> String {
    start(of: domain, clause)
  }

  /// What is wrong, without a full stop.
  var clause: String {
    switch self {
    case .unidentified(let resource, let reason):
      "\(resource.device) \(Quoted(resource.source.location)) cannot be identified, so it cannot "
        + "be locked: \(reason)"
    case .absent(let resource):
      "\(resource.device) \(Quoted(resource.source.location)) does not exist on this node, so it "
        + "cannot be locked"
    case .writtenTwice(let first, let second):
      "\(first.device) \(Quoted(first.source.location)) and \(second.device) "
        + "\(Quoted(second.source.location)) are the same storage, and it would write it twice. "
        + "Remove one, or make both <shareable/>"
    }
  }
}

extension Policy {
  /// Why a domain with such parts may not start; nil where it may.
  func refusal(of domain: Domain, with unguarded: [UnguardedResource]) -> String? {
    guard unlockable == .refuse, !unguarded.isEmpty else { return nil }
    let list = unguarded.map { "\($0.device) (\($0.description))" }.joined(separator: ", ")
    return start(
      of: domain,
      "this version cannot lock \(Quoted(list, limit: 500)), and unlockable = \"refuse\" is set in "
        + "dlmguard.conf")
  }
}
