import GuardCore
import LockEngineConformance
import LockEngines
import LockModel

/// A cluster in memory: nodes with agents, libvirt's daemons and QEMU processes around one lock
/// manager, some storage, and a clock. The agents' cores are the real ones.
///
/// Everything that happens is an item of the ``Agenda``; one seed decides which item is next, how long
/// things take and what goes wrong. Used by one thread.
final class World {
  /// In ms.
  private(set) var now: Int64 = 0
  var random: SeededRandom
  /// Whether everything takes its least time and happens in the order in which it was begun.
  let isOrderly: Bool
  var agenda = Agenda()
  var timeline: Timeline
  let locks = ClusterLocks()
  let storages: [Storage]
  let guests: [Guest]
  private(set) var nodes: [Node] = []
  let oracle = Oracle()
  var falseAlarms = FalseAlarms()
  /// What of the world's faults may happen by chance.
  var faults = Faults() {
    // What was lost before everything was mended stays so.
    didSet { faultDelay = max(faultDelay, faults.delay) }
  }
  /// By how much later the agents may learn that a guest runs, in ms.
  private(set) var faultDelay: Int64 = 0
  /// The promise that was broken first, and how.
  private(set) var violation: String?
  /// Storage does not answer whoever looks at it.
  var doesStorageHang = false
  /// Counts what the oracle looks at.
  var changes = 0
  /// Whether what goes wrong is mended before long.
  var isLively = false
  /// Everything is mended, and what happens by itself is waited for.
  var isSettling = false
  /// What agents ask each other, by number.
  var enquiries: [UInt64: Enquiry] = [:]
  /// Which agent has said that its claims of a domain wait.
  var promises: [DomainUUID: Int] = [:]
  /// The last migration of each guest.
  var migrations: [Int: Migration] = [:]
  private var lastNumber = 0
  private var agents: [Int: Agent] = [:]

  init(
    nodes count: Int, storages: [Storage], guests: [Guest], seed: UInt64?, isTold: Bool
  ) {
    random = SeededRandom(seed: seed ?? 0)
    isOrderly = seed == nil
    timeline = Timeline(isKept: isTold)
    self.storages = storages
    self.guests = guests
    nodes = (0..<count).map { Node($0) }
  }

  // MARK: - Chance and time

  /// A number for an agent, a daemon, a hook, a boot or a request.
  func number() -> Int {
    lastNumber += 1
    return lastNumber
  }

  func some(_ range: ClosedRange<Int64>) -> Int64 {
    isOrderly ? range.lowerBound : Int64.random(in: range, using: &random)
  }

  /// By chance, once in so many times; never in an orderly world.
  func chance(_ count: Int) -> Bool {
    !isOrderly && random.once(in: count)
  }

  /// Lets something happen after a while, unless its actor ends first.
  ///
  /// - Parameter within: the longest that it may take, in ms, where the design relies on that.
  @discardableResult
  func after(
    _ delay: ClosedRange<Int64>, _ actor: Agenda.Actor, _ channel: Agenda.Channel? = nil,
    gate: Agenda.Gate? = nil, within: Int64? = nil, _ act: @escaping () -> Void
  ) -> Int {
    let due = now + some(delay)
    return agenda.add(
      actor, channel, gate, due: due, latest: within.map { max(due, now + $0) } ?? .max, act)
  }

  /// One thing happens, or time passes; false where neither changes anything.
  func step() -> Bool {
    collect()
    let ready = agenda.ready(at: now, isOpen)
    guard let item = choose(ready) else {
      guard let next = agenda.next(after: now, isOpen) else { return false }
      pass(to: next)
      return true
    }
    agenda.remove(item.number)
    item.act()
    collect()
    oracle.check(self)
    if !isOrderly { pass(to: now + ([0, 0, 1, 1, 3, 10, 40].randomElement(using: &random) ?? 0)) }
    return true
  }

  /// Everything that is due by then happens.
  func run(until time: Int64) {
    collect()
    while violation == nil {
      let isDue =
        !agenda.ready(at: now, isOpen).isEmpty
        || agenda.next(after: now, isOpen).map { $0 <= time } == true
      guard isDue, step() else { break }
    }
    pass(to: time)
  }

  private func choose(_ ready: [Agenda.Item]) -> Agenda.Item? {
    if isOrderly { return ready.min { ($0.due, $0.number) < ($1.due, $1.number) } }
    return ready.first { $0.latest <= now } ?? ready.randomElement(using: &random)
  }

  func pass(to time: Int64) {
    now = max(now, min(time, agenda.limit))
  }

  private func isOpen(_ gate: Agenda.Gate) -> Bool {
    switch gate {
    case .lockspaceRuns(let node): nodes[node].stops.isEmpty
    case .storageAnswers: !doesStorageHang
    }
  }

  // MARK: - What the lock manager and the claim keepers have to say

  func enrol(_ agent: Agent) { agents[agent.engine.number] = agent }
  func strike(_ agent: Agent) { agents[agent.engine.number] = nil }

  private func collect() {
    for operation in locks.takeOperations() {
      guard let agent = agents[operation.engine] else { continue }
      agent.operations[operation.number] = operation
      after(
        1...12, .agent(agent.number),
        Agenda.Channel(name: "dlm \(agent.node.index) \(operation.resource)"),
        gate: .lockspaceRuns(node: agent.node.index)
      ) { [self] in
        agent.operations[operation.number] = nil
        locks.perform(operation)
      }
    }
    for engine in locks.takeArrivals() {
      guard let agent = agents[engine] else { continue }
      after(0...6, .agent(agent.number)) { agent.engine.read() }
    }
    for node in nodes {
      guard let agent = node.boot?.agent else { continue }
      for (milliseconds, then) in agent.outbox.takePauses() {
        after(milliseconds...milliseconds, .agent(agent.number)) { then() }
      }
      for event in agent.outbox.takeEvents() { post(event, to: agent) }
    }
  }

  // MARK: - Telling

  func fail(_ what: String) {
    guard violation == nil else { return }
    violation = what
    tell("-", "ORACLE", what)
  }

  /// Whether a start fails here by itself.
  func failsToStart() -> Bool {
    defer { faults.nextStartFails = false }
    return faults.nextStartFails || faults.failsToStart(self)
  }

  /// Whether the source of a migration does not hear that it has ended well.
  func losesReply() -> Bool {
    defer { faults.nextReplyIsLost = false }
    return faults.nextReplyIsLost || faults.losesReply(self)
  }

  func tell(_ place: String, _ who: String, _ what: @autoclosure () -> String) {
    if timeline.isKept { timeline.add(now, place, who, what()) }
  }

  func tell(_ node: Node, _ who: String, _ what: @autoclosure () -> String) {
    if timeline.isKept { timeline.add(now, node.name, who, what()) }
  }
}
