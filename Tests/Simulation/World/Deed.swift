import AgentAPI
import LockModel

/// What a line of a story does to one node.
enum Deed {
  /// - Parameter words: the last is the node's name.
  /// - Returns: false where nobody understands them.
  static func perform(_ words: [String], on node: Node, in world: World) -> Bool {
    switch words.dropLast().joined(separator: " ") {
    case "on": world.powerOn(node)
    case "off": world.powerOff(node)
    case "fence": world.fence(node)
    case "isolate": world.isolate(node)
    case "rejoin": world.rejoin(node)
    case "observe": node.isObserving = true
    case "keep-saved": node.keepsSaved = true
    case "leave": world.leaveLockspace(node)
    case "fill": node.isDiskFull = true
    case "empty": node.isDiskFull = false
    case "kill libvirtd": world.killDaemon(node)
    case "stop libvirtd": world.stopDaemon(node)
    case "run libvirtd": world.startDaemon(node)
    case "kill agent": world.crashAgent(node)
    case "run agent": world.startAgent(node)
    default:
      guard words.count >= 3 else { return false }
      if let operation = HookOperation(rawValue: words[1]), words.count == 3 {
        return perform(words[0], operation, on: node)
      }
      guard let guest = world.guests.first(where: { $0.name == words[1] }) else { return false }
      let storages = words.dropFirst(2).dropLast().map { word in
        world.storages.firstIndex { $0.path == "/san/\(word)" }
      }
      guard let storages = storages as? [Int] else { return false }
      return perform(words[0], guest, storages, on: node, in: world)
    }
    return true
  }

  private static func perform(_ word: String, _ operation: HookOperation, on node: Node) -> Bool {
    switch word {
    case "skip": node.hookFaults[operation] = .skipped
    case "refuse": node.hookFaults[operation] = .refused
    default: return false
    }
    return true
  }

  private static func perform(
    _ word: String, _ guest: Guest, _ storages: [Int], on node: Node, in world: World
  ) -> Bool {
    switch storages.count {
    case 0:
      perform(word, guest, on: node, in: world) || migrate(word, guest, to: node, in: world)
        || befall(word, guest, on: node, in: world)
    case 1: perform(word, guest, storages[0], on: node, in: world)
    case 2: perform(word, guest, from: storages[0], to: storages[1], on: node, in: world)
    default: false
    }
  }

  /// What an administrator does.
  private static func perform(
    _ word: String, _ guest: Guest, on node: Node, in world: World
  ) -> Bool {
    switch word {
    case "start": world.start(guest, on: node)
    case "start-paused": world.start(guest, on: node, .paused)
    case "autostart": node.autostarts.insert(guest.index)
    case "twin": world.start(guest, on: node, isTwin: true)
    case "destroy": world.destroy(guest, on: node)
    case "save": world.save(guest, on: node)
    case "unsave": world.removeSaveImage(guest, node)
    case "save-to-file": world.save(guest, on: node, toFile: true)
    case "restore": world.start(guest, on: node, .saveFile)
    case "suspend": world.suspend(guest, on: node)
    case "resume": world.resume(guest, on: node)
    case "reset": world.reset(guest, on: node)
    case "pivot": world.pivot(guest, on: node)
    case "abort": world.abortJob(of: guest, on: node)
    case "revoke": world.revoke(guest, on: node)
    default: return false
    }
    return true
  }

  private static func migrate(
    _ word: String, _ guest: Guest, onto: [Use]? = nil, to node: Node, in world: World
  ) -> Bool {
    guard ["migrate", "postcopy", "announce"].contains(word),
      let from = world.nodes.first(where: { $0.boot?.qemu(of: guest.uuid) != nil })
    else { return false }
    world.migrate(
      guest, from: from, to: node, onto: onto, isOffline: word == "announce",
      isPostCopy: word == "postcopy")
    return true
  }

  /// What nobody wants.
  private static func befall(
    _ word: String, _ guest: Guest, on node: Node, in world: World
  ) -> Bool {
    let qemu = node.boot?.processes.first { $0.guest.index == guest.index }
    let migration = world.migrations[guest.index]
    switch (word, qemu, migration) {
    case ("fail", _, _): world.faults.nextStartFails = true
    case ("mishear", _, _): world.faults.nextReplyIsLost = true
    case ("rob", _, _): world.rob(guest, on: node, of: nil)
    case ("shutdown", let qemu?, _): world.exit(qemu, node, "shuts down")
    case ("crash", let qemu?, _): world.exit(qemu, node, "crashes")
    case ("stick", let qemu?, _): world.stick(qemu, node)
    case ("unstick", let qemu?, _): world.unstick(qemu, node)
    case ("hangup", _, let migration?): world.hangUp(migration)
    case ("break", _, let migration?): world.breakPostCopy(migration)
    case ("recover", _, let migration?): world.recoverPostCopy(migration)
    default: return false
    }
    return true
  }

  private static func perform(
    _ word: String, _ guest: Guest, _ storage: Int, on node: Node, in world: World
  ) -> Bool {
    let use = Use(storage: storage, access: .exclusiveWrite)
    switch word {
    case "attach": world.attach(use, to: guest, on: node)
    case "detach": world.detach(storage, from: guest, on: node)
    case "pull": world.pull(guest, out: storage, on: node)
    case "rob": world.rob(guest, on: node, of: storage)
    case "migrate": return migrate(word, guest, onto: [use], to: node, in: world)
    default: return false
    }
    return true
  }

  private static func perform(
    _ word: String, _ guest: Guest, from: Int, to: Int, on node: Node, in world: World
  ) -> Bool {
    switch word {
    case "snapshot": world.snapshot(guest, of: from, to: to, on: node)
    case "copy", "commit": world.mirror(guest, from: from, to: to, on: node)
    case "change": world.changeMedia(of: guest, from: from, to: to, on: node)
    default: return false
    }
    return true
  }
}
