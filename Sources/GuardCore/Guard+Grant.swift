import AgentAPI
import LockModel

// What comes of asking for claims: recorded, granted or refused.
extension Guard {
  mutating func recorded(_ id: OwnerID, _ reason: RecordReason, _ failure: String?) {
    guard let owner = owner(id) else { return }
    switch (reason, owner.phase) {
    case (.reduction, _): reductionRecorded(id, failure)
    case (.departure, _): departureRecorded(id, failure)
    case (.admission, .recording(let admission)) where admission.purpose == .change:
      changeRecorded(id, admission, failure)
    case (.admission, .recording(let admission)) where admission.purpose == .attach:
      attachRecorded(id, admission, failure)
    case (.admission, .recording(let admission)):
      if let failure {
        fallBack(id, admission)
        refused(
          admission.request, operation(admission.purpose), owner.domain, .unsafe,
          unwritable(owner.domain, failure))
      } else if admission.isAbandoned {
        fallBack(id, admission)
      } else if let obstacle, !admission.claims.isEmpty, admission.purpose != .reconnect {
        fallBack(id, admission)
        refused(
          admission.request, operation(admission.purpose), owner.domain, .unsafe,
          start(of: owner.domain, obstacle))
      } else if admission.claims.isEmpty {
        update(id) { $0.phase = .acquiring(admission) }
        acquired(id, refused: [])
      } else {
        update(id) { $0.phase = .acquiring(admission) }
        ask(for: admission.claims, of: owner)
      }
    default:
      if let failure { alarm(unwritable(owner.domain, failure), owner: id) }
    }
  }

  mutating func acquired(_ id: OwnerID, refused: [RefusedClaim]) {
    guard let owner = owner(id), case .acquiring(let admission) = owner.phase,
      admission.purpose != .recovery
    else { return }
    guard refused.isEmpty else { return conflict(owner, admission, refused) }
    let isWhole = owner.lost.isSubset(of: admission.claims.map(\.resource))
    guard admission.lost.isEmpty, isWhole else { return grantedInPart(owner, admission) }
    granted(owner, admission)
  }

  /// Some of it, or of what was held before, is lost already: nobody goes on without it who has not begun
  /// yet.
  private mutating func grantedInPart(_ owner: Owner, _ admission: Owner.Admission) {
    var silent = admission
    let isBeginning =
      switch admission.purpose {
      case .prepare, .start, .operation: true
      case .started, .reconnect, .recovery, .change, .attach: false
      }
    if isBeginning { silent.request = nil }
    granted(owner, silent)
    loseLate(owner.id, admission)
    guard isBeginning, admission.request != nil, let owner = self.owner(owner.id) else { return }
    refused(
      admission.request, operation(admission.purpose), owner.domain, .lost, lostBeforeStart(owner))
  }

  mutating func granted(_ owner: Owner, _ admission: Owner.Admission) {
    let id = owner.id
    if !admission.claims.isEmpty {
      audit(
        owner.source == nil ? .acquired : .incoming, owner, ("count", "\(admission.claims.count)"),
        ("claims", admission.claims.map { "\($0.mode):\($0.resource)" }.joined(separator: " ")))
      update(id) { $0.lost.subtract(admission.claims.map(\.resource)) }
    }
    if admission.isAbandoned { return giveBack(owner, admission) }
    writeDown(owner, admission)
    switch admission.purpose {
    case .prepare, .start:
      update(id) { $0.phase = .prepared }
      if let keeper = owner.keeper {
        // The daemon may have died while the engine was asked.
        effects.append(.confirm(id, keeper))
      }
      // A start that was let go on before its locks came may be over by now, and libvirt has said so.
      if owner.keeper == nil || admission.request == nil {
        wake(id, .startLimit, after: policy.startLimit)
      }
      reply(admission.request, .done)
    case .started, .reconnect:
      update(id) { $0.phase = .prepared }
      guard let request = admission.request else {
        return wake(id, .startLimit, after: policy.startLimit)
      }
      effects.append(
        .find(
          id, owner.domain, admission.purpose == .started ? .started(request) : .reconnect(request))
      )
    case .operation:
      update(id) { owner in
        owner.phase = .running
        owner.wanted = []
      }
      reply(admission.request, .done)
      // The process may have gone while the engine was asked: then its end was not for this phase.
      if let keeper = owner.keeper { effects.append(.confirm(id, keeper)) }
    case .change:
      update(id) { $0.phase = .running }
      if let owner = self.owner(id) { conclude(owner) }
      // Its end was not for this phase, nor what has changed since.
      if let keeper = owner.keeper { effects.append(.confirm(id, keeper)) }
      lookAgain(at: id)
    case .attach:
      update(id) { $0.phase = .running }
      if let owner = self.owner(id) {
        reply(admission.request, .owners([owner.report(node: description.node)]))
      }
      attachmentSettled(id)
    // Answered by `reclaimed`.
    case .recovery: break
    }
  }

  /// What was only asked for is held, or is not to be had: a restart should know. Nobody waits for it.
  private mutating func writeDown(_ owner: Owner, _ admission: Owner.Admission) {
    // Where all was refused, that is written down already.
    guard !admission.claims.isEmpty else { return }
    var granted = owner
    granted.phase = .prepared
    switch admission.purpose {
    case .prepare, .start, .started, .reconnect:
      effects.append(.record(granted.record(.prepared), .noted))
    case .change, .attach, .operation:
      effects.append(.record(granted.record(.running), .noted))
    case .recovery: break
    }
  }

  /// What is granted after the asker was given up on.
  private mutating func giveBack(_ owner: Owner, _ admission: Owner.Admission) {
    switch (admission.purpose, admission.former?.phase) {
    case (.operation, .registered):
      update(owner.id) { $0.staysRegistered = true }
      letGo(owner.id)
    case (.attach, _): giveBackAttachment(owner.id, admission)
    case (.operation, _):
      // Its process lives and holds things already: what it asked for in vain goes with them, and is
      // there if it asks again.
      update(owner.id) { owner in
        owner.phase = .running
        owner.wanted = []
      }
      if let keeper = owner.keeper { effects.append(.confirm(owner.id, keeper)) }
    case (_, nil):
      update(owner.id) { $0.phase = .prepared }
      end(owner.id, nil)
    case (_, .some):
      // libvirt has called the start off, and its `release` may have come before the grant.
      update(owner.id) { $0.phase = .prepared }
      searchInSilence(owner)
    }
  }

  private mutating func conflict(
    _ owner: Owner, _ admission: Owner.Admission, _ refused: [RefusedClaim]
  ) {
    if admission.purpose == .change { return contest(owner, admission, refused) }
    if admission.purpose == .attach { return attachmentRefused(owner, admission, refused) }
    let message = conflict(owner.domain, refused)
    if let operation = operation(admission.purpose), isObserved(operation) {
      observed(operation, owner.domain, message)
      return settleFor(owner, admission, without: refused.map(\.claim.resource))
    }
    fallBack(owner.id, admission)
    switch admission.purpose {
    case .reconnect:
      // The guest runs already, and a refusal here would kill it: what is known to be held by
      // another is for a person to judge.
      alarm("\(message) It runs UNGUARDED.", owner: nil)
      reply(admission.request, .done)
    default:
      self.refused(
        admission.request, operation(admission.purpose), owner.domain,
        refused.contains(where: \.isFailure) ? .unsafe : .conflict, message)
    }
  }

  /// Back to what the owner was before the request; the engine holds no more than it did then.
  ///
  /// - Parameter isRecorded: whether the ledger knows more than that.
  mutating func fallBack(
    _ id: OwnerID, _ admission: Owner.Admission, isRecorded: Bool = true
  ) {
    guard let former = admission.former else { return forget(id) }
    setKeeper(id, former.keeper)
    update(id) { owner in
      owner.claims = former.claims
      if let attached = former.attached { owner.attached = attached }
      switch former.phase {
      case .registered: owner.phase = .registered
      case .prepared: owner.phase = .prepared
      case .running: owner.phase = .running
      case .saved: owner.phase = .saved
      }
    }
    guard let owner = owner(id) else { return }
    // It may have gone while the engine was asked: then its end was not for that phase.
    if let keeper = owner.keeper { effects.append(.confirm(id, keeper)) }
    if admission.purpose == .attach { attachmentSettled(id) }
    guard isRecorded else { return }
    switch former.phase {
    case .registered: effects.append(.erase(id))
    case .prepared:
      effects.append(.record(owner.record(.prepared), .noted))
      // libvirt has called the start off, and its `release` may have come meanwhile.
      if admission.isAbandoned { searchInSilence(owner) }
    case .running: effects.append(.record(owner.record(.running), .noted))
    case .saved:
      effects.append(.record(owner.record(owner.isExported ? .exported : .saved), .noted))
    }
  }

  /// The owner is no more; the engine holds nothing for it.
  mutating func forget(_ id: OwnerID) {
    setKeeper(id, nil)
    guard let owner = owner(id) else { return }
    detached(id)
    owners[id.domain] = nil
    alarms.removeAll { $0.owner == id }
    answerQuestions(about: id.domain)
    effects.append(.erase(id))
    revoked(id)
    admitQueued(id.domain)
    // One daemon never begins anew before it has done with the former run; where two do, the `release` of
    // that must not be taken for the new one's.
    if owner.driver.release == .awaited, let next = owners[id.domain] {
      update(next.id) { $0.driver.foreignReleases += 1 }
    }
  }
}
