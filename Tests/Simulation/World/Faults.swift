import AgentAPI
import LockEngineConformance
import LockModel

/// What may go wrong by chance in one run: each seed has its own selection, because faults that are
/// always there hide what few of them would show.
struct Faults {
  enum Kind: CaseIterable {
    case agentCrash, daemonCrash, guestCrash, stuck, hookLost, hookRepeated, startFailure,
      storageHang,
      diskFull, power, partition, recovery, robbery, lockspaceLeft, twin, replyLost, attachment,
      sightingLost, revocation, blockJob
  }

  private(set) var kinds: Set<Kind> = []
  /// At the next of the places where a start can fail by itself.
  var nextStartFails = false
  /// At the next migration that ends well.
  var nextReplyIsLost = false

  /// Nothing goes wrong.
  init() {}

  /// - Parameter share: how many of all kinds, in percent.
  init(_ random: inout SeededRandom, share: Int) {
    for kind in Kind.allCases where Int.random(in: 0..<100, using: &random) < share {
      kinds.insert(kind)
    }
  }

  func losesHook(_ operation: HookOperation, _ world: World) -> Bool {
    kinds.contains(.hookLost) && world.chance(operation == .started ? 8 : 25)
  }

  /// The same hook, installed twice. A start whose `prepare` is repeated never succeeds.
  func repeatsHook(_ operation: HookOperation, _ world: World) -> Bool {
    kinds.contains(.hookRepeated) && world.chance(operation == .prepare ? 60 : 12)
  }

  /// Its disk's I/O does not end, which is why it is killed as a rule.
  func hangsWhenKilled(_ world: World) -> Bool {
    kinds.contains(.stuck) && world.chance(3)
  }

  /// A source does not hear that its guest runs at the destination.
  func losesReply(_ world: World) -> Bool {
    kinds.contains(.replyLost) && world.chance(3)
  }

  /// Whether an agent may have to wait for its look at everybody.
  var isBlind: Bool { kinds.contains(.sightingLost) }

  /// By how much later an agent may learn that a guest runs, in ms: when everybody is looked at, or when a lost
  /// `started` hook is not waited for any more.
  var delay: Int64 { (isBlind ? 30_000 : 0) + (kinds.contains(.hookLost) ? 20_000 : 0) }

  /// What the status file says is noticed only when everybody is looked at.
  func losesSighting(_ world: World) -> Bool {
    kinds.contains(.sightingLost) && world.chance(4)
  }

  func failsToStart(_ world: World) -> Bool {
    kinds.contains(.startFailure) && world.chance(10)
  }
}

extension World {
  /// Somebody does something, or something goes wrong, somewhere.
  func disturb() {
    guard let node = nodes.randomElement(using: &random),
      let guest = guests.randomElement(using: &random)
    else { return }
    if Int.random(in: 0..<10, using: &random) < 6 { return administer(guest, node) }
    guard
      let kind = Faults.Kind.allCases.filter(faults.kinds.contains).randomElement(using: &random)
    else { return administer(guest, node) }
    strike(kind, guest, node)
  }

  private func administer(_ guest: Guest, _ node: Node) {
    if guest.isClient { return runClient(guest, on: node) }
    if let home = home(of: guest), !chance(3) { return administer(guest, at: home, node) }
    switch Int.random(in: 0..<20, using: &random) {
    case 0..<12: start(guest, on: node, chance(12) ? .paused : .fresh)
    case 12..<14: destroy(guest, on: node)
    case 14..<16: save(guest, on: node)
    case 16:
      if node.boot?.daemon?.busy.contains(guest.index) == false { removeSaveImage(guest, node) }
    default:
      if let qemu = node.boot?.qemu(of: guest.uuid), !qemu.isStuck {
        exit(qemu, node, "shuts down")
      }
    }
  }

  /// What is done to a guest that has a process.
  private func administer(_ guest: Guest, at home: Node, _ other: Node) {
    guard let qemu = home.boot?.qemu(of: guest.uuid) else { return }
    switch Int.random(in: 0..<12, using: &random) {
    case 0..<6: migrate(guest, from: home, to: other, isOffline: chance(8))
    // Also what the agent or a migration has stopped, against their alarm.
    case 6..<9: if qemu.standsStill { resume(guest, on: home) } else { suspend(guest, on: home) }
    case 9: reset(guest, on: home)
    case 10: destroy(guest, on: home)
    default: save(guest, on: home)
    }
  }

  /// One of the nodes where it has a process.
  private func home(of guest: Guest) -> Node? {
    nodes.filter { $0.boot?.qemu(of: guest.uuid) != nil }.randomElement(using: &random)
  }

  /// A guest on its way is when most depends on either side.
  func strike(_ migration: Migration) {
    let kinds = [Faults.Kind.agentCrash, .daemonCrash, .guestCrash, .stuck, .power]
      .filter(faults.kinds.contains)
    guard chance(4), let kind = kinds.randomElement(using: &random) else { return }
    let node = chance(2) ? migration.from.node : migration.to.node
    guard let boot = node.boot else { return }
    after(0...500, .boot(boot.number)) { [self] in
      if faults.kinds.contains(kind) { strike(kind, migration.guest, node) }
    }
  }

  private func strike(_ kind: Faults.Kind, _ guest: Guest, _ node: Node) {
    switch kind {
    case .agentCrash:
      guard let boot = node.boot else { return }
      if let agent = boot.agent {
        if agent.fuse == nil { agent.fuse = .afterEffects(Int.random(in: 0..<14, using: &random)) }
      } else {
        startAgent(node)
      }
    case .daemonCrash:
      guard let boot = node.boot else { return }
      if boot.daemon != nil { killDaemon(node) } else { startDaemon(node) }
    case .guestCrash:
      guard let boot = node.boot, let qemu = boot.processes.randomElement(using: &random),
        !qemu.isStuck
      else { return }
      exit(qemu, node, "crashes")
    case .stuck:
      guard let boot = node.boot, let qemu = boot.processes.randomElement(using: &random) else {
        return
      }
      if qemu.isStuck { unstick(qemu, node) } else { stick(qemu, node) }
    case .storageHang: hangStorage(!doesStorageHang)
    case .diskFull: fillDisk(of: node, !node.isDiskFull)
    case .power:
      guard node.boot != nil else { return restore(node) }
      powerOff(node)
      beforeLong(.world) { [self] in restore(node) }
    case .partition:
      if node.isIsolated { return endIsolation(of: node) }
      isolate(node)
      beforeLong(.world) { [self] in endIsolation(of: node) }
      // Long enough, now and then, for the guests of a node that is cut off to be dealt with.
      if chance(4) { run(until: now + some(20_000...80_000)) }
    case .recovery:
      if node.stops.contains("a recovery") { return run("a recovery") }
      stop("a recovery")
      beforeLong(.world) { [self] in run("a recovery") }
    case .robbery:
      let uses = guest.uses.filter { $0.access == .exclusiveWrite }
      rob(
        guest, on: home(of: guest) ?? node,
        of: chance(4) ? nil : uses.randomElement(using: &random)?.storage)
    case .lockspaceLeft: if chance(3) { leaveLockspace(node) }
    case .twin:
      if !guest.isClient, let home = home(of: guest) { start(guest, on: home, isTwin: true) }
    case .attachment:
      guard let home = home(of: guest) else { return }
      if chance(3) { detach(nil, from: guest, on: home) } else { attach(nil, to: guest, on: home) }
    case .blockJob: if let home = home(of: guest) { changeImages(of: guest, on: home) }
    case .revocation: revoke(guest, on: home(of: guest) ?? node)
    case .hookLost, .hookRepeated, .startFailure, .sightingLost, .replyLost: break
    }
  }

  // MARK: - Mended

  /// As a rule somebody mends what went wrong, or systemd starts it again; else it stays so until chance, or the
  /// end, has it otherwise.
  func beforeLong(_ actor: Agenda.Actor, _ mend: @escaping () -> Void) {
    guard isLively, !isSettling, !chance(4) else { return }
    after(200...15_000, actor, nil, mend)
  }

  private func hangStorage(_ hangs: Bool) {
    guard doesStorageHang != hangs else { return }
    doesStorageHang = hangs
    tell("-", "storage", hangs ? "HANGS" : "answers again")
    if hangs { beforeLong(.world) { [self] in hangStorage(false) } }
  }

  private func fillDisk(of node: Node, _ isFull: Bool) {
    guard node.isDiskFull != isFull else { return }
    node.isDiskFull = isFull
    tell(node, "disk", isFull ? "is FULL" : "has room again")
    if isFull { beforeLong(.world) { [self] in fillDisk(of: node, false) } }
  }

  private func restore(_ node: Node) {
    guard node.boot == nil else { return }
    if node.stops.contains("\(node.name) is being fenced") { fence(node) }
    powerOn(node)
  }

  private func endIsolation(of node: Node) {
    guard node.isIsolated else { return }
    if chance(2) { fence(node) } else { rejoin(node) }
  }

  /// Everything that went wrong is mended, and nothing more goes wrong.
  func heal() {
    faults = Faults()
    doesStorageHang = false
    tell("-", "world", "everything is mended")
    for node in nodes {
      node.isDiskFull = false
      node.boot?.agent?.fuse = nil
      for qemu in node.boot?.processes ?? [] { unstick(qemu, node) }
      if node.isIsolated || (node.boot == nil && !node.stops.isEmpty) { fence(node) }
    }
    run("a recovery")
    for node in nodes {
      for other in nodes where other.boot == nil { run("\(other.name) is being fenced") }
      powerOn(node)
      // An engine whose lockspace is gone never comes back.
      if let boot = node.boot, boot.agent != nil, !boot.hasJoined, boot.agent?.hasRecovered == true
      {
        crashAgent(node)
      }
      startAgent(node)
      startDaemon(node)
    }
  }
}
