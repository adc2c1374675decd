import AgentAPI
import LockModel

// A guest comes from another node. Its claims here wait for those there, so that there is no instant at
// which nobody has them; and a start counts as its arrival only when the node that has it says so.
extension Guard {
  /// libvirt's `migrate` hook announces a guest; whether one comes is another question: an offline
  /// migration, and one that is called off, call nothing else.
  mutating func expect(_ call: HookCall) {
    guard description.lockspace != nil, let uuid = call.uuid, owners[uuid]?.isLiving != true
    else { return }
    expectationRound += 1
    expected[uuid] = expectationRound
    effects.append(
      .expect(Expectation(domain: uuid, round: expectationRound), for: policy.expectation))
  }

  mutating func unexpected(_ expectation: Expectation) {
    if expected[expectation.domain] == expectation.round { expected[expectation.domain] = nil }
  }

  func isExpected(_ uuid: DomainUUID) -> Bool { expected[uuid] != nil }

  /// - Parameter call: of a domain that has no owner here.
  mutating func askWhoSends(_ call: Queued, _ uuid: DomainUUID) {
    let domain = Domain(uuid: uuid, name: call.call.name)
    guard arrivals[uuid] == nil else {
      return refused(
        call.request, .prepare, domain, .conflict,
        start(of: domain, "it is being received from another node already"))
    }
    arrivals[uuid] = call
    effects.append(.ask(.leaving, about: uuid, of: nil))
  }

  mutating func answered(
    _ question: HandoverQuestion, _ uuid: DomainUUID, by node: NodeID?, _ answer: HandoverAnswer
  ) {
    switch question {
    case .leaving:
      if let start = arrivals.removeValue(forKey: uuid) {
        receive(start, uuid, from: node, answer)
      } else if let owner = owners[uuid], owner.isOverlapping, owner.source == node || node == nil {
        judgeOverlap(owner, by: node, answer)
      }
    case .waiting:
      guard let owner = owners[uuid], case .ending = owner.phase,
        let destination = owner.destination, node == nil || node == destination
      else { return }
      letGo(owner.id)
    }
  }

  private mutating func receive(
    _ start: Queued, _ uuid: DomainUUID, from node: NodeID?, _ answer: HandoverAnswer
  ) {
    expected[uuid] = nil
    let domain = Domain(uuid: uuid, name: start.call.name)
    if refuseImpeded(.prepare, domain, start.request) { return }
    guard owners[uuid] == nil else { return admit(start.call, start.request, start.survey) }
    switch wish(start.call, domain, start.survey) {
    case .failure(let refusal):
      refused(start.request, .prepare, domain, refusal.code, refusal.message)
    case .success(let wanted):
      guard case .leaving(let attached) = answer, let node else {
        // Then it is a start like any other, and refused while the guest lives elsewhere.
        return admitNew(
          domain, start.call, wanted, start.request, keeper: start.survey.process
        ) { $0.isUnconfirmed = true }
      }
      admitNew(
        domain, start.call, extend(wanted, with: attached).all, start.request,
        keeper: start.survey.process
      ) { owner in
        owner.handover = .incoming(from: node, waits: 0, isOverlapping: false)
        owner.mustBeIncoming = true
        owner.attached = attached
      }
    }
  }

  /// Asks the engine; what the same domain holds elsewhere is waited for only by an owner that is known
  /// to come from there.
  mutating func ask(for claims: [Claim], of owner: Owner) {
    effects.append(owner.source == nil ? .acquire(owner.id, claims) : .queue(owner.id, claims))
  }

  mutating func queued(_ id: OwnerID, _ refused: [RefusedClaim], isWaiting: Bool) {
    if refused.isEmpty, isWaiting { update(id) { _ = $0.wait(1) } }
    acquired(id, refused: refused)
    arriveIfSettled(id)
  }

  mutating func requeued(_ id: OwnerID, _ refused: [RefusedClaim], isWaiting: Bool) {
    if isWaiting { update(id) { _ = $0.wait(1) } }
    reclaimed(id, missing: [], refused: refused)
    arriveIfSettled(id)
  }

  mutating func settled(_ id: OwnerID, _ refused: [RefusedClaim]) {
    update(id) { _ = $0.wait(-1) }
    for claim in refused {
      lose(claim.claim.resource, of: id, "it could not be had when the other node let go of it")
    }
    arriveIfSettled(id)
  }

  private mutating func arriveIfSettled(_ id: OwnerID) {
    guard let owner = owner(id), case .incoming(let node, 0, _) = owner.handover,
      owner.admission == nil
    else { return }
    let isRunning: Bool
    switch owner.phase {
    case .prepared: isRunning = false
    case .running: isRunning = true
    default: return
    }
    update(id) { $0.handover = nil }
    guard let owner = self.owner(id) else { return }
    audit(.arrived, owner, ("from", place(node)), ("count", "\(owner.claims.count)"))
    effects.append(.record(owner.record(isRunning ? .running : .prepared), .noted))
    // Whatever changed meanwhile was not looked at.
    if isRunning { effects.append(.sight(owner.domain)) }
  }

  /// What runs is not what was let in: a migration was announced and confirmed, and then somebody
  /// started the domain afresh.
  mutating func refuseFresh(_ process: ProcessRef, of owner: Owner, _ reason: SearchReason) {
    let why =
      "it was let in as a guest that \(owner.source.map { "\(place($0)) sends" } ?? "comes here"), "
      + "but its QEMU was started afresh"
    audit(.killed, owner, ("pid", "\(process.pid)"), ("reason", why))
    effects.append(.kill(process, .kill))
    switch reason {
    case .started(let request), .arrived(let request):
      refuse(request, .conflict, start(of: owner.domain, why))
    case .reconnect(let request), .release(let request): reply(request, .done)
    case .stopped, .silence, .loss: break
    }
    wake(owner.id, .startLimit, after: policy.driverGrace)
  }

  // MARK: - Both run

  /// It runs here and its locks are still there: for a moment that is how a migration ends. If it lasts,
  /// the other node's libvirt may have taken a lost answer for a failure, and let its guest go on.
  mutating func askWhyStillThere(_ owner: Owner) {
    guard let source = owner.source, owner.guest != nil, !owner.sight.isPaused else {
      return update(owner.id) { $0.isOverlapping = false }
    }
    effects.append(.ask(.leaving, about: owner.domain.uuid, of: source))
  }

  private mutating func judgeOverlap(
    _ owner: Owner, by node: NodeID?, _ answer: HandoverAnswer
  ) {
    guard let source = owner.source else { return }
    let name = Quoted(owner.domain.name)
    switch answer {
    case .staying:
      let reason =
        "it goes on on \(place(source)), which holds its locks: the migration to here failed"
      alarm("\(name)\(process(owner)) runs on two nodes: \(reason)", owner: owner.id)
      if isAtRisk(owner), let process = owner.guest { kill(process, of: owner, reason) }
    case .standing:
      alarm(
        "\(name)\(process(owner)) came from \(place(source)) and runs here, but stands still there and keeps "
          + "its locks there: libvirt has lost sight of how the migration ended. If it is well here, end it "
          + "there: \(virsh(source)) destroy \(owner.domain.uuid). Never resume it there",
        owner: owner.id)
      wake(owner.id, .overlap, after: policy.contestInterval)
    // What it has let go of would be here, if nobody else had it.
    case .none where node != nil && owner.isSourceDone:
      lose(
        owner, where: { _ in true },
        "\(place(source)) has let go of it, and somebody else has it")
    case .none where node != nil:
      update(owner.id) { $0.isSourceDone = true }
      wake(owner.id, .overlap, after: policy.overlapLimit)
    case .leaving, .waiting, .none: wake(owner.id, .overlap, after: policy.overlapLimit)
    }
  }
}

// A guest goes to another node.
extension Guard {
  /// What a running guest's description says about its move.
  mutating func follow(_ sighting: Sighting, of owner: Owner) {
    let id = owner.id
    if owner.source != nil, !sighting.isPaused, !owner.isOverlapping {
      update(id) { $0.isOverlapping = true }
      wake(id, .overlap, after: policy.overlapLimit)
    }
    if case .outgoing(let node, let job) = owner.handover {
      if let departure = sighting.departure {
        if job != departure {
          // Another migration than that one; after a restart nobody knows which it was.
          update(id) { $0.handover = job == nil ? .outgoing(to: node, job: departure) : nil }
        }
      } else if !sighting.isPaused {
        update(id) { $0.handover = nil }
        guard let owner = self.owner(id) else { return }
        audit(.stayed, owner)
        effects.append(.record(owner.record(.running), .noted))
      }
    }
    for question in questions.removeValue(forKey: owner.domain.uuid) ?? [] {
      answerLeaving(question, sighting, id)
    }
  }

  mutating func questioned(_ id: QuestionID, _ question: HandoverQuestion, _ uuid: DomainUUID) {
    guard readiness == .ready else {
      // A flood would only be somebody's fault; who asked first gives up first.
      if deferredQuestions.count >= 1_000 { deferredQuestions.removeFirst() }
      return deferredQuestions.append((id, question, uuid))
    }
    switch question {
    case .waiting:
      effects.append(.answer(id, owners[uuid]?.source == id.node ? .waiting : .none))
    case .leaving:
      guard let owner = owners[uuid], owner.guest != nil else {
        return effects.append(.answer(id, .none))
      }
      questions[uuid, default: []].append(id)
      effects.append(.sight(owner.domain))
    }
  }

  private mutating func answerLeaving(_ id: QuestionID, _ sighting: Sighting, _ ownerID: OwnerID) {
    guard let owner = owner(ownerID) else { return effects.append(.answer(id, .none)) }
    guard let departure = sighting.departure else {
      return effects.append(.answer(id, sighting.isPaused ? .standing : .staying))
    }
    // One migration has one destination.
    guard owner.destination == nil || owner.destination == id.node else {
      return effects.append(.answer(id, .staying))
    }
    if owner.destination == nil {
      update(ownerID) { $0.handover = .outgoing(to: id.node, job: departure) }
      guard let owner = self.owner(ownerID) else { return }
      audit(.outgoing, owner, ("to", place(id.node)))
      effects.append(.record(owner.record(.running), .noted))
    }
    effects.append(.answer(id, .leaving(attached: owner.attached)))
  }

  /// Nobody asks about an owner that is no more.
  mutating func answerQuestions(about uuid: DomainUUID) {
    for id in questions.removeValue(forKey: uuid) ?? [] { effects.append(.answer(id, .none)) }
  }

  /// Its process is gone. What has gone to another node is let go only when the claims there wait for it:
  /// an agent that has died there has left none that do.
  mutating func depart(_ id: OwnerID) {
    guard let owner = owner(id), let destination = owner.destination else { return letGo(id) }
    effects.append(.ask(.waiting, about: owner.domain.uuid, of: destination))
    wake(id, .departed, after: policy.departureLimit)
  }

  mutating func stillDeparting(_ owner: Owner) {
    guard let destination = owner.destination else { return }
    let name = Quoted(owner.domain.name)
    alarm(
      "\(name) has gone to \(place(destination)), whose agent does not answer: its locks stay here until it "
        + "does, so that nobody else gets them in between. Start the agent there: systemctl start "
        + "dlmguardd. If that node is dead, it must be fenced; if the guest is gone there, too: dlmguard "
        + "revoke \(name)", owner: owner.id)
  }
}
