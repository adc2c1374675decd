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
      guard Deed.perform(words, on: node, in: world) else { throw unreadable("not understood") }
    }
    return world.violation == nil
  }
}
