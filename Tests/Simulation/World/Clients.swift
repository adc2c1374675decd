import AgentAPI
import GuardCore
import LockModel

/// Somebody on the agent's socket who is no hook, and waits for an answer.
final class Client {
  /// Nil where the agent dies first.
  let then: (Reply?) -> Void

  init(then: @escaping (Reply?) -> Void) {
    self.then = then
  }
}

// Programs and administrators: the operations of the lock manager, and `dlmguard revoke`.
extension World {
  private func ask(_ request: Request, on node: Node, then: @escaping (Reply?) -> Void) {
    guard let boot = node.boot else { return }
    after(1...8, .boot(boot.number)) { [self] in
      guard let agent = boot.agent, agent.isOpen else { return then(nil) }
      let id = RequestID(UInt64(number()))
      agent.clients[id] = Client(then: then)
      post(.request(id, request), to: agent)
    }
  }

  /// A program does the next thing: it comes, locks what it uses, gives that back, or ends.
  func runClient(_ guest: Guest, on node: Node) {
    guard let boot = node.boot else { return }
    guard let qemu = boot.processes.first(where: { $0.guest.index == guest.index }) else {
      let qemu = QEMU(boot.process(), guest, node: node.index, isGuarded: false)
      boot.processes.append(qemu)
      tell(node, "client", "\(guest.name) starts (pid \(qemu.process.pid))")
      return register(qemu, node)
    }
    guard qemu.stage == .running else { return }
    if chance(2) { return exit(qemu, node, "ends") }
    release(qemu, node)
  }

  private func register(_ qemu: QEMU, _ node: Node) {
    ask(.register(qemu.guest.domain, pid: qemu.process.pid), on: node) { [self] reply in
      guard case .registered(let owner) = reply, qemu.isAlive else { return giveUp(qemu, node) }
      ask(.add(owner, qemu.uses.map(resource)), on: node) { [self] reply in
        guard case .done = reply, qemu.isAlive else { return giveUp(qemu, node) }
        let agent = node.boot?.agent
        ask(.acquire(owner), on: node) { [self] reply in
          guard case .done = reply, qemu.isAlive else {
            if case .refused = reply, chance(2) { return stayRefused(qemu, node, by: agent) }
            return giveUp(qemu, node)
          }
          tell(node, "client", "\(qemu.guest.name) uses what it has locked")
          qemu.stage = .running
          qemu.isGuarded = true
          qemu.owner = owner
          changes += 1
        }
      }
    }
  }

  /// A program that may not use what it wanted to goes on with something else.
  private func stayRefused(_ qemu: QEMU, _ node: Node, by agent: Agent?) {
    guard let boot = node.boot, let agent else { return giveUp(qemu, node) }
    qemu.refused = (now, agent.number)
    after(5_000...60_000, .boot(boot.number)) { [self] in
      oracle.check(self)
      giveUp(qemu, node)
    }
  }

  private func release(_ qemu: QEMU, _ node: Node) {
    guard let owner = qemu.owner else { return }
    qemu.stage = .forked
    changes += 1
    tell(node, "client", "\(qemu.guest.name) gives back what it has locked")
    ask(.release(owner), on: node) { [self] _ in giveUp(qemu, node) }
  }

  private func giveUp(_ qemu: QEMU, _ node: Node) {
    exit(qemu, node, "ends")
  }

  /// `dlmguard revoke`.
  func revoke(_ guest: Guest, on node: Node) {
    guard let boot = node.boot else { return }
    let processes = boot.processes.filter { $0.guest.index == guest.index && $0.isAlive }
    guard !processes.isEmpty || node.saved.contains(guest.index) else { return }
    tell(node, "admin", "revokes the locks of \(guest.name)")
    for qemu in processes { qemu.isRevoked = true }
    if node.saved.contains(guest.index) { node.savedWithoutLocks.insert(guest.index) }
    ask(.revoke(.domain(.uuid(guest.uuid))), on: node) { [self] reply in
      guard case .owners = reply else { return }
      tell(node, "admin", "the locks of \(guest.name) are revoked")
      for qemu in processes where isAtLargeStill(qemu) {
        fail("P4: \(guest.name) runs on \(node.name), though its locks are said to be revoked")
      }
    }
  }

  private func isAtLargeStill(_ qemu: QEMU) -> Bool {
    qemu.stage == .running && qemu.isGuarded
  }
}
