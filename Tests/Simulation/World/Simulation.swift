import AgentAPI
import LockEngineConformance
import LockModel

/// One simulated cluster's whole story, as one seed tells it.
public struct Simulation: Sendable {
  /// By which it is told again, exactly.
  public let seed: UInt64
  /// How many things happened.
  public let steps: Int
  /// The promise that was broken first, and how; nil where all were kept.
  public let violation: String?
  /// What happened, a line each; empty unless it was to be told.
  public let timeline: [String]

  /// Lets a cluster live, with faults, until it is mended and at rest.
  ///
  /// - Parameters:
  ///   - isLively: whether what goes wrong is rarer, and mended before long, so that more guests come to run, move
  ///     and change.
  ///   - isTold: whether there is to be a ``timeline``.
  public init(seed: UInt64, isLively: Bool = false, isTold: Bool = false) {
    var random = SeededRandom(seed: seed)
    let storages = Self.storages(&random)
    let guests = Self.guests(&random, storages)
    let world = World(
      nodes: Int.random(in: 1...3, using: &random), storages: storages + Self.spares(guests),
      guests: guests, seed: random.next(), isTold: isTold)
    for node in world.nodes where random.once(in: 12) { node.isObserving = true }
    world.isLively = isLively
    world.faults = Faults(
      &world.random, share: isLively ? [10, 25, 45].randomElement(using: &random) ?? 45 : 45)
    for guest in guests {
      world.tell(
        "-", "world",
        "\(guest.isClient ? "client " : "")\(guest.name): \(guest.uses.map { "\(storages[$0.storage].path) \($0.access)" }.joined(separator: ", "))"
      )
    }
    for node in world.nodes {
      if node.isObserving { world.tell(node, "host", "only observes") }
      world.powerOn(node)
    }
    let calm = isLively ? [9, 9, 30, 90].randomElement(using: &random) ?? 9 : 9
    let length = Int.random(in: 150...1_000, using: &world.random) * (calm < 30 ? 1 : 2)
    var steps = 0
    while steps < length, world.violation == nil {
      if world.random.once(in: calm) { world.disturb() } else { _ = world.step() }
      steps += 1
    }
    if world.violation == nil { world.conclude() }
    self.seed = seed
    self.steps = steps
    violation = world.violation
    timeline = world.timeline.lines
  }

  private static func storages(_ random: inout SeededRandom) -> [Storage] {
    let names = ["a", "b", "c", "d", "e"]
    return names.prefix(Int.random(in: 2...5, using: &random)).enumerated().compactMap {
      index, name in
      // A partition of the first, now and then.
      let parent = index > 1 && random.once(in: 4) ? 0 : nil
      guard let resource = try? ResourceName("gfs2:\(name)") else { return nil }
      return Storage(name: resource, path: "/san/\(name)", parent: parent)
    }
  }

  /// One for each guest, which nobody else ever uses.
  private static func spares(_ guests: [Guest]) -> [Storage] {
    guests.compactMap { guest in
      guard let resource = try? ResourceName("gfs2:spare-\(guest.name)") else { return nil }
      return Storage(
        name: resource, path: "/san/spare-\(guest.name)", parent: nil, isSpareOf: guest.index)
    }
  }

  private static func guests(_ random: inout SeededRandom, _ storages: [Storage]) -> [Guest] {
    let names = ["web", "db", "mail", "log", "ci"]
    return names.prefix(Int.random(in: 2...5, using: &random)).enumerated().map { index, name in
      var places = Array(storages.indices).shuffled(using: &random)
      // No guest may write a thing and a part of it.
      let isWhole = Bool.random(using: &random)
      places.removeAll { isWhole ? storages[$0].parent != nil : $0 == 0 }
      let disks = places.prefix(Int.random(in: 1...2, using: &random)).map { place in
        Use(
          storage: place,
          access: [.exclusiveWrite, .exclusiveWrite, .exclusiveWrite, .sharedWrite, .readOnly]
            .randomElement(using: &random) ?? .exclusiveWrite)
      }
      let rest = places.dropFirst(disks.count)
      let chain =
        random.once(in: 3) ? rest.prefix(1).map { Use(storage: $0, access: .backing) } : []
      // The last is a program of an administrator's, now and then.
      let isClient = index > 1 && random.once(in: 3)
      return Guest(
        index, name: name, disks: disks, chain: isClient ? [] : chain, isClient: isClient)
    }
  }
}
