import AgentAPI
import GuardCore
import LockEngines
import LockModel
import Synchronization

/// What the claim keeper has to say, on whatever thread.
final class Outbox: Sendable {
  private let events = Mutex<[Event]>([])
  private let pauses = Mutex<[(Int64, @Sendable () -> Void)]>([])

  func add(_ event: Event) { events.withLock { $0.append(event) } }

  func pause(_ milliseconds: Int64, _ then: @escaping @Sendable () -> Void) {
    pauses.withLock { $0.append((milliseconds, then)) }
  }

  func takeEvents() -> [Event] {
    events.withLock { events in
      defer { events = [] }
      return events
    }
  }

  func takePauses() -> [(Int64, @Sendable () -> Void)] {
    pauses.withLock { pauses in
      defer { pauses = [] }
      return pauses
    }
  }
}

/// One process of the agent: the real core, the real claim keeper, and a shell in memory.
final class Agent {
  /// When the process dies.
  enum Fuse {
    case afterEffects(Int)
    /// Before it carries out an effect of that word.
    case before(String)
  }

  let number: Int
  let node: Node
  let process: ProcessRef
  let engine: NodeEngine
  let keeper: ClaimKeeper
  let outbox = Outbox()
  var core: Guard
  var inbox: [Event] = []
  /// What is known at once, and goes before the inbox.
  var immediate: [Event] = []
  var effects: ArraySlice<Effect> = []
  var isScheduled = false
  var isOpen = false
  /// Since when its socket is open, in ms.
  var openSince: Int64 = 0
  /// How often it has asked again for what is contested, since everything was mended.
  var contests = 0
  var fuse: Fuse?
  var watched: Set<ProcessRef> = []
  var hooks: [RequestID: Hook] = [:]
  var clients: [RequestID: Client] = [:]
  var watchesSaveImages = false
  var operations: [Int: ClusterLocks.Operation] = [:]
  /// Owners whose claims are being held again.
  var reclaiming = 0
  var hasRecovered = false

  /// Whether it has nothing to do before something happens.
  var isIdle: Bool { inbox.isEmpty && immediate.isEmpty && effects.isEmpty }

  init(_ number: Int, on node: Node, _ process: ProcessRef, in world: World) {
    self.number = number
    self.node = node
    self.process = process
    let outbox = outbox
    engine = world.locks.engine(node: node.index) { outbox.pause($0, $1) }
    keeper = ClaimKeeper(
      engine: engine,
      // Only for people to read.
      signature: .init(node: node.id, now: { Timestamp(milliseconds: 1_772_357_400_000) }),
      patience: Patience { outbox.pause($0, $1) })
    let keeper = keeper
    engine.onLoss { loss in
      guard let owner = keeper.lost(loss.lock) else { return }
      outbox.add(.lost(loss.resource, of: owner, reason: loss.reason))
    }
    core = Guard(
      NodeDescription(
        node: NodeName(node.name), engine: "dlm", lockspace: "libvirt", locksOutliveAgent: true,
        version: "simulated", pid: process.pid, started: Timestamp(milliseconds: 0)),
      policy: Policy(
        mode: node.isObserving ? .observe : .enforce,
        savedGuests: node.keepsSaved ? .all : .managed, answerLimit: 9_000))
  }
}

extension World {
  // MARK: - Its life

  func startAgent(_ node: Node) {
    guard let boot = node.boot, boot.agent == nil else { return }
    let agent = Agent(number(), on: node, boot.process(), in: self)
    boot.agent = agent
    enrol(agent)
    tell(node, "agent", "starts")
    // Read once, when the agent starts.
    let records = node.ledger.values.sorted { $0.record.owner < $1.record.owner }
      .map { $0.boot == boot.number ? $0.record : $0.record.ofAnEarlierBoot }
    let names = Dictionary(uniqueKeysWithValues: nodes.map { ($0.id, NodeName($0.name)) })
    post(.joining("this node is joining the lockspace"), to: agent)
    post(.nodes(names, here: node.id), to: agent)
    if !node.stops.isEmpty { post(.waiting(node.stops.sorted().joined()), to: agent) }
    if node.isIsolated { tellIsolation(agent) }
    // It is one of the group before it has its locks.
    poseAgain(to: node)
    after(
      5...200, .agent(agent.number), gate: boot.hasJoined ? nil : .lockspaceRuns(node: node.index)
    ) { [self] in
      boot.hasJoined = true
      let recovered = records.map { record in
        Recovered(
          record: record, keeperAlive: record.keeper.map(boot.isAlive) ?? false,
          qemu: record.origin == .hook ? boot.qemu(of: record.owner.domain)?.process : nil,
          saveImage: node.saved.contains { guests[$0].name == record.name })
      }
      agent.hasRecovered = true
      post(.recovered(recovered), to: agent)
    }
  }

  /// The process dies where it stands.
  func crashAgent(_ node: Node) {
    guard let boot = node.boot, let agent = boot.agent else { return }
    tell(node, "agent", "DIES")
    forgetQuestions(of: agent)
    boot.agent = nil
    beforeLong(.boot(boot.number)) { [self] in startAgent(node) }
    // What it had sent may or may not have reached the lock manager.
    for (_, operation) in agent.operations.sorted(by: { $0.key < $1.key })
    where node.stops.isEmpty && chance(2) {
      locks.perform(operation)
    }
    agenda.end([.agent(agent.number)])
    agent.engine.die()
    strike(agent)
    changes += 1
    for (_, hook) in agent.hooks.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      after(0...2, .hook(hook.number)) { [self] in finish(hook, without: .unreachable) }
    }
    for (_, client) in agent.clients.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      after(0...2, .boot(boot.number)) { client.then(nil) }
    }
  }

  // MARK: - Events in, effects out

  func post(_ event: Event, to agent: Agent) {
    agent.inbox.append(event)
    schedule(agent)
  }

  private func schedule(_ agent: Agent) {
    guard !agent.isScheduled else { return }
    agent.isScheduled = true
    after(0...2, .agent(agent.number)) { [self] in
      agent.isScheduled = false
      proceed(agent)
    }
  }

  /// One turn of the event loop; sometimes it is interrupted in the middle.
  private func proceed(_ agent: Agent) {
    while agent.node.boot?.agent === agent {
      if let effect = agent.effects.first {
        if isFuseBurnt(agent, effect) { return crashAgent(agent.node) }
        agent.effects.removeFirst()
        tellEffect(agent, effect)
        carryOut(effect, agent)
        if chance(12) { break }
      } else if let event = agent.immediate.first {
        agent.immediate.removeFirst()
        handle(event, agent)
      } else {
        break
      }
    }
    if agent.effects.isEmpty, agent.immediate.isEmpty, !agent.inbox.isEmpty {
      handle(agent.inbox.removeFirst(), agent)
    }
    if !agent.effects.isEmpty || !agent.immediate.isEmpty || !agent.inbox.isEmpty {
      schedule(agent)
    }
  }

  private func handle(_ event: Event, _ agent: Agent) {
    tell(agent.node, "agent", "← \(words(event))")
    switch event {
    case .reclaimed, .requeued:
      agent.reclaiming -= 1
      if agent.reclaiming == 0 { releaseStrangers(agent) }
    default: break
    }
    switch event {
    case .request(let id, _): agent.hooks[id]?.taken = now
    case .overdue(let id): agent.hooks[id]?.isOverdue = true
    default: break
    }
    agent.effects += agent.core.handle(
      event, at: Timestamp(milliseconds: 1_772_357_400_000 + now))
    if case .recovered = event, agent.reclaiming == 0, !agent.effects.contains(where: \.isRecover) {
      releaseStrangers(agent)
    }
  }

  private func isFuseBurnt(_ agent: Agent, _ effect: Effect) -> Bool {
    switch agent.fuse {
    case nil: return false
    case .before(let word): return effect.word == word
    case .afterEffects(let count):
      agent.fuse = .afterEffects(count - 1)
      return count <= 0
    }
  }

  /// What no record explains is given back, once all that is on record is held again.
  private func releaseStrangers(_ agent: Agent) {
    after(1...20, .agent(agent.number), gate: .lockspaceRuns(node: agent.node.index)) { [self] in
      let found = Mutex<[StrangerLock]>([])
      agent.engine.releaseStrangers { strangers in found.withLock { $0 = strangers } }
      let strangers = found.withLock { $0 }.map { words($0.resource) }
      if !strangers.isEmpty {
        tell(
          agent.node, "agent",
          "gives back what nobody claims: \(strangers.joined(separator: " "))")
      }
    }
  }

  private func carryOut(_ effect: Effect, _ agent: Agent) {
    let (node, number) = (agent.node, agent.number)
    guard let boot = node.boot else { return }
    switch effect {
    case .open:
      agent.isOpen = true
      agent.openSince = now
    case .reply(let id, let reply):
      if let client = agent.clients.removeValue(forKey: id) {
        after(0...3, .boot(boot.number)) { client.then(reply) }
        return
      }
      guard let hook = agent.hooks.removeValue(forKey: id) else { return }
      oracle.judge(reply, to: hook, on: node, self)
      after(0...3, .hook(hook.number)) { [self] in finish(hook, with: reply) }
    case .survey(let id, let resources, let query): survey(id, resources, query, agent)
    case .record(let record, let reason):
      after(1...8, .agent(number), Agenda.Channel(name: "ledger \(number)")) { [self] in
        if !node.isDiskFull { node.ledger[record.owner] = (record, boot.number) }
        post(
          .recorded(
            record.owner, reason, failure: node.isDiskFull ? "no space left on device" : nil),
          to: agent)
      }
    case .erase(let owner):
      after(1...8, .agent(number), Agenda.Channel(name: "ledger \(number)")) {
        node.ledger[owner] = nil
      }
    case .acquire(let owner, let claims):
      agent.keeper.acquire(owner, claims) { [outbox = agent.outbox] result in
        switch result {
        case .success: outbox.add(.acquired(owner, refused: []))
        case .failure(let conflict): outbox.add(.acquired(owner, refused: conflict.refused))
        }
      }
    case .recover(let owner, let claims):
      agent.reclaiming += 1
      agent.keeper.recover(owner, claims) { [outbox = agent.outbox] reclaimed in
        outbox.add(.reclaimed(owner, missing: reclaimed.missing, refused: reclaimed.refused))
      }
    case .queue(let owner, let claims):
      falseAlarms.expect(owner, on: node)
      agent.keeper.queue(owner, claims) { [outbox = agent.outbox] result in
        switch result {
        case .success(let isWaiting):
          outbox.add(.queued(owner, refused: [], isWaiting: isWaiting))
        case .failure(let conflict):
          outbox.add(.queued(owner, refused: conflict.refused, isWaiting: false))
        }
      } settled: { [outbox = agent.outbox] in
        outbox.add(.settled(owner, refused: $0))
      }
    case .queueAgain(let owner, let claims):
      agent.reclaiming += 1
      agent.keeper.queueAgain(owner, claims) { [outbox = agent.outbox] refused, isWaiting in
        outbox.add(.requeued(owner, refused: refused, isWaiting: isWaiting))
      } settled: { [outbox = agent.outbox] in
        outbox.add(.settled(owner, refused: $0))
      }
    case .probe(let owner):
      agent.keeper.probe(owner) { [outbox = agent.outbox] in
        outbox.add(.probed(owner, barred: $0))
      }
    case .ask(let inquiry): ask(inquiry, agent)
    case .answer(let id, let answer): self.answer(id, answer, agent)
    case .expect(let expectation, let milliseconds):
      after(milliseconds...milliseconds, .agent(number)) { [self] in
        post(.unexpected(expectation), to: agent)
      }
    case .release(let owner):
      agent.keeper.release(owner) { [outbox = agent.outbox] in outbox.add(.released(owner)) }
    case .find(let owner, let domain, let reason):
      if case .started = reason,
        let qemu = guest(domain.uuid).flatMap({ boot.domains[$0.index]?.qemu }),
        qemu.isAlive
      {
        agent.immediate.append(.found(owner, qemu.process, reason))
        return
      }
      after(1...40, .agent(number)) { [self] in
        let qemu = boot.qemu(of: domain.uuid)
        post(
          .found(owner, qemu?.process, reason, isIncoming: qemu?.isIncoming ?? false), to: agent)
      }
    case .confirm(let owner, let process):
      agent.immediate.append(
        .confirmed(owner, alive: agent.watched.contains(process) && boot.isAlive(process)))
    case .kill(let process, _):
      oracle.judgeKill(of: process, on: node, self)
      if let qemu = boot.qemu(process) { kill(qemu, on: node) }
    case .watch(let process):
      guard !agent.watched.contains(process) else { return }
      if boot.isAlive(process) {
        agent.watched.insert(process)
      } else {
        agent.immediate.append(.exited(process))
      }
    case .unwatch(let process): agent.watched.remove(process)
    case .lookForSaveImage(let owner, let name):
      agent.watchesSaveImages = true
      agent.immediate.append(
        .saveImage(owner, exists: node.saved.contains { guests[$0].name == name }))
    case .wake(let owner, let wake, let milliseconds):
      // What is contested for good is asked for again without end.
      if wake.reason == .contested, isSettling {
        agent.contests += 1
        if agent.contests > 20 { return }
      }
      after(milliseconds...milliseconds, .agent(number)) { [self] in
        post(.woke(owner, wake), to: agent)
      }
    case .limit(let request, let milliseconds):
      agent.hooks[request]?.isLimited = true
      after(milliseconds...milliseconds, .agent(number)) { [self] in
        if agent.hooks[request] != nil || agent.clients[request] != nil {
          post(.overdue(request), to: agent)
        }
      }
    case .reduce(let owner, let claims):
      agent.keeper.reduce(owner, to: claims) { [outbox = agent.outbox] in
        outbox.add(.reduced(owner))
      }
    case .pause(let owner, _, let process):
      after(1...50, .agent(number)) { [self] in
        oracle.judgePause(of: process, on: node, self)
        if let qemu = boot.qemu(process) {
          qemu.isPaused = true
          changes += 1
          tell(node, "qemu", "\(qemu.guest.name) is paused (pid \(process.pid))")
        }
        post(.paused(owner, .byLibvirt), to: agent)
      }
    // Nobody asks for it here.
    case .lookElsewhere, .show: break
    case .sight(let domain):
      for qemu in boot.processes
      where qemu.stage == .running && !qemu.guest.isClient
        && (domain == nil || domain?.uuid == qemu.guest.uuid)
      {
        look(at: qemu, agent, within: 1...30)
      }
    case .count(let countdown, let milliseconds):
      after(milliseconds...milliseconds, .agent(number)) { [self] in
        post(.elapsed(countdown), to: agent)
      }
    case .audit(let line):
      falseAlarms.hear(line, on: node, self)
      if line.kind == .alarm, let guest = line.domain.flatMap({ self.guest($0.uuid) }) {
        heed(alarmAbout: guest, on: node)
      }
    case .announce, .measure, .subscribe: break
    }
  }

  private func survey(
    _ id: SurveyID, _ resources: [Resource], _ query: ProcessQuery?, _ agent: Agent
  ) {
    let boot = agent.node.boot
    var deadline = 0
    let look = after(1...30, .agent(agent.number), gate: .storageAnswers) { [self] in
      agenda.remove(deadline)
      let process: ProcessRef? =
        switch query {
        case .driver(let pid): boot?.daemon.flatMap { $0.process.pid == pid ? $0.process : nil }
        case .exactly(let pid): boot?.processes.first { $0.process.pid == pid }?.process
        case nil: nil
        }
      post(
        .surveyed(
          id,
          Survey(
            identifications: resources.map {
              Identification(resource: $0, result: identify($0))
            }, process: process)), to: agent)
    }
    deadline = after(5_000...5_000, .agent(agent.number)) { [self] in
      agenda.remove(look)
      post(
        .surveyed(
          id,
          Survey(
            identifications: resources.map {
              Identification(resource: $0, result: .failed("the storage does not answer"))
            }, process: nil)), to: agent)
    }
  }

  private func identify(_ resource: Resource) -> Identification.Result {
    guard case .file(let path) = resource.source,
      let storage = storages.first(where: { $0.path == path })
    else { return .absent }
    return .named(
      Footprint(storage.name, within: storage.parent.map { [storages[$0].name] } ?? []))
  }

  func guest(_ uuid: DomainUUID) -> Guest? {
    guests.first { $0.uuid == uuid }
  }
}

extension OwnerRecord {
  /// A pid means nothing after the next boot.
  fileprivate var ofAnEarlierBoot: OwnerRecord {
    OwnerRecord(
      owner: owner, name: name, origin: origin, stage: stage, keeper: nil, since: since,
      claims: claims, attached: attached, unguarded: unguarded, handover: handover)
  }
}
