import LockModel

/// A story that a person wrote: a line of plain text for each thing that is done to an orderly
/// cluster. Tests/Simulation/README.md has the words.
public struct Scenario {
  /// What is wrong with a story's text, and in which line.
  public struct Unreadable: Error, CustomStringConvertible {
    /// `line 3: …`.
    public let description: String
  }

  /// What happened, a line each; what was done stands between, after `>`.
  public let timeline: [String]
  /// The promise that was broken, or what was left over at the end; nil where all is well.
  public let violation: String?

  /// Lets a story happen.
  ///
  /// - Throws: ``Unreadable``.
  public init(_ text: String) throws(Unreadable) {
    var nodes = 1
    var storages: [Storage] = []
    var guests: [Guest] = []
    var deeds: [(number: Int, words: [String])] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      let words = line.prefix { $0 != "#" }.split(separator: " ").map(String.init)
      let number = index + 1
      switch words.first {
      case nil: continue
      case "nodes": nodes = words.count == 2 ? Int(words[1]) ?? 1 : 1
      case "storage":
        for name in words.dropFirst() {
          guard let resource = try? ResourceName("gfs2:\(name)") else {
            throw Unreadable(description: "line \(number): no name for a storage: \(name)")
          }
          storages.append(Storage(name: resource, path: "/san/\(name)", parent: nil))
        }
      case "guest": guests.append(try Self.guest(words, guests.count, storages, number))
      default: deeds.append((number, words))
      }
    }
    let world = World(nodes: nodes, storages: storages, guests: guests, seed: nil, isTold: true)
    for (number, words) in deeds {
      world.tell(">", words.joined(separator: " "), "")
      guard try Self.perform(words, number, in: world) else { break }
    }
    _ = world.settle()
    timeline = world.timeline.lines
    world.timeline.isKept = false
    if world.violation == nil { world.conclude() }
    violation = world.violation
  }

  private static func guest(
    _ words: [String], _ index: Int, _ storages: [Storage], _ number: Int
  ) throws(Unreadable) -> Guest {
    var disks: [Use] = []
    var chain: [Use] = []
    for word in words.dropFirst(2) {
      let parts = word.split(separator: ":").map(String.init)
      guard let storage = storages.firstIndex(where: { $0.path == "/san/\(parts[0])" }),
        let access = parts.count == 1 ? .exclusiveWrite : Access(rawValue: parts[1])
      else { throw Unreadable(description: "line \(number): no storage, or no access: \(word)") }
      let use = Use(storage: storage, access: access)
      if access == .backing { chain.append(use) } else { disks.append(use) }
    }
    guard words.count > 2 else {
      throw Unreadable(description: "line \(number): a guest of nothing")
    }
    return Guest(index, name: words[1], disks: disks, chain: chain)
  }

  /// False where a promise was broken by it.
  private static func perform(
    _ words: [String], _ number: Int, in world: World
  ) throws(Unreadable) -> Bool {
    func unreadable(_ what: String) -> Unreadable {
      Unreadable(description: "line \(number): \(what): \(words.joined(separator: " "))")
    }
    switch (words[0], words.count) {
    case ("settle", 1): return world.settle()
    case ("wait", 2):
      guard let seconds = Int64(words[1]) else { throw unreadable("no number of seconds") }
      world.run(until: world.now + seconds * 1000)
    case ("until", 2...):
      let text = words.dropFirst().joined(separator: " ")
      let told = world.timeline.lines.count
      while !world.timeline.lines.dropFirst(told).contains(where: { $0.contains(text) }) {
        guard world.step() else { throw unreadable("it never happens") }
      }
    case ("stop", 1): world.stop("a recovery")
    case ("go", 1): world.run("a recovery")
    case ("hang", 1): world.doesStorageHang = true
    case ("answer", 1): world.doesStorageHang = false
    default:
      guard let node = world.nodes.first(where: { $0.name == words.last }) else {
        guard words.count > 3, words[0] == "kill", words[1] == "agent", words[3] == "before",
          let node = world.nodes.first(where: { $0.name == words[2] })
        else { throw unreadable("not understood") }
        node.boot?.agent?.fuse = .before(words[4])
        break
      }
      guard perform(words, on: node, in: world) else { throw unreadable("not understood") }
    }
    return world.violation == nil
  }

  private static func perform(_ words: [String], on node: Node, in world: World) -> Bool {
    switch words.dropLast().joined(separator: " ") {
    case "on": world.powerOn(node)
    case "off": world.powerOff(node)
    case "fence": world.fence(node)
    case "isolate": world.isolate(node)
    case "rejoin": world.rejoin(node)
    case "observe": node.isObserving = true
    case "leave": world.leaveLockspace(node)
    case "fill": node.isDiskFull = true
    case "empty": node.isDiskFull = false
    case "kill libvirtd": world.killDaemon(node)
    case "run libvirtd": world.startDaemon(node)
    case "kill agent": world.crashAgent(node)
    case "run agent": world.startAgent(node)
    default:
      guard words.count >= 3, let guest = world.guests.first(where: { $0.name == words[1] }) else {
        return false
      }
      return perform(words, guest, on: node, in: world)
    }
    return true
  }

  private static func perform(
    _ words: [String], _ guest: Guest, on node: Node, in world: World
  ) -> Bool {
    let qemu = node.boot?.processes.first { $0.guest.index == guest.index }
    switch (words[0], words.count) {
    case ("start", 3): world.start(guest, on: node)
    case ("migrate", 3), ("postcopy", 3), ("announce", 3):
      guard let from = world.nodes.first(where: { $0.boot?.qemu(of: guest.uuid) != nil }) else {
        return false
      }
      world.migrate(
        guest, from: from, to: node, isOffline: words[0] == "announce",
        isPostCopy: words[0] == "postcopy")
    case ("twin", 3): world.start(guest, on: node, isTwin: true)
    case ("destroy", 3): world.destroy(guest, on: node)
    case ("save", 3): world.save(guest, on: node)
    case ("unsave", 3): world.removeSaveImage(guest, node)
    case ("revoke", 3): world.revoke(guest, on: node)
    case ("attach", 4):
      guard let storage = world.storages.firstIndex(where: { $0.path == "/san/\(words[2])" }) else {
        return false
      }
      world.attach(Use(storage: storage, access: .exclusiveWrite), to: guest, on: node)
    case ("detach", 4):
      guard let storage = world.storages.firstIndex(where: { $0.path == "/san/\(words[2])" }) else {
        return false
      }
      world.detach(storage, from: guest, on: node)
    case ("fail", 3): world.faults.nextStartFails = true
    case ("mishear", 3): world.faults.nextReplyIsLost = true
    case ("shutdown", 3): if let qemu { world.exit(qemu, node, "shuts down") }
    case ("crash", 3): if let qemu { world.exit(qemu, node, "crashes") }
    case ("stick", 3): if let qemu { world.stick(qemu, node) }
    case ("unstick", 3): if let qemu { world.unstick(qemu, node) }
    case ("rob", 3): world.rob(guest, on: node, of: nil)
    case ("rob", 4):
      guard let storage = world.storages.firstIndex(where: { $0.path == "/san/\(words[2])" }) else {
        return false
      }
      world.rob(guest, on: node, of: storage)
    default: return false
    }
    return true
  }
}
