import AgentAPI
import Directory
import GuardCore
import LockEngines
import LockModel
import Synchronization

/// A host for the core to live on: carries effects out in memory, on the real local engine, and
/// answers at once unless told to hold an answer back.
final class TestHost {
  private var core: Guard
  private let keeper: ClaimKeeper
  let node: NodeID?
  private let answers = Answers()
  private var pending: [Event] = []
  private(set) var time: Int64 = 1_772_357_400_000

  /// What each path is; a path that is not here is absent.
  var storage: [String: Identification.Result] = [:]
  var drivers: [Int32: ProcessRef] = [:]
  var qemus: [DomainUUID: ProcessRef] = [:]
  var alive: Set<ProcessRef> = []
  var saveImages: Set<String> = []
  var ledgerFailure: String?

  /// What guests of other nodes hold, who may say so or not: refused whatever is asked for.
  var elsewhere: [ResourceName: Holder?] = [:]
  /// What guests of other nodes read: refused to whoever wants more.
  var readElsewhere: Set<ResourceName> = []
  /// What the engine cannot take, and why.
  var failing: [ResourceName: String] = [:]
  /// What libvirt says of running guests.
  var sightings: [DomainUUID: Sighting] = [:]
  /// What comes of pausing one.
  var pausing = Pausing.byLibvirt
  /// Processes that wait for their storage in the kernel.
  var undying: Set<ProcessRef> = []

  private var calls: [() -> Void] = []
  /// How this host asks the others, if there are any.
  var ask: (Inquiry) -> Void = { _ in }
  /// Where its answers go.
  var answerOthers: (QuestionID, HandoverAnswer) -> Void = { _, _ in }
  /// QEMUs that wait for a migration's stream.
  var incoming: Set<ProcessRef> = []
  private(set) var expectations: [(Expectation, at: Int64)] = []

  /// What a recovery does not find.
  var vanished: Set<ResourceName> = []

  var ledger: [OwnerID: OwnerRecord] = [:]
  private(set) var replies: [RequestID: Reply] = [:]
  private(set) var effects: [Effect] = []
  private(set) var audits: [AuditLine] = []
  private(set) var timers: [(OwnerID, Wake, at: Int64)] = []
  private(set) var limits: [(RequestID, at: Int64)] = []
  private(set) var watched: Set<ProcessRef> = []
  private(set) var killed: [ProcessRef] = []
  private(set) var signals: [KillSignal] = []
  private(set) var paused: [ProcessRef] = []
  private(set) var countdowns: [(Countdown, at: Int64)] = []
  private(set) var isOpen = false
  private var lastRequest: UInt64 = 0

  /// Answers of this kind stay in `held` until `letGo()`.
  var holdsBack: (Event) -> Bool = { _ in false }
  private(set) var held: [Event] = []
  /// What the other agents were told, by effect.
  var announced: [[DirectoryMessage]] = []

  static let driver = ProcessRef(pid: 100, startTime: 1)

  /// - Parameter isReady: false for one whose first event is still to come.
  init(
    policy: Policy = Policy(), isReady: Bool = true, lockspace: String? = nil,
    locksOutliveAgent: Bool = false, node: NodeID? = nil, engine: any LockEngine = LocalEngine()
  ) {
    self.node = node
    keeper = ClaimKeeper(
      engine: engine,
      signature: node.map { .init(node: $0, now: { Timestamp(milliseconds: 1_772_357_400_000) }) })
    core = Guard(
      NodeDescription(
        node: NodeName("node\(node?.number ?? 1)"), engine: "e", lockspace: lockspace,
        locksOutliveAgent: locksOutliveAgent, version: "t", pid: 1,
        started: Timestamp(milliseconds: 0)), policy: policy)
    drivers[Self.driver.pid] = Self.driver
    alive = [Self.driver]
    if isReady { happen(.recovered([])) }
  }

  /// Another agent on the same host, with the former one's ledger and an empty engine.
  static func restarted(
    _ former: TestHost, as host: TestHost = TestHost(isReady: false),
    holdsBack: @escaping (Event) -> Bool = { _ in false }
  ) -> TestHost {
    host.holdsBack = holdsBack
    host.storage = former.storage
    host.drivers = former.drivers
    host.qemus = former.qemus
    host.alive = former.alive
    host.saveImages = former.saveImages
    host.sightings = former.sightings
    host.ledger = former.ledger
    host.time = former.time
    host.happen(
      .recovered(
        former.ledger.values.map { record in
          Recovered(
            record: record, keeperAlive: record.keeper.map { former.alive.contains($0) } ?? false,
            qemu: former.qemus[record.owner.domain],
            saveImage: former.saveImages.contains(record.name)
          )
        }))
    return host
  }

  func happen(_ event: Event) {
    pending.append(event)
    while !pending.isEmpty {
      let next = pending.removeFirst()
      for effect in core.handle(next, at: Timestamp(milliseconds: time)) {
        effects.append(effect)
        carryOut(effect)
        for answer in answers.take() {
          if holdsBack(answer) { held.append(answer) } else { pending.append(answer) }
        }
      }
    }
    // Other hosts hear of it when this one has done what it had to.
    let calls = calls
    self.calls = []
    for call in calls { call() }
  }

  /// Lets go of what was held back, and from now on holds back something else.
  func letGo(holdingBack next: @escaping (Event) -> Bool = { _ in false }) {
    holdsBack = next
    let events = held
    held = []
    for event in events { happen(event) }
  }

  func pass(_ milliseconds: Int64) {
    time += milliseconds
    let due = timers.filter { $0.at <= time }
    timers.removeAll { $0.at <= time }
    for (owner, wake, _) in due { happen(.woke(owner, wake)) }
    let late = limits.filter { $0.at <= time }
    limits.removeAll { $0.at <= time }
    for (request, _) in late { happen(.overdue(request)) }
    let unexpected = expectations.filter { $0.at <= time }
    expectations.removeAll { $0.at <= time }
    for (expectation, _) in unexpected { happen(.unexpected(expectation)) }
    let counted = countdowns.filter { $0.at <= time }
    countdowns.removeAll { $0.at <= time }
    for (countdown, _) in counted { happen(.elapsed(countdown)) }
  }

  /// What came of something that happened elsewhere: another host has let go of what this one waits for.
  func settle() {
    for answer in answers.take() { happen(answer) }
  }

  func ask(_ request: Request) -> Reply? {
    lastRequest += 1
    let id = RequestID(lastRequest)
    happen(.request(id, request))
    return replies[id]
  }

  var lastID: RequestID { RequestID(lastRequest) }

  func exit(_ process: ProcessRef) {
    alive.remove(process)
    qemus = qemus.filter { $0.value != process }
    if watched.contains(process) { happen(.exited(process)) }
  }

  private func answer(_ event: Event) {
    answers.add(event)
  }

  private static func refused(_ result: Result<Void, ClaimConflict>) -> [RefusedClaim] {
    guard case .failure(let conflict) = result else { return [] }
    return conflict.refused
  }

  private func shutOut(_ claims: [Claim]) -> [RefusedClaim] {
    claims.compactMap { claim in
      if let reason = failing[claim.resource] { return RefusedClaim(claim, failure: reason) }
      if readElsewhere.contains(claim.resource), !LockMode.pr.covers(claim.mode) {
        return RefusedClaim(claim, holder: nil)
      }
      return elsewhere[claim.resource].map { RefusedClaim(claim, holder: $0) }
    }
  }

  /// The engine loses locks of this host.
  func lose(_ vm: VM, _ resources: [ResourceName]) {
    guard let owner = ledger.keys.first(where: { $0.domain == vm.uuid }) else { return }
    keeper.release(owner, resources) {}
  }

  private func carryOut(_ effect: Effect) {
    switch effect {
    case .open:
      precondition(!isOpen, "opened twice")
      isOpen = true
    case .reduce(let owner, let claims):
      precondition(ledger[owner]?.claims == claims, "told the engine before the ledger")
      keeper.reduce(owner, to: claims) { [answers] in answers.add(.reduced(owner)) }
    case .pause(let owner, _, let process):
      paused.append(process)
      answer(.paused(owner, pausing))
    case .sight(let domain):
      for (uuid, sighting) in sightings where domain == nil || domain?.uuid == uuid {
        if alive.contains(sighting.process) { answer(.sighted(sighting)) }
      }
    case .count(let countdown, let milliseconds):
      countdowns.append((countdown, at: time + milliseconds))
    case .reply(let id, let reply):
      precondition(replies[id] == nil, "answered twice")
      replies[id] = reply
    case .survey(let id, let resources, let query):
      let process: ProcessRef? =
        switch query {
        case .driver(let pid): drivers[pid]
        case .exactly(let pid): alive.first { $0.pid == pid }
        case nil: nil
        }
      answer(
        .surveyed(
          id,
          Survey(
            identifications: resources.map {
              Identification(resource: $0, result: storage[$0.source.location] ?? .absent)
            }, process: process)))
    case .record(let record, let reason):
      if ledgerFailure == nil { ledger[record.owner] = record }
      answer(.recorded(record.owner, reason, failure: ledgerFailure))
    case .erase(let owner): ledger[owner] = nil
    case .acquire(let owner, let claims):
      precondition(ledger[owner] != nil, "asked the engine before the ledger")
      let refused = shutOut(claims)
      guard refused.isEmpty else { return answer(.acquired(owner, refused: refused)) }
      keeper.acquire(owner, claims) { [answers] result in
        answers.add(.acquired(owner, refused: Self.refused(result)))
      }
    case .recover(let owner, let claims):
      let refused = shutOut(claims)
      let missing = claims.filter { vanished.contains($0.resource) }
      let rest = claims.filter { claim in !refused.contains { $0.claim == claim } }
      // The local engine finds nothing, ever; what an outliving one would is the test's to say.
      keeper.recover(owner, rest) { [answers] reclaimed in
        answers.add(
          .reclaimed(owner, missing: missing, refused: refused + reclaimed.refused))
      }
    case .queue(let owner, let claims):
      precondition(ledger[owner] != nil, "asked the engine before the ledger")
      keeper.queue(owner, claims) { [answers] result in
        switch result {
        case .success(let isWaiting):
          answers.add(.queued(owner, refused: [], isWaiting: isWaiting))
        case .failure(let conflict):
          answers.add(.queued(owner, refused: conflict.refused, isWaiting: false))
        }
      } settled: { [answers] in
        answers.add(.settled(owner, refused: $0))
      }
    case .queueAgain(let owner, let claims):
      keeper.queueAgain(owner, claims) { [answers] refused, isWaiting in
        answers.add(.requeued(owner, refused: refused, isWaiting: isWaiting))
      } settled: { [answers] in
        answers.add(.settled(owner, refused: $0))
      }
    case .probe(let owner):
      keeper.probe(owner) { [answers] in answers.add(.probed(owner, barred: $0)) }
    case .ask(let inquiry): calls.append { [self] in ask(inquiry) }
    case .answer(let question, let answer):
      calls.append { [self] in answerOthers(question, answer) }
    case .lookElsewhere, .show: break
    case .expect(let expectation, let milliseconds):
      expectations.append((expectation, at: time + milliseconds))
    case .release(let owner): keeper.release(owner) { [answers] in answers.add(.released(owner)) }
    case .find(let owner, let domain, let reason):
      let process = qemus[domain.uuid]
      answer(
        .found(
          owner, process, reason, isIncoming: process.map { incoming.contains($0) } ?? false))
    case .confirm(let owner, let process):
      answer(.confirmed(owner, alive: alive.contains(process)))
    case .kill(let process, let signal):
      killed.append(process)
      signals.append(signal)
      guard !undying.contains(process), alive.remove(process) != nil else { return }
      qemus = qemus.filter { $0.value != process }
      if watched.contains(process) { answer(.exited(process)) }
    case .watch(let process):
      guard watched.insert(process).inserted else { return }
      if !alive.contains(process) { answer(.exited(process)) }
    case .unwatch(let process): watched.remove(process)
    case .lookForSaveImage(let owner, let name):
      answer(.saveImage(owner, exists: saveImages.contains(name)))
    case .wake(let owner, let wake, let milliseconds):
      timers.append((owner, wake, at: time + milliseconds))
    case .measure, .subscribe: break
    case .limit(let request, let milliseconds): limits.append((request, at: time + milliseconds))
    case .announce(let messages): announced.append(messages)
    case .audit(let line): audits.append(line)
    }
  }
}

/// What the host's parts have to tell the core.
private final class Answers: Sendable {
  private let events = Mutex<[Event]>([])

  func add(_ event: Event) {
    events.withLock { $0.append(event) }
  }

  func take() -> [Event] {
    events.withLock { events in
      defer { events = [] }
      return events
    }
  }
}

// MARK: - What tests say

/// A virtual machine of a test.
struct VM {
  let name: String
  let uuid: DomainUUID
  let resources: [Resource]
  var unguarded: [UnguardedResource] = []
  let process: ProcessRef

  init(_ number: Int, _ resources: [Resource], process: ProcessRef? = nil) {
    name = "vm-\(number)"
    uuid = DomainUUID(String(repeating: "0", count: 31) + String(number, radix: 16))!
    self.resources = resources
    self.process = process ?? ProcessRef(pid: Int32(1000 + number), startTime: 7)
  }
}

func disk(_ path: String, _ access: Access = .exclusiveWrite, target: String = "vda") -> Resource {
  Resource(kind: .file, device: "disk \(target)", source: .file(path), access: access)
}

extension TestHost {
  func image(_ path: String) {
    storage[path] = .named(Footprint(try! ResourceName("file:\(path)")))
  }

  func hook(
    _ operation: HookOperation, _ vm: VM, resources: [Resource]? = nil, caller: Int32 = 100
  ) -> Reply? {
    ask(
      .hook(
        HookCall(
          operation: operation, name: vm.name, uuid: vm.uuid, caller: caller,
          resources: resources ?? vm.resources, unguarded: vm.unguarded)))
  }

  /// The whole start as libvirt does it; the first refusal ends it, followed by libvirt's release.
  @discardableResult
  func start(_ vm: VM) -> Reply? {
    for operation in [HookOperation.prepare, .start, .started] {
      if operation == .started {
        qemus[vm.uuid] = vm.process
        alive.insert(vm.process)
      }
      let reply = hook(operation, vm)
      guard reply == .done else {
        if operation == .started { exit(vm.process) }
        stopHooks(vm)
        return reply
      }
    }
    return .done
  }

  func stopHooks(_ vm: VM) {
    _ = hook(.stopped, vm)
    _ = hook(.release, vm)
  }

  func destroy(_ vm: VM) {
    exit(vm.process)
    stopHooks(vm)
  }

  func phase(_ vm: VM) -> String? {
    guard case .owners(let owners) = ask(.inquire(.uuid(vm.uuid))) else { return nil }
    return owners.first?.phase
  }

  var alarms: [String] {
    guard case .status(let status) = ask(.status) else { return [] }
    return status.alarms
  }

  func audits(_ kind: AuditLine.Kind) -> [AuditLine] { audits.filter { $0.kind == kind } }

  /// Holds the engine's answers back, as a lockspace does that is stopped.
  func stopLockspace() {
    holdsBack = { event in
      switch event {
      case .acquired, .released, .reclaimed: true
      default: false
      }
    }
  }

  /// Of what it uses; not of what keeps others from its parts.
  func modes(_ vm: VM) -> [LockMode] {
    guard case .owners(let owners) = ask(.inquire(.uuid(vm.uuid))) else { return [] }
    return owners.first?.claims.filter { !$0.resource.isOfParts }.map(\.mode) ?? []
  }

  func holders(_ path: String) -> [String] {
    guard case .holders(_, let holders) = ask(.who(path: path)) else { return [] }
    return holders.map(\.name)
  }
}

extension Reply {
  var refusal: Refusal? { if case .refused(let refusal) = self { refusal } else { nil } }
}

extension TestHost {
  /// libvirt says what a running guest uses now, and says it for long enough to be believed.
  func see(
    _ vm: VM, _ resources: [Resource], isPaused: Bool = false, isBeingSaved: Bool = false
  ) {
    glimpse(vm, resources, isPaused: isPaused, isBeingSaved: isBeingSaved)
    pass(Policy().surplusDelay)
  }

  /// libvirt says once what a running guest uses.
  func glimpse(
    _ vm: VM, _ resources: [Resource], isPaused: Bool = false, isBeingSaved: Bool = false,
    departure: Timestamp? = nil, process: ProcessRef? = nil, isStray: Bool = false
  ) {
    let sighting = Sighting(
      domain: Domain(uuid: vm.uuid, name: vm.name), process: process ?? vm.process,
      state: isStray
        ? nil
        : Sighting.State(isPaused: isPaused, isBeingSaved: isBeingSaved, departure: departure),
      resources: resources, unguarded: vm.unguarded)
    sightings[vm.uuid] = sighting
    happen(.sighted(sighting))
  }

  /// A guest that no hook has told of.
  func runUnguarded(_ vm: VM) {
    qemus[vm.uuid] = vm.process
    alive.insert(vm.process)
    see(vm, vm.resources)
  }

  /// What the engine holds for a guest of what it uses.
  func engineHolds(_ vm: VM) -> [ResourceName: LockMode] {
    guard let owner = ledger.keys.first(where: { $0.domain == vm.uuid }) else { return [:] }
    return keeper.held(owner)
  }
}
