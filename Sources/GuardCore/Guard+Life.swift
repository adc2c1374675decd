import AgentAPI
import LockModel

// From the first claim to the last: the process that uses the resources is found, watched and gone.
extension Guard {
  /// A hook call that an owner can answer without looking at storage. False where it cannot.
  mutating func take(_ call: HookCall, _ request: RequestID, of owner: Owner) -> Bool {
    switch (call.operation, owner.phase) {
    case (.prepare, _) where owner.isLiving:
      refuseTwin(of: owner, Domain(uuid: owner.domain.uuid, name: call.name), request)
    case (.started, .prepared) where !owner.lost.isEmpty:
      refused(request, .started, owner.domain, .lost, lostBeforeStart(owner))
    case (.started, .prepared):
      if refuseImpeded(.started, owner.domain, request) { return true }
      effects.append(
        .find(
          owner.id, owner.domain, owner.mustBeIncoming ? .arrived(request) : .started(request)))
    case (.reconnect, .prepared):
      effects.append(.find(owner.id, owner.domain, .reconnect(request)))
    case (.started, .running) where owner.origin == .found && !owner.sight.troubles.isEmpty:
      refused(
        request, .started, owner.domain, .conflict,
        start(of: owner.domain, owner.sight.troubles.joined(separator: "; ")))
    case (.started, .running) where owner.isBare:
      refused(request, .started, owner.domain, .conflict, bareStart(owner))
    case (.started, .running), (.reconnect, .running): reply(request, .done)
    // What it uses is being locked already.
    case (.reconnect, _) where owner.guest != nil: reply(request, .done)
    default: return false
    }
    return true
  }

  mutating func stopped(_ call: HookCall, _ request: RequestID) {
    // QEMU may have started without `started` ever coming: learn of it while its pid file exists.
    if let owner = owner(of: call), case .prepared = owner.phase, owner.driver.foreignReleases == 0
    {
      effects.append(.find(owner.id, owner.domain, .stopped))
    }
    reply(request, .done)
  }

  /// libvirt has done with a domain, or with a start that failed or was refused. A hint only: it
  /// does not prove that QEMU is gone, and may concern another start than the one that holds.
  mutating func releaseHint(_ call: HookCall, _ request: RequestID) {
    guard let owner = owner(of: call) else { return reply(request, .done) }
    limit(request)
    switch owner.phase {
    case .prepared where owner.driver.foreignReleases > 0:
      update(owner.id) { $0.driver.foreignReleases -= 1 }
      wake(owner.id, .startLimit, after: policy.startLimit)
      reply(request, .done)
    case .prepared: effects.append(.find(owner.id, owner.domain, .release(request)))
    case .running where owner.origin.isDomain:
      update(owner.id) { $0.releaseRequests.append(request) }
      if let keeper = owner.keeper { effects.append(.confirm(owner.id, keeper)) }
    case .exited, .ending, .leaving: releaseAfterDeath(of: owner, request)
    case .registered, .recording, .acquiring, .running, .saved: reply(request, .done)
    }
  }

  private mutating func releaseAfterDeath(of owner: Owner, _ request: RequestID) {
    update(owner.id) { $0.driver.release = .heard }
    if case .exited = owner.phase { return end(owner.id, request) }
    update(owner.id) { $0.releaseRequests.append(request) }
  }

  private func owner(of call: HookCall) -> Owner? {
    if let uuid = call.uuid { return owners[uuid] }
    return owners.values.filter { $0.domain.name == call.name && $0.origin.isDomain }
      .min { $0.id < $1.id }
  }

  mutating func found(
    _ id: OwnerID, _ process: ProcessRef?, _ reason: SearchReason, isIncoming: Bool
  ) {
    guard let owner = owner(id), case .prepared = owner.phase else {
      return answerLate(id, reason)
    }
    if let process, owner.mustBeIncoming, !isIncoming {
      guard isObserved(.started) else { return refuseFresh(process, of: owner, reason) }
      if case .arrived = reason { observed(.started, owner.domain, fresh(owner)) }
    }
    switch (reason, process) {
    case (.started(let request), nil), (.arrived(let request), nil):
      // The daemon may have died while the engine was asked.
      if let keeper = owner.keeper {
        effects.append(.confirm(id, keeper))
      } else {
        wake(id, .startLimit, after: policy.startLimit)
      }
      refused(
        request, .started, owner.domain, .unsafe,
        start(
          of: owner.domain,
          "its QEMU process cannot be found, so its locks could not be bound to it"))
    case (.reconnect(let request), nil):
      wake(id, .startLimit, after: policy.startLimit)
      reply(request, .done)
    case (.started(let request), _?) where !owner.lost.isEmpty && !isObserved(.started),
      (.arrived(let request), _?) where !owner.lost.isEmpty && !isObserved(.started):
      refused(request, .started, owner.domain, .lost, lostBeforeStart(owner))
    case (.started(let request), let process?), (.arrived(let request), let process?),
      (.reconnect(let request), let process?):
      bind(id, process, request)
    case (.release(let request), let process?):
      update(id) { $0.driver.release = .heard }
      bind(id, process, request)
    case (.release(let request), nil): end(id, request)
    case (.stopped, let process?), (.silence, let process?), (.loss, let process?):
      bind(id, process, nil)
    case (.silence, nil) where owner.driver.isSilent: end(id, nil)
    // Its start went on meanwhile.
    case (.silence, nil): wake(id, .startLimit, after: policy.startLimit)
    // It may be on its way to exec(2), and `started` need not come.
    case (.loss, nil): wake(id, .startLimit, after: policy.startLimit)
    case (.stopped, nil), (.advent, _?): break
    case (.advent, nil): wake(id, .advent, after: policy.adventInterval)
    }
  }

  /// Nothing has been heard of a start for long: if it has no process, it is over, unless it goes on while
  /// that is looked for.
  mutating func searchInSilence(_ owner: Owner) {
    update(owner.id) { $0.driver.isSilent = true }
    effects.append(.find(owner.id, owner.domain, .silence))
  }

  /// The owner moved on while the process was looked for.
  private mutating func answerLate(_ id: OwnerID, _ reason: SearchReason) {
    switch reason {
    case .started(let request), .arrived(let request):
      if let owner = owner(id), case .running = owner.phase { return reply(request, .done) }
      if isObserved(.started) { return reply(request, .done) }
      refuse(request, .unsafe, "the start was called off while it was under way")
    case .reconnect(let request): reply(request, .done)
    case .release(let request):
      guard let owner = owner(id) else { return reply(request, .done) }
      switch owner.phase {
      case .exited, .ending, .leaving: releaseAfterDeath(of: owner, request)
      default: reply(request, .done)
      }
    case .stopped, .silence, .loss, .advent: break
    }
  }

  private mutating func bind(_ id: OwnerID, _ process: ProcessRef, _ request: RequestID?) {
    setKeeper(id, process)
    update(id) { owner in
      owner.phase = .running
      owner.advent = nil
    }
    guard let owner = owner(id) else { return }
    audit(.bound, owner, ("pid", "\(process.pid)"))
    // The claims are on record already, and an agent that starts now would find the process by the
    // domain's UUID: nobody needs to wait for the disk.
    reply(request, .done)
    effects.append(.record(owner.record(.running), .noted))
    if !owner.lost.isEmpty, let process = victim(owner) {
      kill(process, of: owner, "locks of it were lost before it was known")
    }
    admitQueued(id.domain)
    // libvirt may have changed its disks since the hook saw them.
    effects.append(.sight(owner.domain))
  }

  /// Starts that waited to see what becomes of the former incarnation.
  mutating func admitQueued(_ domain: DomainUUID) {
    for waiting in queued.removeValue(forKey: domain) ?? [] {
      admit(waiting.call, waiting.request, waiting.survey)
    }
  }

  mutating func confirmed(_ id: OwnerID, alive: Bool) {
    guard let owner = owner(id), let keeper = owner.keeper else { return }
    let isReleased = !owner.releaseRequests.isEmpty
    if !alive {
      if isReleased { update(id) { $0.driver.release = .heard } }
      return exited(keeper)
    }
    guard case .running = owner.phase, isReleased else { return }
    // libvirt may go on; the locks stay until the process is really gone.
    update(id) { owner in
      if owner.driver.foreignReleases > 0 {
        owner.driver.foreignReleases -= 1
      } else {
        owner.driver.release = .heard
      }
      owner.releaseRequests = []
    }
    for request in owner.releaseRequests { reply(request, .done) }
  }

  mutating func exited(_ process: ProcessRef) {
    for owner in owners.values.filter({ $0.keeper == process }).sorted(by: { $0.id < $1.id }) {
      switch (owner.origin, owner.phase) {
      case (.client, .registered): forget(owner.id)
      case (.client, .running):
        confirmDeath(owner)
        letGo(owner.id)
      case (.hook, .running), (.found, .running):
        confirmDeath(owner)
        update(owner.id) { $0.phase = .exited }
        if owner.driver.release == .heard {
          end(owner.id, nil)
        } else {
          update(owner.id) { $0.driver.release = .awaited }
          wake(owner.id, .releaseGrace, after: policy.releaseGrace)
        }
      case (.hook, .prepared):
        // Perhaps not for the first time: the engine may have been asked when the time was over.
        update(owner.id) { $0.driver.isGone = true }
        wake(owner.id, .driverGone, after: policy.driverGrace)
      default: break
      }
    }
  }

  mutating func woke(_ id: OwnerID, _ wake: Wake) {
    guard let owner = owner(id), owner.round == wake.round else { return }
    switch (wake.reason, owner.phase) {
    case (.releaseGrace, .exited): end(id, nil)
    case (.driverGone, .prepared), (.startLimit, .prepared):
      searchInSilence(owner)
    case (.surplus, _) where owner.sight.doubt == .fresh:
      update(id) { $0.sight.doubt = .over }
      effects.append(.sight(owner.domain))
    case (.contested, _):
      update(id) { $0.sight.isAwaited = false }
      effects.append(.sight(owner.domain))
    case (.killed, _): stillAlive(owner)
    case (.overlap, _): askWhyStillThere(owner)
    case (.advent, .prepared): lookForAdvent(id)
    case (.departed, .ending): stillDeparting(owner)
    default: break
    }
  }
}

// MARK: - The end

extension Guard {
  /// No process uses the claims any more; they go unless a managed save image holds the domain.
  mutating func end(_ id: OwnerID, _ request: RequestID?) {
    update(id) { owner in
      owner.phase = .ending
      if let request { owner.releaseRequests.append(request) }
    }
    setKeeper(id, nil)
    guard let owner = owner(id) else { return reply(request, .done) }
    effects.append(.lookForSaveImage(id, name: owner.domain.name))
  }

  mutating func saveImage(_ id: OwnerID, exists: Bool) {
    guard let owner = owner(id), case .ending = owner.phase else { return }
    let isExported = !exists && owner.sight.isBeingSaved && policy.savedGuests == .all
    // A start that waits for this end is the restore itself: it takes the claims over as they are.
    guard exists || isExported else { return depart(id) }
    update(id) { owner in
      owner.phase = .saved
      owner.isExported = isExported
      // It came, or nothing could have been saved; what follows is a restore.
      owner.advent = nil
      owner.sight = Owner.Sight()
      owner.death = nil
      owner.driver = Owner.Driver()
      owner.releaseRequests = []
    }
    audit(.saved, owner)
    effects.append(.record(owner.record(isExported ? .exported : .saved), .noted))
    for request in owner.releaseRequests { reply(request, .done) }
    admitQueued(id.domain)
  }

  mutating func saveImageRemoved(_ name: String) {
    for owner in owners.values.filter({ $0.domain.name == name }).sorted(by: { $0.id < $1.id }) {
      guard case .saved = owner.phase, !owner.isExported else { continue }
      update(owner.id) { $0.phase = .ending }
      // It may run where it went before it was saved here.
      depart(owner.id)
    }
  }

  mutating func letGo(_ id: OwnerID) {
    update(id) { $0.phase = .leaving }
    effects.append(.release(id))
  }

  mutating func released(_ id: OwnerID) {
    guard let owner = owner(id), case .leaving = owner.phase else { return }
    audit(.released, owner, ("count", "\(owner.claims.count)"))
    if owner.staysRegistered, owner.releaseRequests.isEmpty, let keeper = owner.keeper {
      update(id) { owner in
        owner.phase = .registered
        owner.claims = []
        owner.staysRegistered = false
      }
      effects += [.erase(id), .confirm(id, keeper)]
      return
    }
    forget(id)
    for request in owner.releaseRequests { reply(request, .done) }
  }
}
