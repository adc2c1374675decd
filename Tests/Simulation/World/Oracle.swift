import AgentAPI
import LockModel

/// Watches over the promises P1 to P5 of docs/design.md. It sees the world as nobody in it can, which
/// processes have what open and what the lock manager holds, and never asks an agent or its core.
final class Oracle {
  private var seen = (-1, -1)
  /// Since when a guest runs at both ends of a migration, in ms.
  private var together: [Int: Int64] = [:]

  /// What must be true at any time.
  func check(_ world: World) {
    checkRobbed(world)
    checkTwice(world)
    checkIsolated(world)
    checkRefused(world)
    let changes = (world.changes, world.locks.changes)
    guard changes != seen else { return }
    seen = changes
    let running = world.nodes.flatMap { $0.boot?.processes ?? [] }.filter { $0.stage == .running }
    for qemu in running { checkAttached(qemu, world) }
    checkWriters(running.filter { isTrusted($0, world) }, world)
    for node in world.nodes { checkLocks(node, world) }
  }

  /// Whether the guard answers for a process: it let it start, and nobody has taken its locks.
  private func isTrusted(_ qemu: QEMU, _ world: World) -> Bool {
    qemu.isGuarded && world.nodes[qemu.node].boot?.robbed[qemu.guest.index] == nil
  }

  // MARK: - P1

  private func checkWriters(_ running: [QEMU], _ world: World) {
    for (index, one) in running.enumerated() {
      for other in running[(index + 1)...] {
        if one.guest.index == other.guest.index {
          // For a moment a migration may have two.
          if one.isIncoming && !one.hasArrived || other.isIncoming && !other.hasArrived { continue }
          // One that has not begun may be found out yet.
          if one.isHalted && !one.isIncoming || other.isHalted && !other.isIncoming { continue }
          world.fail(
            "P1: \(one.guest.name) runs twice: \(place(one, world)), \(place(other, world))")
        }
        for use in one.relied {
          for otherUse in other.relied where clash(use, otherUse, world) {
            world.fail(
              "P1: \(one.guest.name) (\(place(one, world))) has "
                + "\(world.storages[use.storage].path) open (\(use.access)), and "
                + "\(other.guest.name) (\(place(other, world))) has "
                + "\(world.storages[otherUse.storage].path) open (\(otherUse.access))")
          }
        }
      }
    }
  }

  /// How long a guest may run at both ends of a migration, in ms: its libvirt has taken a lost answer for
  /// a failure, and the agents have to find out.
  private static let overlap: Int64 = 6_000

  private func checkTwice(_ world: World) {
    for guest in world.guests {
      let running = world.nodes.filter { node in
        node.boot?.processes.contains {
          $0.guest.index == guest.index && $0.runs && !$0.isKilled && isTrusted($0, world)
        }
          == true
      }
      let canTell = running.allSatisfy { node in
        node.stops.isEmpty
          && node.boot?.agent.map { $0.isOpen && world.now - $0.openSince > 500 } == true
      }
      guard running.count > 1, canTell else {
        together[guest.index] = nil
        continue
      }
      let since = together[guest.index] ?? world.now
      together[guest.index] = since
      let limit = Self.overlap + world.faultDelay
      if world.now - since > limit,
        !world.nodes.contains(where: { $0.boot?.robbed[guest.index] != nil })
      {
        world.fail(
          "P1: \(guest.name) runs on \(running.map(\.name).joined(separator: " and ")) for "
            + "\(world.now - since) ms")
      }
    }
  }

  // MARK: - P3

  /// A guest that comes has its locks where it is, or where it comes from, all the time; true once it has
  /// them here.
  private func hasArrived(_ qemu: QEMU, _ needed: [ResourceName: LockMode], _ world: World) -> Bool
  {
    var isHere = true
    for (resource, mode) in needed.sorted(by: { $0.key < $1.key }) {
      if world.locks.modes(resource, on: qemu.node).contains(where: { $0.covers(mode) }) {
        continue
      }
      isHere = false
      let elsewhere = world.nodes.filter { $0.index != qemu.node }
      guard
        !elsewhere.contains(where: { node in
          world.locks.modes(resource, on: node.index).contains { $0.covers(mode) }
        })
      else { continue }
      // Whoever took the locks of the guest from its other node took them from this one.
      guard !world.nodes.contains(where: { $0.boot?.robbed[qemu.guest.index] != nil }) else {
        continue
      }
      world.fail(
        "P3: \(mode) on \(world.words(resource)) of \(qemu.guest.name), which comes to "
          + "\(world.nodes[qemu.node].name), is free")
    }
    return isHere
  }

  private func place(_ qemu: QEMU, _ world: World) -> String {
    "\(world.nodes[qemu.node].name), pid \(qemu.process.pid)"
  }

  private func clash(_ one: Use, _ other: Use, _ world: World) -> Bool {
    let isSame = one.storage == other.storage
    let isNested =
      world.storages[one.storage].parent == other.storage
      || world.storages[other.storage].parent == one.storage
    guard isSame || isNested, one.writes || other.writes else { return false }
    return !(isSame && one.access == .sharedWrite && other.access == .sharedWrite)
  }

  // MARK: - P2

  /// What a guest's process needs to be locked, each name once.
  static func needed(_ guest: Guest, _ uses: [Use], _ world: World) -> [ResourceName: LockMode] {
    var needed = [ResourceName(domain: guest.uuid): LockMode.ex]
    for use in uses {
      let storage = world.storages[use.storage]
      let footprint = Footprint(
        storage.name, within: storage.parent.map { [world.storages[$0].name] } ?? [])
      let mode: LockMode =
        switch use.access {
        case .exclusiveWrite: .pw
        case .sharedWrite: .cw
        case .readOnly, .backing: .pr
        case .exclusive: .ex
        }
      for lock in footprint.locks(for: mode) {
        needed[lock.resource] = needed[lock.resource].map { $0.union(lock.mode) } ?? lock.mode
      }
    }
    return needed
  }

  /// A fresh start of a guest that a node was sending away when the start was asked for, to wherever: nobody
  /// but its process can tell, and that must be dead before its CPUs run
  /// (docs/decisions/24-migration.md).
  private func mayPassForIncoming(_ qemu: QEMU, _ world: World) -> Bool {
    world.nodes.contains { other in
      other.index != qemu.node
        && other.boot?.processes.contains {
          $0.guest.index == qemu.guest.index && $0.isAlive && world.now - $0.departed < 15_000
        } == true
    }
  }

  private func checkLocks(_ node: Node, _ world: World) {
    guard let boot = node.boot else { return }
    var needed: [ResourceName: [(mode: LockMode, guest: Guest)]] = [:]
    for qemu in boot.processes where qemu.stage == .running && isTrusted(qemu, world) {
      let own = Self.needed(qemu.guest, qemu.relied, world)
      // What is killed before it ever ran comes no more, however long it takes to die.
      if qemu.isIncoming, qemu.isKilled, qemu.isHalted { continue }
      if qemu.isIncoming, !qemu.hasArrived {
        qemu.hasArrived = hasArrived(qemu, own, world)
        continue
      }
      if qemu.isHalted, mayPassForIncoming(qemu, world) { continue }
      for (resource, mode) in own {
        needed[resource, default: []].append((mode, qemu.guest))
      }
    }
    for (resource, wants) in needed.sorted(by: { $0.key < $1.key }) {
      var held = world.locks.modes(resource, on: node.index).sorted { $0.rawValue < $1.rawValue }
      for want in wants.sorted(by: { $0.mode.rawValue > $1.mode.rawValue }) {
        guard let index = held.firstIndex(where: { $0.covers(want.mode) }) else {
          world.fail(
            "P2: \(want.guest.name) runs on \(node.name) without its lock \(want.mode) on "
              + world.words(resource))
          return
        }
        held.remove(at: index)
      }
    }
  }

  // MARK: - P4

  /// How long a lost lock may go unnoticed, in ms: the engine looks every 30 s.
  private static let notice: Int64 = 35_000

  private func checkRobbed(_ world: World) {
    for node in world.nodes {
      guard let boot = node.boot else { continue }
      for (index, robbery) in boot.robbed.sorted(by: { $0.key < $1.key }) {
        let guest = world.guests[index]
        let processes = boot.processes.filter { $0.guest.index == index }
        // What it uses may have changed since it started.
        let uses = processes.first { $0.isAlive }?.relied ?? guest.uses
        let isWhole = Self.needed(guest, uses, world).allSatisfy { resource, mode in
          world.locks.modes(resource, on: node.index).contains { $0.covers(mode) }
        }
        for qemu in processes { qemu.hasLostLocks = true }
        let isWatched =
          boot.agent?.isOpen == true && node.stops.isEmpty
          && processes.contains {
            isAtLarge($0) && !waits($0, after: robbery) && (isWhole || !isComing($0, node, world))
          }
        let isDueSince = isWatched ? robbery.isDueSince : world.now
        // Whose a lock is cannot be seen: what is whole may be so by that of another guest of the
        // node, until the engine has found out.
        if world.now - isDueSince > 31_000 && isWhole
          || world.now - robbery.since > Self.notice && !isUnderWay(guest, boot, node)
        {
          boot.robbed[index] = nil
          world.changes += 1
          continue
        }
        boot.robbed[index]?.isDueSince = isDueSince
        guard isWatched else { continue }
        if world.now - isDueSince > Self.notice {
          world.fail(
            "P4: \(guest.name) runs on \(node.name) \(Self.notice) ms after its lock was lost")
        }
      }
    }
  }

  /// Whether a node has anything to do with a guest, as far as libvirt knows.
  private func isUnderWay(_ guest: Guest, _ boot: Boot, _ node: Node) -> Bool {
    boot.daemon?.busy.contains(guest.index) == true || node.saved.contains(guest.index)
      || boot.processes.contains { $0.guest.index == guest.index }
  }

  private func isAtLarge(_ qemu: QEMU) -> Bool {
    qemu.stage == .running && qemu.isGuarded && !qemu.isKilled && !qemu.isPaused
      && !qemu.guest.isClient
  }

  /// Its agent has died while its locks waited, and the next one has them wait again.
  private func isComing(_ qemu: QEMU, _ node: Node, _ world: World) -> Bool {
    qemu.isIncoming && !qemu.hasArrived
      && Self.needed(qemu.guest, qemu.relied, world).allSatisfy { resource, mode in
        world.locks.modes(resource, on: node.index).contains { $0.covers(mode) }
          || world.isHeldWhereItCameFrom(resource, mode, qemu.guest, node)
      }
  }

  /// What was lost before its agent knew its process may pass for what was never had: then it is to be paused, not
  /// killed, and one that stands still is paused when somebody resumes it.
  func waits(_ qemu: QEMU, after robbery: Boot.Robbery) -> Bool {
    qemu.isSuspended && robbery.since < qemu.boundSince
  }

  /// From when on the guests of a node that is cut off are dealt with, in ms
  /// (docs/decisions/23-isolated-node.md).
  private static let grace: Int64 = 60_000

  /// What runs on where the cluster may have given the node up.
  private func checkIsolated(_ world: World) {
    for node in world.nodes {
      guard let since = node.isolatedSince, let boot = node.boot, !node.isObserving,
        // One that starts there has its records, and no lockspace in which to take them over.
        let agent = boot.agent, agent.isOpen, agent.hasRecovered,
        world.now - max(since, agent.openSince) > Self.grace + 5_000
      else { continue }
      for qemu in boot.processes where isAtLarge(qemu) && qemu.boundSince < since {
        world.fail(
          "P4: \(qemu.guest.name) runs on \(node.name), which has been cut off since \(since) ms")
      }
    }
  }

  /// How long a program that was refused may have what it was refused, in ms, while nothing keeps its agent
  /// from giving that back.
  private static let remnant: Int64 = 3_000

  /// What is granted too late for whoever asked is nobody's. The next agent knows only that they asked.
  private func checkRefused(_ world: World) {
    for node in world.nodes {
      guard let boot = node.boot, let agent = boot.agent else { continue }
      for qemu in boot.processes {
        guard let refused = qemu.refused, refused.agent == agent.number else { continue }
        let isHeld =
          node.stops.isEmpty && !node.isDiskFull && agent.isOpen && agent.isIdle
          && agent.operations.isEmpty
          && !world.locks.modes(.init(domain: qemu.guest.uuid), on: node.index).isEmpty
        if !isHeld { qemu.refused?.since = world.now }
        if isHeld, world.now - refused.since > Self.remnant {
          world.fail(
            "P2: \(qemu.guest.name) was refused on \(node.name) and has its locks all the same")
        }
      }
    }
  }

  /// How long an agent that has seen a guest may wait for libvirt's `started` hook, in ms.
  static let patience: Int64 = 25_000

  // MARK: - What is attached while a guest runs

  /// What nobody else uses is locked from the moment in which it was first seen to be.
  private func checkAttached(_ qemu: QEMU, _ world: World) {
    // What is asked for together may be given back together.
    guard qemu.unlocked.count == 1 else { return }
    for use in qemu.unlocked where world.storages[use.storage].isSpareOf == qemu.guest.index {
      let isLocked = Self.needed(qemu.guest, [use], world).allSatisfy { resource, mode in
        world.locks.modes(resource, on: qemu.node).contains { $0.covers(mode) }
      }
      if isLocked { qemu.unlocked.remove(use) }
    }
  }

  /// At rest everything that is attached is locked, or its guest is paused.
  func checkAttachedAtRest(_ world: World) {
    let running = world.nodes.flatMap { $0.boot?.processes ?? [] }
      .filter { isTrusted($0, world) && isAtLarge($0) && $0.runs && $0.boundSince < world.now }
    for qemu in running {
      for (resource, mode) in Self.needed(qemu.guest, qemu.uses, world).sorted(by: {
        $0.key < $1.key
      })
      where !world.locks.modes(resource, on: qemu.node).contains(where: { $0.covers(mode) }) {
        world.fail(
          "P2: \(qemu.guest.name) runs on \(world.nodes[qemu.node].name) with \(world.words(resource)), "
            + "which was attached and is not locked \(mode)")
      }
      for other in running where other !== qemu {
        for use in qemu.uses {
          for otherUse in other.uses where clash(use, otherUse, world) {
            world.fail(
              "P1: \(qemu.guest.name) (\(place(qemu, world))) and \(other.guest.name) "
                + "(\(place(other, world))) go on with \(world.storages[use.storage].path)")
          }
        }
      }
    }
  }

  /// Nobody is paused who uses nothing that could be somebody else's.
  func judgePause(of process: ProcessRef, on node: Node, _ world: World) {
    guard let qemu = node.boot?.qemu(process) else { return }
    // What has just been detached may not have been seen to be.
    if world.now - qemu.detached < (world.faults.isBlind ? 31_000 : 1_000), !node.isObserving {
      return
    }
    if node.isObserving || (qemu.unlocked.isEmpty && !qemu.hasLostLocks && qemu.isAskedFor) {
      world.fail("P5: \(qemu.guest.name) on \(node.name) is paused for nothing")
    }
  }

  /// Nobody is killed who has not lost a lock, unless an administrator wants that or the cluster may
  /// have given the node up.
  func judgeKill(of process: ProcessRef, on node: Node, _ world: World) {
    guard let qemu = node.boot?.qemu(process) else {
      if node.boot?.isAlive(process) == true {
        world.fail("P5: process \(process.pid) of \(node.name), which is no QEMU, is killed")
      }
      return
    }
    // Where it is alive elsewhere, and its locks are there, this is the one that must not be.
    let isTwin = world.nodes.contains { other in
      other.index != qemu.node
        && other.boot?.processes.contains {
          $0.guest.index == qemu.guest.index && !$0.isKilled
        } == true
    }
    if isTwin, !qemu.hasArrived, qemu.isIncoming { return }
    if qemu.isHalted, mayPassForIncoming(qemu, world) { return }
    // What was decided just before it saw the others again stands.
    let former = node.formerIsolation.flatMap { world.now - $0.until < 100 ? $0.since : nil }
    let isDue = (node.isolatedSince ?? former).map { world.now - $0 >= Self.grace } ?? false
    if qemu.isRevoked || (isDue && !node.isObserving) { return }
    let migration = world.migrations[qemu.guest.index]
    // Its migration was called off, and its source may have ended just after it was asked.
    if qemu.isIncoming, qemu.isHalted, migration?.destination === qemu,
      migration?.source.departure == nil
    {
      return
    }
    // What was taken from it where it comes from never comes after it.
    let hasLostLocks =
      qemu.hasLostLocks || migration?.destination === qemu && migration?.source.hasLostLocks == true
    if node.isObserving || !hasLostLocks, qemu.stage == .running {
      world.fail("P5: \(qemu.guest.name) on \(node.name) is killed, though its locks are not lost")
    }
  }

  /// An agent that has nothing left to do has answered everybody.
  func judgeSilence(towards hook: Hook, _ world: World) {
    guard let request = hook.request, let agent = hook.node.boot?.agent,
      agent.hooks[request] != nil, agent.isIdle,
      hook.isOverdue || (!hook.isLimited && hook.taken < world.now - 5_000)
    else { return }
    world.fail(
      "\(hook.operation.rawValue) of \(hook.guest.name) on \(hook.node.name) got no answer")
  }

  // MARK: - P5

  /// A start goes on only with everything locked that is known by then.
  func judge(_ reply: Reply, to hook: Hook, on node: Node, _ world: World) {
    if node.isObserving, hook.isStart {
      if case .refused(let refusal) = reply {
        world.fail(
          "P5: \(hook.operation.rawValue) of \(hook.guest.name) is refused on \(node.name), which only "
            + "observes: \(refusal.message)")
      }
      return
    }
    if case .done = reply, hook.operation == .started {
      node.boot?.domains[hook.guest.index]?.qemu.boundSince = world.now
    }
    guard case .done = reply, hook.isStart, let boot = node.boot,
      boot.robbed[hook.guest.index] == nil
    else { return }
    let qemu = boot.processes.first { $0.guest.index == hook.guest.index }
    // What libvirt finds between its hooks is told by `start` alone.
    let knowsChain = hook.operation == .start || qemu?.isGuarded == true
    // A guest that was changed while it ran comes to another node as it is by then.
    let uses = hook.resources.compactMap { resource -> Use? in
      world.storages.firstIndex { resource.source == .file($0.path) }
        .map { Use(storage: $0, access: resource.access) }
    }.filter { knowsChain || $0.access != .backing }
    for (resource, mode) in Self.needed(hook.guest, uses, world).sorted(by: { $0.key < $1.key })
    where !world.locks.modes(resource, on: node.index).contains(where: { $0.covers(mode) })
      && !world.locks.waiting(resource, on: node.index).contains(where: { $0.covers(mode) })
    {
      return world.fail(
        "P5: \(hook.operation.rawValue) of \(hook.guest.name) on \(node.name) may go on without "
          + "\(mode) on \(world.words(resource))")
    }
    // A lock that covers more than is needed is another guest's of the node.
    guard hook.operation == .started, let qemu, !qemu.isGuarded, hook.guest.chain.isEmpty,
      Self.needed(hook.guest, uses, world).allSatisfy({ resource, mode in
        world.locks.modes(resource, on: node.index).contains(mode)
      })
    else { return }
    // From here on the guard answers for it, whatever libvirt has not asked before.
    qemu.isGuarded = true
    world.changes += 1
  }
}
