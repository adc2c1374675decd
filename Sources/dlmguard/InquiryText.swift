import AgentAPI
import LockModel

/// What a domain holds, for a person.
struct InquiryText {
  let owners: [OwnerReport]
  let style: Style

  var lines: [String] {
    owners.enumerated().flatMap { index, owner in
      (index == 0 ? [] : [""]) + heading(owner) + claims(owner)
    } + UnattendedText(owners.map { ($0.node, $0.unattendedSince) }).lines
      + UnguardedText(owners: owners, style: style).lines
  }

  private func heading(_ owner: OwnerReport) -> [String] {
    let process = owner.pid.map { "process \($0)" } ?? "no process"
    return [
      "domain:  \(shown(owner.name)) (\(owner.owner.domain))",
      "phase:   \(shown(owner.phase)) since \(owner.since), \(process)",
      "node:    \(shown(owner.node.description))", "",
    ]
  }

  private func claims(_ owner: OwnerReport) -> [String] {
    if owner.claims.isEmpty { return ["It holds nothing yet."] }
    return Table(
      ["MODE", "DEVICE", "LOCATION", "RESOURCE"],
      rows: owner.claims.filter(\.isOfInterest).map { claim in
        [claim.mode.words, shown(claim.device), shown(claim.location), claim.resource.description]
      }
    ).lines(style) + containers(owner)
  }

  /// Nobody else may have all of these.
  private func containers(_ owner: OwnerReport) -> [String] {
    let containers = owner.claims.filter { $0.use == .part && !$0.resource.isOfParts }
    if containers.isEmpty { return [] }
    return ["", "Parts of:"] + containers.map { "  \($0.resource)" }
  }
}

extension Claim {
  /// Whether it says what the owner uses, and not only what keeps others from it.
  var isOfInterest: Bool { use == .whole && !resource.isOfParts }
}
