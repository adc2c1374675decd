import GuardCore
import LockModel

// Power, fencing and the lockspace: what happens to whole nodes.
extension World {
  func powerOn(_ node: Node) {
    guard node.boot == nil else { return }
    node.boot = Boot(number())
    tell(node, "host", "starts")
    guard let boot = node.boot else { return }
    after(10...500, .boot(boot.number)) { [self] in startAgent(node) }
    after(20...500, .boot(boot.number)) { [self] in startDaemon(node) }
  }

  /// Everything on the node ends at once; its locks stay until it is cast out.
  func powerOff(_ node: Node) {
    guard let boot = node.boot else { return }
    tell(node, "host", "is OFF")
    agenda.end(
      Set([.boot(boot.number)] + boot.hooks.keys.map { .hook($0) })
        .union(boot.agent.map { [.agent($0.number)] } ?? [])
        .union(boot.daemon.map { [.daemon($0.number)] } ?? []))
    if let agent = boot.agent {
      agent.engine.die()
      strike(agent)
    }
    for qemu in boot.processes { qemu.stage = .dead }
    node.boot = nil
    node.isolatedSince = nil
    changes += 1
    stop("\(node.name) is being fenced")
  }

  /// The node is known to be off: its locks are dropped, the others go on.
  func fence(_ node: Node) {
    if node.boot != nil { powerOff(node) }
    tell(node, "host", "has been fenced: its locks are dropped")
    locks.castOut(node.index)
    for other in nodes { excuseWhoDoesNotWait(other) }
    concludeQuestions(to: node)
    node.savedWithoutLocks = node.saved
    changes += 1
    run("\(node.name) is being fenced")
    run("\(node.name) is cut off")
  }

  /// A guest that came from a node which is cast out has its locks nowhere, if its agent is away just then: the
  /// other gap that the design knows.
  private func excuseWhoDoesNotWait(_ node: Node) {
    guard let boot = node.boot, boot.agent?.isOpen != true else { return }
    for qemu in boot.processes where qemu.isIncoming && !qemu.hasArrived && qemu.isAlive {
      let isFree = Oracle.needed(qemu.guest, qemu.relied, self).contains { resource, mode in
        !nodes.contains { locks.modes(resource, on: $0.index).contains { $0.covers(mode) } }
      }
      if isFree { excuse(qemu.guest, node, boot) }
    }
  }

  /// The node sees no other: the lockspace is stopped on both sides until it is fenced.
  func isolate(_ node: Node) {
    guard node.boot != nil, !node.isIsolated, nodes.count > 1 else { return }
    node.isolatedSince = now
    tell(node, "host", "is CUT OFF")
    stop("\(node.name) is cut off")
    if let agent = node.boot?.agent { tellIsolation(agent) }
  }

  /// What the cluster watch says on a node that sees no other.
  func tellIsolation(_ agent: Agent) {
    let reason = "this node has no quorum"
    post(.impediment(reason), to: agent)
    post(.suspended(reason), to: agent)
    post(.isolated(Isolation(reason: reason)), to: agent)
  }

  /// It sees the others again, before anybody has fenced it.
  func rejoin(_ node: Node) {
    guard node.isIsolated else { return }
    node.formerIsolation = node.isolatedSince.map { (since: $0, until: now) }
    node.isolatedSince = nil
    tell(node, "host", "sees the others again")
    run("\(node.name) is cut off")
    guard let agent = node.boot?.agent else { return }
    post(.isolated(nil), to: agent)
    post(.resumed, to: agent)
    post(.impediment(nil), to: agent)
    poseAgain(to: node)
  }

  /// Recovery begins.
  func stop(_ reason: String) {
    for node in nodes {
      guard node.stops.insert(reason).inserted else { continue }
      locks.setStopped(true, node: node.index)
      if let agent = node.boot?.agent { post(.waiting(reason), to: agent) }
    }
    tell("-", "dlm", "stops: \(reason)")
  }

  /// Recovery is done.
  func run(_ reason: String) {
    var hasChanged = false
    for node in nodes {
      guard node.stops.remove(reason) != nil else { continue }
      hasChanged = true
      if node.stops.isEmpty { locks.setStopped(false, node: node.index) }
      if node.stops.isEmpty, let agent = node.boot?.agent { post(.waiting(nil), to: agent) }
    }
    if hasChanged { tell("-", "dlm", "goes on: \(reason) no more") }
  }

  /// Somebody removes locks of a guest by force; the engine's audit finds out within 30 s.
  func rob(_ guest: Guest, on node: Node, of storage: Int?) {
    guard let boot = node.boot else { return }
    let resource =
      storage.map { storages[$0].name } ?? .init(domain: guest.uuid)
    guard locks.steal(resource, from: node.index) else { return }
    tell(node, "dlm", "\(words(resource)) of \(guest.name) is REMOVED by force")
    for other in guests
    where other.index == guest.index || other.uses.contains(where: { $0.storage == storage })
      || boot.processes.contains(where: { qemu in
        qemu.guest.index == other.index && qemu.uses.contains { $0.storage == storage }
      })
    {
      markRobbed(other.index, node, boot)
    }
    if let agent = boot.agent {
      after(20...30_000, .agent(agent.number)) { agent.engine.audit() }
    }
  }

  /// `dlm_tool leave`: the lockspace is gone from under the agent, which has to join it anew.
  func leaveLockspace(_ node: Node) {
    guard let boot = node.boot, let agent = boot.agent, agent.hasRecovered else { return }
    tell(node, "dlm", "the lockspace is LEFT by force")
    locks.setAdrift(agent.engine.number, node: node.index)
    boot.hasJoined = false
    for guest in guests { markRobbed(guest.index, node, boot) }
    node.savedWithoutLocks = node.saved
    post(.lostAll(reason: "the lockspace is gone"), to: agent)
    post(.impediment("the lockspace is gone"), to: agent)
  }

  /// Its locks may be gone although it did nothing wrong, and the guard finds out.
  func excuse(_ guest: Guest, _ node: Node, _ boot: Boot) {
    tell(node, "dlm", "\(guest.name) does not wait for its locks any more")
    markRobbed(guest.index, node, boot)
  }

  private func markRobbed(_ guest: Int, _ node: Node, _ boot: Boot) {
    boot.robbed[guest] = .init(since: now, isDueSince: now)
    for qemu in boot.processes where qemu.guest.index == guest { qemu.hasLostLocks = true }
    if node.saved.contains(guest) { node.savedWithoutLocks.insert(guest) }
    changes += 1
  }
}
