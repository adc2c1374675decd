import AgentAPI
import LockModel

// What an administrator gives a running domain to hold beside what its description names: it goes with
// the domain, or when it is asked back.
extension Guard {
  mutating func attach(_ selector: DomainSelector, _ request: RequestID, _ survey: Survey) {
    if let client = registered(selector) {
      update(client.id) { $0.wanted += survey.identifications }
      return acquire(client.id, request)
    }
    guard let owner = running(selector, request) else { return }
    let domain = owner.domain
    let wanted: [Claim]
    var given: [Claim] = []
    do throws(Inadmissible) {
      wanted = try claims(survey.identifications, policy: policy, needsAll: true)
      // Each by itself, so that each can be taken back by itself.
      for identification in survey.identifications {
        given += try claims([identification], policy: policy, needsAll: true)
      }
    } catch {
      return refuse(request, error.code, attachment(to: domain, error.clause))
    }
    if let obstacle { return refuse(request, .unsafe, attachment(to: domain, obstacle)) }
    limit(request)
    let former = Owner.Former(
      phase: .running, claims: owner.claims, keeper: owner.keeper, attached: owner.attached)
    // It is on record from the beginning: a restart in the middle takes it over as far as it was granted.
    update(owner.id) { owner in
      owner.attached += given.filter { !owner.attached.contains($0) }
    }
    guard let owner = self.owner(owner.id) else { return }
    admit(owner, wanted, .attach, request, former: former)
  }

  mutating func attachRecorded(_ id: OwnerID, _ admission: Owner.Admission, _ failure: String?) {
    guard let owner = owner(id) else { return }
    let hindrance =
      failure.map { "the agent cannot record its locks: \($0)" }
      ?? (admission.claims.isEmpty ? nil : obstacle)
    if let hindrance {
      fallBack(id, admission, isRecorded: failure == nil)
      return refuse(admission.request, .unsafe, attachment(to: owner.domain, hindrance))
    }
    if admission.isAbandoned { return fallBack(id, admission) }
    update(id) { $0.phase = .acquiring(admission) }
    guard !admission.claims.isEmpty else { return acquired(id, refused: []) }
    effects.append(.acquire(id, admission.claims))
  }

  mutating func attachmentRefused(
    _ owner: Owner, _ admission: Owner.Admission, _ refused: [RefusedClaim]
  ) {
    let (reason, advice) = explain(refused, to: owner.domain)
    fallBack(owner.id, admission)
    self.refused(
      admission.request, nil, owner.domain,
      refused.contains(where: \.isFailure) ? .unsafe : .conflict,
      attachment(to: owner.domain, reason) + (advice.isEmpty ? "" : " \(advice)"))
  }

  mutating func attachmentOverdue(
    _ request: RequestID, _ owner: Owner, _ admission: Owner.Admission
  ) {
    abandon(owner.id, admission)
    let reason = cluster.waiting ?? "its locks have not been granted in time"
    refuse(
      request, .unsafe, attachment(to: owner.domain, reason) + " Ask again. See: dlmguard status")
  }

  /// Granted when nobody waits for it any more: the comparison with what the guest uses gives it back.
  mutating func giveBackAttachment(_ id: OwnerID, _ admission: Owner.Admission) {
    update(id) { owner in
      owner.phase = .running
      owner.attached = admission.former?.attached ?? []
      owner.sight.isSurplus = true
    }
    guard let owner = owner(id) else { return }
    effects.append(.record(owner.record(.running), .noted))
    effects.append(.sight(owner.domain))
    attachmentSettled(id)
  }

  /// What came while its claims were being changed, and the end of its process, was not for that phase.
  mutating func attachmentSettled(_ id: OwnerID) {
    guard let owner = owner(id) else { return }
    if let keeper = owner.keeper { effects.append(.confirm(id, keeper)) }
    lookAgain(at: id)
    admitQueued(id.domain)
  }

  /// Why a lock on such resources would keep nobody out; nil where it would.
  func pointless(_ resources: [Resource]) -> String? {
    guard let resource = resources.first(where: { policy.resources[$0.kind] == .off }) else {
      return nil
    }
    return
      "\(resource.device) \(Quoted(resource.source.location)) would be locked in vain: no guest locks its "
      + "kind, because dlmguard.conf says resources.\(resource.kind.rawValue) = false"
  }

  private func attachment(to domain: Domain, _ reason: String) -> String {
    "\(Quoted(domain.name)) cannot hold it: \(reason)."
  }

  /// The process that has registered itself under that UUID. Whoever says a name means a domain.
  private func registered(_ selector: DomainSelector) -> Owner? {
    guard case .uuid(let uuid) = selector, let owner = owners[uuid], !owner.origin.isDomain else {
      return nil
    }
    return owner
  }

  /// The one running domain that is meant, at rest; nil once the request has been refused.
  private mutating func running(_ selector: DomainSelector, _ request: RequestID) -> Owner? {
    let meant = named(selector).filter(\.origin.isDomain)
    guard let owner = meant.first else {
      refuse(
        request, .unknown,
        "no domain \(Quoted(selector.text)) holds anything on node \(description.node): it must run here"
      )
      return nil
    }
    guard meant.count == 1 else {
      refuse(
        request, .conflict,
        "\(meant.count) domains of node \(description.node) are called \(Quoted(selector.text)): say which by "
          + "its UUID")
      return nil
    }
    guard case .running = owner.phase, !owner.sight.isReducing else {
      refuse(
        request, .conflict,
        "\(Quoted(owner.domain.name)) is \(owner.phaseName): ask again when it runs and nothing of it changes"
      )
      return nil
    }
    return owner
  }
}

// MARK: - Asked back

extension Guard {
  mutating func detach(_ selector: DomainSelector, _ request: RequestID, _ survey: Survey) {
    guard let owner = running(selector, request) else { return }
    guard let names = names(survey, request) else { return }
    // All that was locked for one thing bears its location.
    let locations = Set(
      owner.attached.filter { $0.use == .whole && names.contains($0.resource) }.map(\.location))
    let (given, rest) = (
      owner.attached.filter { locations.contains($0.location) },
      owner.attached.filter { !locations.contains($0.location) }
    )
    guard !given.isEmpty else {
      return refuse(
        request, .unknown,
        "\(Quoted(owner.domain.name)) has not been given that by dlmguard acquire. See: dlmguard inquire "
          + "\(Quoted(owner.domain.name))")
    }
    guard owner.sight.compared != nil, !owner.sight.isPartial else {
      return refuse(
        request, .unsafe,
        "it cannot be told whether the description of \(Quoted(owner.domain.name)) needs that too, so it stays "
          + "locked: ask again in a moment. See: dlmguard status")
    }
    let needed = extend(owner.sight.wish, with: rest).all
    let kept = owner.claims.compactMap { held in
      given.contains { $0.resource == held.resource }
        ? needed.first { $0.resource == held.resource } : held
    }
    limit(request)
    update(owner.id) { owner in
      owner.attached = rest
      owner.detaching.append(request)
    }
    give(owner.id, backTo: kept)
  }

  /// The names that the paths and names of a request lead to; nil once it has been refused.
  private mutating func names(_ survey: Survey, _ request: RequestID) -> Set<ResourceName>? {
    var names: Set<ResourceName> = []
    for identification in survey.identifications {
      let location = Quoted(identification.resource.source.location)
      switch identification.result {
      case .named(let footprint): names.formUnion(footprint.itself)
      case .absent:
        refuse(
          request, .unknown, "\(location) does not exist on this node: give its resource's name")
        return nil
      case .failed(let reason):
        refuse(request, .unsafe, "\(location): \(reason). Give its resource's name")
        return nil
      }
    }
    return names
  }

  /// Nothing is left of it here, in one way or another.
  mutating func detached(_ id: OwnerID, failure: String? = nil) {
    guard let owner = owner(id), !owner.detaching.isEmpty else { return }
    update(id) { $0.detaching = [] }
    for request in owner.detaching {
      if let failure {
        refuse(
          request, .unsafe, "it stays locked until the agent can record that it is not: \(failure)")
      } else {
        reply(request, .owners([owner.report(node: description.node)]))
      }
    }
  }

  mutating func detachmentOverdue(_ request: RequestID) {
    for owner in owners.values where owner.detaching.contains(request) {
      update(owner.id) { $0.detaching.removeAll { $0 == request } }
      refuse(
        request, .unsafe,
        "it has not been given back yet, and will be: the engine has not answered. See: dlmguard status"
      )
    }
  }
}

extension DomainSelector {
  fileprivate var text: String {
    switch self {
    case .uuid(let uuid): "\(uuid)"
    case .name(let name): name
    }
  }
}
