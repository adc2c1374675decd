import AgentAPI
import LockModel

// A guest that must not go on: paused, or ended and seen to be gone.
extension Guard {
  /// Whether anything is done about a guest that runs without a lock.
  func isAtRisk(_ owner: Owner) -> Bool {
    policy.mode == .enforce && owner.guest != nil
  }

  mutating func kill(_ process: ProcessRef, of owner: Owner, _ reason: String) {
    guard owner.death == nil else { return }
    let signal: KillSignal = policy.killGrace > 0 ? .terminate : .kill
    audit(.killed, owner, ("pid", "\(process.pid)"), ("reason", reason))
    update(owner.id) { $0.death = Owner.Death(process: process, reason: reason, signal: signal) }
    effects.append(.kill(process, signal))
    wake(owner.id, .killed, after: signal == .kill ? policy.killLimit : policy.killGrace)
  }

  /// It should be gone by now.
  mutating func stillAlive(_ owner: Owner) {
    guard let death = owner.death, owner.keeper == death.process else { return }
    guard death.signal == .terminate else {
      return alarm(
        "\(death.process) of \(Quoted(owner.domain.name)) was killed (\(death.reason)), but does not end: "
          + "it waits for its storage in the kernel (ps -o stat,wchan -p \(death.process.pid)). It keeps "
          + "its locks until it is gone", owner: owner.id)
    }
    update(owner.id) { $0.death?.signal = .kill }
    effects.append(.kill(death.process, .kill))
    wake(owner.id, .killed, after: policy.killLimit)
  }

  mutating func confirmDeath(_ owner: Owner) {
    guard let death = owner.death, death.process == owner.keeper else { return }
    update(owner.id) { $0.death = nil }
    audit(.dead, owner, ("pid", "\(death.process.pid)"), ("reason", death.reason))
  }

  // MARK: - Paused

  mutating func pause(_ id: OwnerID, _ reason: String) {
    guard let owner = owner(id), let process = owner.guest, owner.death == nil,
      !owner.sight.isPaused, !owner.sight.isPausing
    else { return }
    update(id) { $0.sight.isPausing = true }
    audit(.paused, owner, ("pid", "\(process.pid)"), ("reason", reason))
    effects.append(.pause(id, owner.domain, process))
  }

  mutating func paused(_ id: OwnerID, _ pausing: Pausing) {
    guard let owner = owner(id), owner.sight.isPausing else { return }
    update(id) { $0.sight.isPausing = false }
    guard let process = owner.guest else { return }
    let name = Quoted(owner.domain.name)
    switch pausing {
    case .byLibvirt: update(id) { $0.sight.isPaused = true }
    case .bySignal(let why):
      update(id) { $0.sight.isPaused = true }
      alarm(
        "\(name) (\(process)) was stopped by SIGSTOP, because libvirt did not pause it (\(why)). libvirt "
          + "cannot reach it until it goes on: kill -CONT \(process.pid)", owner: id)
    case .failed(let why):
      alarm("\(name) (\(process)) could not be paused: \(why)", owner: id)
      lookAgainLater(at: id)
    }
  }
}
