import AgentAPI
import GuardCore
import LockModel

// What must be true once everything is mended, every event delivered and every timer run out.
extension World {
  /// Lets everything happen that happens by itself; false, and a violation, if that has no end.
  func settle() -> Bool {
    isSettling = true
    defer { isSettling = false }
    for _ in 0..<60_000 {
      guard violation == nil else { return false }
      if !step() { return true }
    }
    fail("the cluster does not come to rest")
    return false
  }

  /// Mends everything, ends everything, and sees that nothing is left and that guests start again.
  func conclude() {
    heal()
    guard settle() else { return }
    checkRest()
    // What hooks that were never run have left behind, a new daemon of libvirt clears up.
    for node in nodes {
      killDaemon(node)
      startDaemon(node)
    }
    guard settle() else { return }
    checkRest()
    checkLeftovers()
    clear()
    guard settle() else { return }
    checkEmpty()
    probe()
  }

  private func clear() {
    tell("-", "world", "every guest is destroyed, every save image removed")
    for node in nodes {
      for guest in guests {
        destroy(guest, on: node)
        removeSaveImage(guest, node)
      }
      // Those that no daemon knows: their daemon died before it wrote their status file.
      for qemu in node.boot?.processes ?? []
      where node.boot?.domains[qemu.guest.index]?.qemu !== qemu {
        kill(qemu, on: node)
      }
    }
  }

  private func probe() {
    for guest in guests where !guest.isClient {
      guard violation == nil else { return }
      let node = nodes[guest.index % nodes.count]
      start(guest, on: node)
      guard settle() else { return }
      guard let domain = node.boot?.domains[guest.index], domain.isComplete else {
        return fail("\(guest.name) cannot be started on \(node.name), though everything is free")
      }
      destroy(guest, on: node)
      guard settle() else { return }
    }
    checkEmpty()
  }

  private func checkRest() {
    pass(to: now + 60_000)
    oracle.check(self)
    oracle.checkAttachedAtRest(self)
    for node in nodes {
      guard let boot = node.boot else { return fail("\(node.name) is off") }
      if let hook = boot.agent?.hooks.values.first {
        fail("\(hook.operation.rawValue) of \(hook.guest.name) on \(node.name) was never answered")
      }
      if boot.agent?.clients.isEmpty == false {
        fail("a client on \(node.name) was never answered")
      }
      for qemu in boot.processes
      where qemu.isGuarded && !qemu.isPaused && !qemu.guest.isClient {
        guard let robbery = boot.robbed[qemu.guest.index], !oracle.waits(qemu, after: robbery)
        else {
          continue
        }
        fail("P4: \(qemu.guest.name) still runs on \(node.name) without its locks")
      }
      for qemu in boot.processes where qemu.isGuarded {
        if !node.ledger.keys.contains(where: { $0.domain == qemu.guest.uuid }) {
          fail("P2: \(qemu.guest.name) runs on \(node.name), and the ledger does not know")
        }
      }
      for index in node.saved.subtracting(node.savedWithoutLocks).sorted() {
        let guest = guests[index]
        for (resource, mode) in Oracle.needed(guest, guest.disks, self)
        where !locks.modes(resource, on: node.index).contains(where: { $0.covers(mode) })
          && !isHeldWhereItCameFrom(resource, mode, guest, node)
        {
          fail("P2: \(guest.name) is saved on \(node.name) without \(mode) on \(words(resource))")
        }
      }
    }
  }

  /// It was saved as soon as it had come, and lives on where it came from: until that ends, its locks wait.
  func isHeldWhereItCameFrom(
    _ resource: ResourceName, _ mode: LockMode, _ guest: Guest, _ node: Node
  ) -> Bool {
    locks.waiting(resource, on: node.index).contains { $0.covers(mode) }
      && nodes.contains { other in
        other !== node && isHere(guest, other)
          && locks.modes(resource, on: other.index).contains { $0.covers(mode) }
      }
  }

  /// Whether a guest is on a node, in whatever form.
  private func isHere(_ guest: Guest, _ node: Node) -> Bool {
    node.saved.contains(guest.index)
      || node.boot?.processes.contains { $0.guest.index == guest.index } == true
  }

  private func uses(_ guest: Guest, _ node: Node) -> [Use] {
    let processes = node.boot?.processes.filter { $0.guest.index == guest.index } ?? []
    return processes.isEmpty ? guest.uses : processes.flatMap(\.uses)
  }

  /// What it was seen to use before it was saved stays its own: what was detached just then is seen when
  /// it is restored.
  private func isSavedWith(_ resource: ResourceName, _ guest: Guest, _ node: Node) -> Bool {
    node.saved.contains(guest.index)
      && node.ledger.contains { owner, entry in
        owner.domain == guest.uuid && entry.record.stage == .saved
          && entry.record.claims.contains { $0.resource == resource }
      }
  }

  private func checkLeftovers() {
    for lock in locks.held {
      let node = nodes[lock.node]
      let isExplained = guests.contains { guest in
        isHere(guest, node)
          && (Oracle.needed(guest, uses(guest, node), self)[lock.resource] != nil
            || isSavedWith(lock.resource, guest, node))
      }
      if !isExplained {
        fail("leak: \(node.name) holds \(lock.mode) on \(words(lock.resource)) for nobody")
      }
    }
    for node in nodes {
      for owner in node.ledger.keys.sorted()
      where !(guest(owner.domain).map { isHere($0, node) } ?? false) {
        fail("leak: the ledger of \(node.name) still has \(words(owner))")
      }
    }
  }

  private func checkEmpty() {
    for lock in locks.held {
      return fail(
        "leak: \(nodes[lock.node].name) holds \(lock.mode) on \(words(lock.resource)), though no "
          + "guest is left")
    }
    for node in nodes {
      for owner in node.ledger.keys.sorted() {
        return fail(
          "leak: the ledger of \(node.name) still has \(words(owner)), though no guest is left")
      }
    }
  }
}
