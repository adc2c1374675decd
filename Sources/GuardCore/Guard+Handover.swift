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
    arrivals[uuid] = Arrival(start: call, inquiry: inquire(.leaving, uuid, of: nil))
  }

  @discardableResult
  mutating func inquire(
    _ question: HandoverQuestion, _ uuid: DomainUUID, of node: NodeID?
  ) -> Inquiry {
    inquiryRound += 1
    let inquiry = Inquiry(question: question, domain: uuid, node: node, round: inquiryRound)
    effects.append(.ask(inquiry))
    return inquiry
  }

  mutating func answered(_ inquiry: Inquiry, by node: NodeID?, _ answer: HandoverAnswer) {
    let uuid = inquiry.domain
    switch inquiry.question {
    case .leaving:
      guard let arrival = arrivals[uuid], arrival.inquiry == inquiry else { return }
      arrivals[uuid] = nil
      receive(arrival.start, uuid, from: node, answer)
      decide(about: uuid)
    case .sending:
      guard let owner = owners[uuid], owner.overlap == .suspected, owner.source == inquiry.node
      else { return }
      reconsider(owner, by: node, answer)
    case .overlapping:
      guard let owner = owners[uuid], owner.overlap != nil, owner.source == inquiry.node
      else { return }
      judge(owner, by: node, answer)
    case .waiting:
      guard let owner = owners[uuid], owner.destination == inquiry.node else { return }
      if case .ending = owner.phase {
        if owner.farewell == inquiry { letGo(owner.id) }
        return
      }
      // It still runs here: what was said to that node is taken back once nothing waits there.
      if answer == .none, !owner.isLeaving { takeBack(owner) }
      answerParked(uuid, isFree: answer == .none)
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
        ) { $0.advent = .announced }
      }
      admitNew(
        domain, start.call, extend(wanted, with: attached).all, start.request,
        keeper: start.survey.process
      ) { owner in
        owner.handover = .incoming(from: node, waits: 0, overlap: nil)
        owner.advent = .confirmed(looks: 0)
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
    let isStart = if case .start = owner(id)?.admission?.purpose { true } else { false }
    acquired(id, refused: refused)
    arriveIfSettled(id)
    if isStart { lookForAdvent(id) }
    decide(about: id.domain)
  }

  mutating func requeued(_ id: OwnerID, _ refused: [RefusedClaim], isWaiting: Bool) {
    if isWaiting { update(id) { _ = $0.wait(1) } }
    reclaimed(id, missing: [], refused: refused)
    arriveIfSettled(id)
    suspect(id.domain)
    lookForAdvent(id)
    decide(about: id.domain)
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
    update(id) { $0.handover = nil }
    guard let owner = self.owner(id) else { return }
    audit(.arrived, owner, ("from", placeName(node)), ("count", "\(owner.claims.count)"))
    switch owner.phase {
    case .prepared: effects.append(.record(owner.record(.prepared), .noted))
    case .running:
      effects.append(.record(owner.record(.running), .noted))
      // Whatever changed meanwhile was not looked at.
      effects.append(.sight(owner.domain))
    // It was saved as soon as it had come.
    case .saved:
      effects.append(.record(owner.record(owner.isExported ? .exported : .saved), .noted))
    // What becomes of it is written down when that is known.
    case .registered, .recording, .acquiring, .exited, .ending, .leaving: break
    }
  }

  /// What runs is not what was let in: a migration was announced and confirmed, and then somebody
  /// started the domain afresh.
  mutating func refuseFresh(_ process: ProcessRef, of owner: Owner, _ reason: SearchReason) {
    let why = fresh(owner)
    if owner.death == nil {
      audit(.killed, owner, ("pid", "\(process.pid)"), ("reason", why))
      update(owner.id) { $0.death = Owner.Death(process: process, reason: why, signal: .kill) }
      effects.append(.kill(process, .kill))
    }
    switch reason {
    case .started(let request), .arrived(let request):
      refuse(request, .conflict, start(of: owner.domain, why))
    case .reconnect(let request), .release(let request): reply(request, .done)
    case .stopped, .silence, .loss, .advent: break
    }
    wake(owner.id, .startLimit, after: policy.driverGrace)
  }

  /// What is wrong with such a process.
  func fresh(_ owner: Owner) -> String {
    "it was let in as a guest that \(owner.source.map { "\(place($0)) sends" } ?? "comes here"), "
      + "but its QEMU was started afresh"
  }

  /// Looks for the process of a guest that comes, from before it is there.
  mutating func lookForAdvent(_ id: OwnerID) {
    guard let owner = owner(id), case .confirmed(let looks) = owner.advent,
      case .prepared = owner.phase, Int64(looks) * policy.adventInterval < policy.startLimit
    else { return }
    update(id) { $0.advent = .confirmed(looks: looks + 1) }
    effects.append(.find(id, owner.domain, .advent))
  }
}

// A guest goes to another node.
extension Guard {
  /// What a running guest's description says about its move.
  mutating func follow(_ sighting: Sighting, of owner: Owner) {
    let id = owner.id
    if owner.source != nil, !sighting.isPaused, owner.overlap != .barred {
      suspect(id.domain)
      update(id) { $0.overlap = .seen }
    }
    if case .outgoing(let node, let departure) = owner.handover {
      switch (departure, sighting.departure) {
      case (.unknown, let job?):
        update(id) { $0.handover = .outgoing(to: node, .underWay(since: job)) }
      // The end of the former one was not seen.
      case (.underWay(let former), let job?) where former != job: stay(owner, node)
      case (.underWay, nil) where !sighting.isPaused, (.unknown, nil) where !sighting.isPaused:
        stay(owner, node)
      case (.underWay, _), (.unknown, nil), (.calledOff, _): break
      }
    }
    for question in questions.removeValue(forKey: owner.domain.uuid) ?? [] {
      answer(question, sighting, id)
    }
  }

  /// Its libvirt has called the migration off, or it was: the other node may still wait.
  private mutating func stay(_ owner: Owner, _ node: NodeID) {
    update(owner.id) { $0.handover = .outgoing(to: node, .calledOff) }
    audit(.stayed, owner)
    inquire(.waiting, owner.domain.uuid, of: node)
  }

  private mutating func takeBack(_ owner: Owner) {
    update(owner.id) { $0.handover = nil }
    guard let owner = self.owner(owner.id), case .running = owner.phase else { return }
    effects.append(.record(owner.record(.running), .noted))
  }

  mutating func questioned(_ id: QuestionID, _ question: HandoverQuestion, _ uuid: DomainUUID) {
    guard readiness == .ready else {
      // A flood would only be somebody's fault; who asked first gives up first.
      if deferredQuestions.count >= 1_000 { deferredQuestions.removeFirst() }
      return deferredQuestions.append((id, question, uuid))
    }
    switch question {
    case .waiting:
      undecided[uuid, default: []].append(id)
      decide(about: uuid)
    case .leaving, .overlapping, .sending:
      guard let owner = owners[uuid], owner.origin.isDomain else {
        return effects.append(.answer(id, .none))
      }
      guard owner.guest != nil else {
        // Its locks are still here: who waits for them need not wait in vain, and nobody else may come.
        let isGoing =
          owner.destination == id.node && question != .leaving && !owner.isSaved
        return effects.append(.answer(id, isGoing ? .leaving(attached: []) : .standing))
      }
      questions[uuid, default: []].append(Question(id: id, question: question))
      effects.append(.sight(owner.domain))
    }
  }

  /// Answers whoever wants to let go, once it is known here what waits. "Nothing", said in the middle of
  /// asking, would let somebody else in between.
  mutating func decide(about uuid: DomainUUID) {
    guard arrivals[uuid] == nil, let ids = undecided[uuid] else { return }
    if let owner = owners[uuid], owner.source != nil, owner.admission != nil { return }
    undecided[uuid] = nil
    for id in ids {
      let isWaiting = owners[uuid]?.source == id.node
      effects.append(.answer(id, isWaiting ? .waiting : .none))
      if isWaiting { suspect(uuid) }
    }
  }

  private mutating func answer(_ question: Question, _ sighting: Sighting, _ ownerID: OwnerID) {
    let id = question.id
    guard let owner = owner(ownerID) else { return effects.append(.answer(id, .none)) }
    guard question.question == .leaving else {
      return effects.append(.answer(id, outcome(question, sighting, of: owner)))
    }
    // What runs here unguarded has nothing to hand over: perhaps a third node has its locks, and runs it.
    guard !owner.isBare else { return effects.append(.answer(id, .staying)) }
    guard let departure = sighting.departure else {
      return effects.append(.answer(id, sighting.isPaused ? .standing : .staying))
    }
    guard owner.destination == nil || owner.destination == id.node else {
      // One migration has one destination; an earlier one may have left claims that wait elsewhere.
      if owner.isLeaving { return effects.append(.answer(id, .staying)) }
      parked[owner.domain.uuid, default: []].append(id)
      if let former = owner.destination { inquire(.waiting, owner.domain.uuid, of: former) }
      return
    }
    update(ownerID) { $0.handover = .outgoing(to: id.node, .underWay(since: departure)) }
    guard let updated = self.owner(ownerID) else { return }
    if !owner.isLeaving { audit(.outgoing, updated, ("to", placeName(id.node))) }
    promised[ownerID, default: []].append(id)
    effects.append(.record(updated.record(.running), .departure))
  }

  /// What becomes of a guest that the other node has let in and has no locks for.
  private func outcome(
    _ question: Question, _ sighting: Sighting, of owner: Owner
  ) -> HandoverAnswer {
    let isSent = sighting.departure != nil && owner.destination == question.id.node
    // A job after the one that node was told of is another migration, wherever that goes.
    if question.question == .sending, isSent, !owner.isStaying { return .leaving(attached: []) }
    // Whatever libvirt is about here: two that run are one too many.
    guard sighting.isPaused else { return .staying }
    return isSent && question.question == .overlapping ? .leaving(attached: []) : .standing
  }

  /// Whom a guest goes to is on record, or cannot be.
  mutating func departureRecorded(_ id: OwnerID, _ failure: String?) {
    let attached = owner(id)?.attached ?? []
    for question in promised.removeValue(forKey: id) ?? [] {
      effects.append(.answer(question, failure == nil ? .leaving(attached: attached) : .staying))
    }
    if let failure, let owner = owner(id) { alarm(unwritable(owner.domain, failure), owner: id) }
  }

  /// Another node asks for a guest that a third one was told of.
  private mutating func answerParked(_ uuid: DomainUUID, isFree: Bool) {
    let ids = parked.removeValue(forKey: uuid) ?? []
    guard isFree, let owner = owners[uuid], owner.guest != nil else {
      for id in ids { effects.append(.answer(id, .staying)) }
      return
    }
    guard !ids.isEmpty else { return }
    if owner.isStaying { takeBack(owner) }
    questions[uuid, default: []] += ids.map { Question(id: $0, question: .leaving) }
    effects.append(.sight(owner.domain))
  }

  /// Nobody asks about an owner that is no more.
  mutating func answerQuestions(about uuid: DomainUUID) {
    let ids =
      (questions.removeValue(forKey: uuid) ?? []).map(\.id)
      + (parked.removeValue(forKey: uuid) ?? [])
    for id in ids { effects.append(.answer(id, .none)) }
    decide(about: uuid)
  }

  /// Its process is gone. What has gone to another node is let go only when the claims there wait for it:
  /// an agent that has died there has left none that do.
  mutating func depart(_ id: OwnerID) {
    guard let owner = owner(id), let destination = owner.destination else { return letGo(id) }
    let inquiry = inquire(.waiting, owner.domain.uuid, of: destination)
    update(id) { $0.farewell = inquiry }
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
