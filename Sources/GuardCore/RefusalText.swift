import AgentAPI
import LockModel

// What people read who were refused, whoever else there is: what, which disk, what to do.
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

  func lostBeforeStart(_ owner: Owner) -> String {
    start(
      of: owner.domain,
      "\(owner.lost.count) of its \(owner.claims.count) locks were lost while it was starting")
      + " Start it again. See: dlmguard status"
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
