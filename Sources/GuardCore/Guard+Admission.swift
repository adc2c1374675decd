import AgentAPI
import LockModel

// How claims are asked for: survey → record → acquire → answer.
extension Guard {
  /// A hook call of a start, its resources looked at.
  mutating func admit(_ call: HookCall, _ request: RequestID, _ survey: Survey) {
    guard let uuid = call.uuid else { return }
    let domain = Domain(uuid: uuid, name: call.name)
    if call.operation == .prepare, let owner = owners[uuid], owner.isLiving {
      return refuseTwin(of: owner, domain, request)
    }
    if refuseImpeded(call.operation, domain, request) { return }
    let wanted: [Claim]
    switch wish(call, domain, survey) {
    case .success(let claims): wanted = claims
    case .failure(let refusal):
      return refused(request, call.operation, domain, refusal.code, refusal.message)
    }
    guard let owner = owners[uuid] else {
      if call.operation == .prepare, isExpected(uuid) {
        return askWhoSends(Queued(request: request, call: call, survey: survey), uuid)
      }
      return admitNew(domain, call, wanted, request, keeper: survey.process)
    }
    if case .saved = owner.phase, let source = owner.source, !isObserved(call.operation) {
      return refused(
        request, call.operation, domain, .conflict, savedBeforeItsLocksCame(owner, from: source))
    }
    switch owner.phase {
    case .prepared where call.operation == .start:
      admitChain(takenOver(owner, by: survey.process), call, wanted, request)
    case .saved: admitRestore(owner, call, wanted, request, keeper: survey.process)
    case .prepared where owner.driver.isGone:
      // Another daemon begins anew; what the dead one began is looked for and given back first.
      queued[uuid, default: []].append(Queued(request: request, call: call, survey: survey))
      searchInSilence(owner)
    case .running where call.operation == .started || call.operation == .reconnect:
      _ = take(call, request, of: owner)
    case .recording, .acquiring:
      guard owner.guest != nil, call.operation == .started || call.operation == .reconnect else {
        return refused(
          request, call.operation, domain, .conflict, alreadyHere(owner, asking: domain))
      }
      // It was found running before this hook came; what it uses is being locked.
      queued[uuid, default: []].append(Queued(request: request, call: call, survey: survey))
    case .exited, .ending, .leaving:
      queued[uuid, default: []].append(Queued(request: request, call: call, survey: survey))
      // Its process is gone and libvirt has begun anew: nothing is left to wait for.
      if case .exited = owner.phase { end(owner.id, nil) }
    default:
      refused(request, call.operation, domain, .conflict, alreadyHere(owner, asking: domain))
    }
  }

  /// A second start of a domain that lives here: refused, whatever it asks for. libvirt will call
  /// it off, with a `release` that says nothing about the first.
  mutating func refuseTwin(of owner: Owner, _ domain: Domain, _ request: RequestID) {
    if owner.admission?.isAbandoned == true {
      // That start was called off already: its own `release` has come, or means this one.
      return refused(request, .prepare, domain, .unsafe, stillWaiting(domain))
    }
    // libvirt will not call off what it is let do.
    if !isObserved(.prepare) { update(owner.id) { $0.driver.foreignReleases += 1 } }
    refused(request, .prepare, domain, .conflict, alreadyHere(owner, asking: domain))
  }

  /// Whether nothing may be locked now: then the request has been refused. A guest that runs already
  /// is not shut out by that: the engine will answer when it can.
  ///
  /// - Parameter operation: nil for what no hook asks for.
  mutating func refuseImpeded(
    _ operation: HookOperation?, _ domain: Domain, _ request: RequestID?
  ) -> Bool {
    guard operation != .reconnect, let obstacle else { return false }
    refused(request, operation, domain, .unsafe, start(of: domain, obstacle))
    return true
  }

  /// What a start needs to be granted, or why that is hopeless before anybody is asked.
  mutating func wish(
    _ call: HookCall, _ domain: Domain, _ survey: Survey
  ) -> Result<[Claim], Refusal> {
    let (claims, problems) = attainable(
      survey.identifications, needsAll: call.operation == .start)
    let wanted = [Claim(domain)] + claims
    guard !isObserved(call.operation) else {
      for problem in problems { observed(call.operation, domain, problem.text(of: domain)) }
      if let message = policy.refusal(of: domain, with: call.unguarded) {
        observed(call.operation, domain, message)
      }
      return .success(wanted)
    }
    if let problem = problems.first {
      return .failure(Refusal(problem.code, problem.text(of: domain)))
    }
    if let message = policy.refusal(of: domain, with: call.unguarded) {
      return .failure(Refusal(.unsafe, message))
    }
    if let message = foreseen(wanted, for: domain) { return .failure(Refusal(.conflict, message)) }
    return .success(wanted)
  }

  mutating func admitNew(
    _ domain: Domain, _ call: HookCall, _ wanted: [Claim], _ request: RequestID,
    keeper: ProcessRef?, _ change: (inout Owner) -> Void = { _ in }
  ) {
    var owner = newOwner(domain, .hook, keeper: nil)
    owner.unguarded = call.unguarded
    change(&owner)
    owners[domain.uuid] = owner
    setKeeper(owner.id, keeper)
    reportUnguarded(owner, owner.unguarded)
    admit(owner, wanted, purpose(call.operation), request, former: nil)
  }

  /// A start goes on under another daemon than the one that began it: that one's end ends it no more.
  private mutating func takenOver(_ owner: Owner, by daemon: ProcessRef?) -> Owner {
    guard owner.driver.isGone, let daemon, daemon != owner.keeper else { return owner }
    update(owner.id) { owner in
      owner.driver.beginAnew()
      owner.round += 1
    }
    setKeeper(owner.id, daemon)
    return self.owner(owner.id) ?? owner
  }

  /// What libvirt has found since `prepare`: the backing files.
  private mutating func admitChain(
    _ owner: Owner, _ call: HookCall, _ wanted: [Claim], _ request: RequestID
  ) {
    update(owner.id) { $0.driver.isSilent = false }
    let news = call.unguarded.filter { !owner.unguarded.contains($0) }
    guard
      !extend(owner.claims, with: wanted).added.isEmpty || !news.isEmpty || !owner.lost.isEmpty
    else {
      lookForAdvent(owner.id)
      return reply(request, .done)
    }
    reportUnguarded(owner, news)
    update(owner.id) { $0.unguarded += news }
    admit(
      owner, wanted, .start, request,
      former: Owner.Former(phase: .prepared, claims: owner.claims, keeper: owner.keeper))
  }

  /// A saved guest goes on: it is the same incarnation, and its claims were never let go.
  private mutating func admitRestore(
    _ owner: Owner, _ call: HookCall, _ wanted: [Claim], _ request: RequestID, keeper: ProcessRef?
  ) {
    update(owner.id) { owner in
      owner.unguarded = call.unguarded
      owner.driver.beginAnew()
      owner.round += 1
    }
    setKeeper(owner.id, keeper)
    admit(
      owner, wanted, purpose(call.operation), request,
      former: Owner.Former(phase: .saved, claims: owner.claims, keeper: nil))
  }

  private func purpose(_ operation: HookOperation) -> Owner.Admission.Purpose {
    switch operation {
    case .start: .start
    case .started: .started
    case .reconnect: .reconnect
    default: .prepare
    }
  }

  mutating func admit(
    _ owner: Owner, _ wanted: [Claim], _ purpose: Owner.Admission.Purpose, _ request: RequestID?,
    former: Owner.Former?
  ) {
    let (all, added) = extend(owner.claims, with: wanted)
    let lost = all.filter { claim in
      owner.lost.contains(claim.resource) && !added.contains { $0.resource == claim.resource }
    }
    let admission = Owner.Admission(
      purpose: purpose, request: request, former: former, claims: added + lost)
    update(owner.id) { owner in
      owner.phase = .recording(admission)
      owner.claims = all
    }
    guard let updated = self.owner(owner.id) else { return }
    effects.append(.record(updated.record(admission.stage), .admission))
  }

  /// - Parameter operation: nil for what no hook asks for.
  mutating func refused(
    _ request: RequestID?, _ operation: HookOperation?, _ domain: Domain, _ code: Refusal.Code,
    _ message: String
  ) {
    if isObserved(operation) {
      observed(operation, domain, message)
      return reply(request, .done)
    }
    effects.append(
      .audit(
        AuditLine(
          .refused, domain, nil,
          [("operation", operation?.rawValue ?? "acquire"), ("reason", message)])))
    // A refused reconnect would kill a running guest: only a lock known to be lost may do that.
    if operation == .reconnect {
      alarm("\(message) It runs UNGUARDED.", owner: nil)
      reply(request, .done)
    } else {
      refuse(request, code, message)
    }
  }

  /// Nil for what no hook asks for.
  func operation(_ purpose: Owner.Admission.Purpose) -> HookOperation? {
    switch purpose {
    case .start: .start
    case .started: .started
    case .reconnect: .reconnect
    case .prepare: .prepare
    case .operation, .attach, .recovery, .change: nil
    }
  }

  mutating func reportUnguarded(_ owner: Owner, _ resources: [UnguardedResource]) {
    for resource in resources {
      audit(
        .unguarded, owner, ("device", resource.device), ("description", resource.description))
    }
  }
}
