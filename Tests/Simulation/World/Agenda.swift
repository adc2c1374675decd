/// What will happen in a simulated world, and who does it.
struct Agenda {
  /// Whose doing something is: what somebody has not done by their end never happens.
  enum Actor: Hashable {
    case world
    /// One process of an agent, of libvirt's daemon, of the hook: no number is used twice.
    case agent(Int)
    case daemon(Int)
    case hook(Int)
    /// One boot of a node.
    case boot(Int)
  }

  /// Things of one channel happen in the order in which they were begun.
  struct Channel: Hashable {
    let name: String
  }

  /// What must be so for something to happen at all.
  enum Gate: Hashable {
    case lockspaceRuns(node: Int)
    case storageAnswers
  }

  struct Item {
    let number: Int
    let actor: Actor
    let channel: Channel?
    let gate: Gate?
    /// Not before; in ms.
    let due: Int64
    /// By then at the latest: what the design takes for granted about time.
    let latest: Int64
    let act: () -> Void
  }

  private(set) var items: [Item] = []
  private var ended: Set<Actor> = []
  private var lastNumber = 0

  mutating func add(
    _ actor: Actor, _ channel: Channel?, _ gate: Gate?, due: Int64, latest: Int64,
    _ act: @escaping () -> Void
  ) -> Int {
    lastNumber += 1
    guard !ended.contains(actor) else { return lastNumber }
    items.append(
      Item(
        number: lastNumber, actor: actor, channel: channel, gate: gate, due: due, latest: latest,
        act: act))
    return lastNumber
  }

  mutating func remove(_ number: Int) {
    items.removeAll { $0.number == number }
  }

  /// Nothing that these had still to do happens.
  mutating func end(_ actors: Set<Actor>) {
    ended.formUnion(actors)
    items.removeAll { actors.contains($0.actor) }
  }

  /// What can happen now, the earliest begun first.
  func ready(at now: Int64, _ isOpen: (Gate) -> Bool) -> [Item] {
    var blocked: Set<Channel> = []
    return items.filter { item in
      if let channel = item.channel, !blocked.insert(channel).inserted { return false }
      return item.due <= now && item.gate.map(isOpen) ?? true
    }
  }

  /// When something more can happen, as far as that is a question of time.
  func next(after now: Int64, _ isOpen: (Gate) -> Bool) -> Int64? {
    items.filter { $0.due > now && $0.gate.map(isOpen) ?? true }.map(\.due).min()
  }

  /// How far the clock may go without something being late.
  var limit: Int64 { items.map(\.latest).min() ?? .max }
}
