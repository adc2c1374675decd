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
      sightingLost, revocation
  }

  private(set) var kinds: Set<Kind> = []
  /// At the next of the places where a start can fail by itself.
  var nextStartFails = false
  /// At the next migration that ends well.
  var nextReplyIsLost = false

  /// Nothing goes wrong.
  init() {}

  init(_ random: inout SeededRandom) {
    for kind in Kind.allCases where Int.random(in: 0..<100, using: &random) < 45 {
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
    switch Int.random(in: 0..<26, using: &random) {
    case 20..<26:
      guard
        let from = nodes.first(where: { $0.boot?.qemu(of: guest.uuid) != nil }) ?? nodes.first
      else { return }
      migrate(guest, from: from, to: node, isOffline: chance(8))
    case 0..<12: start(guest, on: node)
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

  /// A guest on its way is when most depends on either side.
  func strike(_ migration: Migration) {
    let kinds = [Faults.Kind.agentCrash, .daemonCrash, .guestCrash, .stuck, .power]
      .filter(faults.kinds.contains)
    guard chance(4), let kind = kinds.randomElement(using: &random) else { return }
    let node = chance(2) ? migration.from.node : migration.to.node
    guard let boot = node.boot else { return }
    after(0...500, .boot(boot.number)) { [self] in strike(kind, migration.guest, node) }
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
    case .storageHang:
      doesStorageHang.toggle()
      tell("-", "storage", doesStorageHang ? "HANGS" : "answers again")
    case .diskFull:
      node.isDiskFull.toggle()
      tell(node, "disk", node.isDiskFull ? "is FULL" : "has room again")
    case .power:
      if node.boot != nil { return powerOff(node) }
      if node.stops.contains("\(node.name) is being fenced") { fence(node) }
      powerOn(node)
    case .partition:
      if !node.isIsolated {
        isolate(node)
      } else if chance(2) {
        fence(node)
      } else {
        rejoin(node)
      }
      // Long enough, now and then, for the guests of a node that is cut off to be dealt with.
      if chance(4) { run(until: now + some(20_000...80_000)) }
    case .recovery:
      if node.stops.contains("a recovery") { run("a recovery") } else { stop("a recovery") }
    case .robbery:
      let uses = guest.uses.filter { $0.access == .exclusiveWrite }
      rob(guest, on: node, of: chance(4) ? nil : uses.randomElement(using: &random)?.storage)
    case .lockspaceLeft: if chance(3) { leaveLockspace(node) }
    case .twin:
      guard node.boot?.qemu(of: guest.uuid) != nil else { return }
      start(guest, on: node, isTwin: true)
    case .attachment:
      if chance(3) { detach(nil, from: guest, on: node) } else { attach(nil, to: guest, on: node) }
    case .revocation: revoke(guest, on: node)
    case .hookLost, .hookRepeated, .startFailure, .sightingLost, .replyLost: break
    }
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
