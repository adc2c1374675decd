import AgentAPI
import LockModel

// An administrator takes a lock away: whoever uses it is killed first, and the lock goes when it is gone.
extension Guard {
  /// Owners that were told to go, and who waits for that.
  struct Revocation {
    let reports: [OwnerReport]
    var left: Set<OwnerID>
  }

  mutating func revoke(_ target: RevocationTarget, _ request: RequestID) {
    switch target {
    case .domain(let selector): revoke(named(selector), request)
    case .resource(let resource): revoke(owners.claimants(of: resource), request)
    case .path(let path):
      survey(
        request, .revoke(target),
        [Resource(kind: .file, device: "path", source: .file(path), access: .exclusiveWrite)], nil)
    }
  }

  mutating func revoke(at path: String, _ request: RequestID, _ survey: Survey) {
    switch survey.identifications.first?.result {
    case .named(let footprint):
      revoke(footprint.itself.flatMap { owners.claimants(of: $0) }, request)
    case .failed(let reason): refuse(request, .unsafe, "\(Quoted(path)): \(reason)")
    case .absent, nil: refuse(request, .unknown, "\(Quoted(path)) does not exist on this node")
    }
  }

  private mutating func revoke(_ users: [Owner], _ request: RequestID) {
    var seen: Set<OwnerID> = []
    let users = users.filter { seen.insert($0.id).inserted }
    guard !users.isEmpty else {
      return refuse(request, .unknown, "nobody holds that on node \(description.node)")
    }
    if let starting = users.first(where: { $0.isStarting }) {
      return refuse(
        request, .conflict,
        "\(Quoted(starting.domain.name)) is \(starting.phaseName): ask again when it runs, or stop it: virsh "
          + "destroy \(Quoted(starting.domain.name))")
    }
    revocations[request] = Revocation(
      reports: users.map { $0.report(node: description.node) }, left: Set(users.map(\.id)))
    limit(request)
    for owner in users {
      audit(.revoked, owner, ("claims", "\(owner.claims.count)"))
      switch owner.phase {
      case .registered: forget(owner.id)
      case .saved, .ending: letGo(owner.id)
      default:
        if let keeper = owner.keeper {
          kill(keeper, of: owner, "an administrator has revoked its locks")
        }
      }
    }
  }

  /// An owner is no more; whoever has waited for the last of its kind is told.
  mutating func revoked(_ id: OwnerID) {
    for (request, var revocation) in revocations where revocation.left.remove(id) != nil {
      revocations[request] = revocation.left.isEmpty ? nil : revocation
      if revocation.left.isEmpty { reply(request, .owners(revocation.reports)) }
    }
  }

  mutating func revocationOverdue(_ request: RequestID) {
    guard let revocation = revocations.removeValue(forKey: request) else { return }
    let names = revocation.reports.filter { revocation.left.contains($0.owner) }
      .map { Quoted($0.name).description }.joined(separator: ", ")
    refuse(
      request, .unsafe,
      "\(names) was killed, but is not gone yet: it keeps its locks until then. See: dlmguard status"
    )
  }
}

extension Owner {
  /// Whether libvirt's daemon, and not its own process, is what keeps it.
  fileprivate var isStarting: Bool {
    switch phase {
    case .prepared: true
    case .recording(let admission), .acquiring(let admission):
      origin.isDomain && admission.former?.phase != .running
    case .registered, .running, .exited, .ending, .leaving, .saved: false
    }
  }
}
