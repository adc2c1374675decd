import AgentAPI
import LockModel

// A running guest is compared with its claims: its disks change without a hook, and it may have been
// started without one.
extension Guard {
  /// A guest and what was last seen of it, while its storage is looked at.
  struct Look {
    let asked: Sighting
    var latest: Sighting
  }

  mutating func sighted(_ sighting: Sighting) {
    // Every guest is asked for once more when the agent is ready.
    guard readiness == .ready else { return }
    let uuid = sighting.domain.uuid
    if let owner = owners[uuid] {
      expectStarted(owner)
      guard owner.guest == sighting.process else { return }
      // Whoever moves is libvirt's: it will tell, or its process ends.
      guard sighting.state != nil || owner.handover == nil else { return }
      note(sighting, of: owner)
      follow(sighting, of: owner)
      guard isWorthALook(owner, sighting) else { return }
      guard owner.isAtRest else { return postpone(sighting, of: owner) }
    } else if surveys.values.contains(where: { $0.isStart(of: uuid) }) {
      // libvirt's hook is about to admit it.
      return
    } else if owners.values.contains(where: { $0.keeper == sighting.process }) {
      // Whoever registered it has named what it locks.
      return
    }
    if looks[uuid] != nil {
      looks[uuid]?.latest = sighting
      return
    }
    looks[uuid] = Look(asked: sighting, latest: sighting)
    effects.append(
      .survey(
        .sighting(uuid), sighting.resources.filter { policy.resources[$0.kind] != .off }, nil))
  }

  mutating func surveyed(_ uuid: DomainUUID, _ survey: Survey) {
    guard let look = looks.removeValue(forKey: uuid), readiness == .ready else { return }
    guard look.asked.usesTheSame(as: look.latest) else { return sighted(look.latest) }
    let sighting = look.latest
    if owners[uuid] == nil { discover(sighting) }
    guard let owner = owners[uuid], owner.guest == sighting.process else { return }
    guard owner.isAtRest else { return postpone(sighting, of: owner) }
    compare(owner, sighting, survey)
  }

  /// It has a process, and its `started` hook, which binds its claims to that, may have been lost.
  private mutating func expectStarted(_ owner: Owner) {
    guard case .prepared = owner.phase, owner.origin == .hook, !owner.driver.isStartedDue else {
      return
    }
    update(owner.id) { $0.driver.isStartedDue = true }
    wake(owner.id, .startLimit, after: policy.startLimit)
  }

  private mutating func note(_ sighting: Sighting, of owner: Owner) {
    update(owner.id) { owner in
      owner.sight.isPaused = sighting.isPaused
      owner.sight.isBeingSaved = sighting.state?.isBeingSaved == true
    }
  }

  /// A guest whose claims are being changed is looked at again when that is done.
  private mutating func postpone(_ sighting: Sighting, of owner: Owner) {
    let isNews = owner.sight.compared?.usesTheSame(as: sighting) != true
    update(owner.id) { $0.sight.isStale = $0.sight.isStale || isNews }
  }

  /// Its claims have been changed, as far as they could.
  mutating func lookAgain(at id: OwnerID) {
    guard let owner = owner(id), owner.sight.isStale, owner.isAtRest else { return }
    update(id) { $0.sight.isStale = false }
    effects.append(.sight(owner.domain))
  }

  private func isWorthALook(_ owner: Owner, _ sighting: Sighting) -> Bool {
    guard let compared = owner.sight.compared else { return true }
    return !compared.usesTheSame(as: sighting) || !owner.sight.troubles.isEmpty
      || owner.sight.isSurplus || owner.sight.doubt == .over || !owner.lost.isEmpty
  }

  /// A guest that nobody has told of: libvirt starts guests, too, when its hook is not there or cannot be
  /// run.
  private mutating func discover(_ sighting: Sighting) {
    let owner = newOwner(sighting.domain, .found, keeper: nil)
    owners[sighting.domain.uuid] = owner
    update(owner.id) { $0.phase = .running }
    setKeeper(owner.id, sighting.process)
    guard let owner = self.owner(owner.id) else { return }
    audit(.discovered, owner, ("pid", "\(sighting.process.pid)"))
    alarm(
      "\(Quoted(owner.domain.name))\(process(owner)) runs although no hook has asked for its locks: it was "
        + "started before dlmguard was installed, without libvirt, or by a libvirt that does not call "
        + "the hook (see: ls -l /etc/libvirt/hooks/qemu.d/). What it uses is locked now as far as "
        + "nobody else has it", owner: owner.id)
  }
}

extension Owner {
  /// Whether its claims can be compared with what its guest uses.
  fileprivate var isAtRest: Bool {
    if case .running = phase { !sight.isReducing && source == nil } else { false }
  }
}

extension Request {
  /// Whether it will admit that domain, if all goes well.
  fileprivate func isStart(of uuid: DomainUUID) -> Bool {
    guard case .hook(let call) = self else { return false }
    return call.uuid == uuid
  }
}
