import AgentAPI
import LockModel

extension Guard {
  mutating func take(_ request: Request, _ id: RequestID) {
    switch request {
    case .hook(let call): take(call, id)
    case .register, .add, .acquire, .release, .revoke, .attach, .detach:
      if deferUnready(request, id) { return }
      if let unreadiness { return refuse(id, .unsafe, "refused: \(unreadiness)") }
      operate(request, id)
    case .inquire(let selector): inquire(selector, id)
    case .whoHolds(let resource):
      reply(id, .holders(resource, reports(of: resource) { _ in true }))
    case .who(let path):
      survey(id, request, [.anything(at: path)], nil)
    case .identify(let path): inspect(path, id)
    case .status: reply(id, .status(status()))
    case .cluster: reply(id, .cluster(clusterReport()))
    case .metrics: effects.append(.measure(id, status()))
    case .events: effects.append(.subscribe(id))
    }
  }

  /// The operations that change something.
  private mutating func operate(_ request: Request, _ id: RequestID) {
    switch request {
    case .register(_, let pid): survey(id, request, [], .exactly(pid))
    case .add(let owner, let resources):
      guard let state = known(owner, id) else { return }
      guard state.origin == .client else {
        return refuse(
          id, .invalid,
          "the claims of \(Quoted(state.domain.name)) follow its libvirt definition; add the "
            + "resource there, or attach it")
      }
      survey(id, request, resources, nil)
    case .attach(_, let resources):
      if let reason = pointless(resources) { return refuse(id, .invalid, reason) }
      survey(id, request, resources, nil)
    case .detach(_, let resources): survey(id, request, resources, nil)
    case .acquire(let owner): acquire(owner, id)
    case .release(let owner): release(owner, id)
    case .revoke(let target): revoke(target, id)
    case .hook, .inquire, .who, .whoHolds, .identify, .status, .cluster, .metrics, .events: break
    }
  }

  private mutating func take(_ call: HookCall, _ id: RequestID) {
    if answerUnready(call, id) { return }
    switch call.operation {
    case .prepare, .start, .started, .reconnect:
      guard let uuid = call.uuid else {
        return refuse(id, .invalid, "\(call.operation.rawValue) without a domain UUID")
      }
      if deferUnready(.hook(call), id) { return }
      if let owner = owners[uuid], take(call, id, of: owner) { return }
      if refuseImpeded(call.operation, Domain(uuid: uuid, name: call.name), id) { return }
      limit(id)
      // What is not locked may lie on storage that does not answer.
      let resources = call.resources.filter { policy.resources[$0.kind] != .off }
      survey(id, .hook(call), resources, .driver(of: call.caller))
    case .stopped: stopped(call, id)
    case .release: releaseHint(call, id)
    // Nothing is claimed yet: an aborted or offline migration calls nothing more.
    case .migrate:
      expect(call)
      reply(id, .done)
    case .restore: reply(id, .done)
    }
  }

  mutating func survey(
    _ id: RequestID, _ request: Request, _ resources: [Resource], _ process: ProcessQuery?
  ) {
    surveys[id] = request
    effects.append(.survey(.request(id), resources, process))
  }

  mutating func surveyed(_ id: RequestID, _ survey: Survey) {
    guard let request = surveys.removeValue(forKey: id) else { return }
    switch request {
    case .hook(let call): admit(call, id, survey)
    case .register(let domain, let pid): register(domain, pid, id, survey)
    case .add(let owner, _): add(owner, id, survey)
    case .who(let path): who(path, id, survey)
    case .identify: seenHere(id, survey)
    case .revoke(.path(let path)): revoke(at: path, id, survey)
    case .attach(let domain, _): attach(domain, id, survey)
    case .detach(let domain, _): detach(domain, id, survey)
    case .revoke, .acquire, .release, .inquire, .whoHolds, .status, .cluster, .metrics, .events:
      break
    }
  }

  mutating func abandon(_ id: RequestID) {
    surveys[id] = nil
    revocations[id] = nil
    inspections[id] = nil
    deferred.removeAll { $0.id == id }
    arrivals = arrivals.filter { $0.value.start.request != id }
    for uuid in Array(queued.keys) { queued[uuid]?.removeAll { $0.request == id } }
    for owner in Array(owners.values) {
      update(owner.id) { $0.releaseRequests.removeAll { $0 == id } }
      if let admission = owner.admission, admission.request == id {
        abandon(owner.id, admission)
      }
    }
  }

  /// Nobody waits for the admission any more.
  mutating func abandon(_ id: OwnerID, _ admission: Owner.Admission) {
    var admission = admission
    admission.request = nil
    // A guest that runs already needs its locks whether or not its hook still waits.
    admission.isAbandoned = admission.purpose != .reconnect && admission.purpose != .change
    update(id) { $0.replace(admission) }
  }
}

// MARK: - The operations of a lock manager

extension Guard {
  private mutating func known(_ id: OwnerID, _ request: RequestID) -> Owner? {
    if let owner = owner(id) { return owner }
    refuse(request, .unknown, "there is no owner \(id) on node \(description.node)")
    return nil
  }

  private mutating func register(
    _ domain: Domain, _ pid: Int32, _ request: RequestID, _ survey: Survey
  ) {
    guard let process = survey.process else {
      return refuse(request, .unknown, "there is no process \(pid) on node \(description.node)")
    }
    if let owner = owners[domain.uuid] {
      return refuse(request, .conflict, alreadyHere(owner, asking: domain))
    }
    let owner = newOwner(domain, .client, keeper: nil)
    owners[domain.uuid] = owner
    setKeeper(owner.id, process)
    reply(request, .registered(owner.id))
  }

  private mutating func add(_ id: OwnerID, _ request: RequestID, _ survey: Survey) {
    guard let owner = known(id, request) else { return }
    let wanted = owner.wanted + survey.identifications
    do throws(Inadmissible) {
      _ = try claims(wanted, policy: policy, needsAll: true)
    } catch {
      return refuse(request, error.code, error.text(of: owner.domain))
    }
    update(id) { $0.wanted = wanted }
    reply(request, .done)
  }

  mutating func acquire(_ id: OwnerID, _ request: RequestID) {
    guard let owner = known(id, request) else { return }
    let former: Owner.Former.Phase
    switch owner.phase {
    case .registered: former = .registered
    case .running where owner.origin == .client: former = .running
    default:
      return refuse(
        request, .conflict, "\(Quoted(owner.domain.name)) is \(owner.phaseName): ask again later")
    }
    if refuseImpeded(nil, owner.domain, request) { return }
    let wanted: [Claim]
    do throws(Inadmissible) {
      wanted = try claims(owner.wanted, policy: policy, needsAll: true)
    } catch {
      return refuse(request, error.code, error.text(of: owner.domain))
    }
    limit(request)
    admit(
      owner, [Claim(owner.domain)] + wanted, .operation, request,
      former: Owner.Former(phase: former, claims: owner.claims, keeper: owner.keeper))
  }

  private mutating func release(_ id: OwnerID, _ request: RequestID) {
    guard let owner = known(id, request) else { return }
    switch (owner.origin, owner.phase) {
    case (_, .ending), (_, .leaving):
      update(id) { $0.releaseRequests.append(request) }
    case (.client, .registered):
      forget(id)
      reply(request, .done)
    case (.client, .running), (.hook, .saved), (.found, .saved):
      update(id) { $0.releaseRequests.append(request) }
      letGo(id)
    case (_, .running), (_, .prepared), (_, .exited):
      refuse(
        request, .conflict,
        "\(Quoted(owner.domain.name)) is \(owner.phaseName)\(process(owner)): its locks go when "
          + "QEMU is gone. Stop it: virsh destroy \(Quoted(owner.domain.name))")
    default:
      refuse(
        request, .conflict, "\(Quoted(owner.domain.name)) is \(owner.phaseName): ask again later")
    }
  }

  private mutating func inquire(_ selector: DomainSelector, _ request: RequestID) {
    reply(request, .owners(reports(of: selector)))
  }

  /// The owners of that domain, or of all domains of that name.
  func named(_ selector: DomainSelector) -> [Owner] {
    owners.values.filter { owner in
      switch selector {
      case .uuid(let uuid): owner.domain.uuid == uuid
      case .name(let name): owner.domain.name == name
      }
    }.sorted { $0.id < $1.id }
  }

  private mutating func who(_ path: String, _ request: RequestID, _ survey: Survey) {
    switch survey.identifications.first?.result {
    case .named(let footprint):
      // Whoever has it, or a part of it; and whoever has all of what it is a part of.
      let holders =
        footprint.itself.flatMap { reports(of: $0) { _ in true } }
        + footprint.within.flatMap { reports(of: $0) { $0.use == .whole } }
      reply(request, .holders(footprint.itself[0], holders))
    case .failed(let reason): refuse(request, .unsafe, "\(Quoted(path)): \(reason)")
    case .absent, nil: refuse(request, .unknown, "\(Quoted(path)) does not exist on this node")
    }
  }

  private func status() -> StatusReport {
    StatusReport(
      version: description.version, node: description.node, engine: description.engine,
      lockspace: description.lockspace, pid: description.pid, started: description.started,
      alarms: standingAlarms + alarms.map(\.text),
      owners: owners.values.sorted { ($0.domain.name, $0.id) < ($1.domain.name, $1.id) }
        .map { $0.report(node: description.node) })
  }
}
