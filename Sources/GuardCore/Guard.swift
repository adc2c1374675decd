import AgentAPI
import Directory
import LockModel

/// What a node says of itself in status and messages.
public struct NodeDescription: Hashable, Sendable {
  /// Stands in reports, and in refusals that name a place.
  public let node: NodeName
  /// What keeps the locks, in the word that dlmguard.conf uses: `local`, `dlm`.
  public let engine: String
  /// The lockspace that the locks lie in; nil where no other node could see it.
  public let lockspace: String?
  /// Whether locks outlive the agent that took them: then one that is not there after a restart
  /// was lost.
  public let locksOutliveAgent: Bool
  /// The running agent's, which is not always that of the program that asks.
  public let version: String
  /// The agent's own process id.
  public let pid: Int32
  /// When the agent started, by this node's clock.
  public let started: Timestamp

  /// - Parameter engine: a word for people; the core never acts by it.
  /// - Parameter lockspace: nil for an engine of one host.
  public init(
    node: NodeName, engine: String, lockspace: String? = nil, locksOutliveAgent: Bool = false,
    version: String, pid: Int32, started: Timestamp
  ) {
    self.node = node
    self.engine = engine
    self.lockspace = lockspace
    self.locksOutliveAgent = locksOutliveAgent
    self.version = version
    self.pid = pid
    self.started = started
  }
}

/// The state machine of one node: events in, effects out. It opens no file, reads no clock and
/// starts no task, so what it does can be replayed.
///
/// The rule that everything here serves: a claim is recorded before the engine is asked for it and
/// erased after the engine has let go, and an owner's claims are let go only when the process that
/// used them is known to be gone.
public struct Guard {
  let description: NodeDescription
  var policy: Policy
  /// Why the operator's latest decisions do not count.
  var misconfiguration: String?
  /// Why guests may start without a word to the guard.
  var unhooked: String?
  var owners = OwnerTable()
  /// Requests whose resources are being looked at.
  var surveys: [RequestID: Request] = [:]
  /// Running guests whose resources are being looked at.
  var looks: [DomainUUID: Look] = [:]
  /// Starts that wait until the former incarnation has let go.
  var queued: [DomainUUID: [Queued]] = [:]
  /// Migrations that libvirt has announced, and in which round.
  var expected: [DomainUUID: Int] = [:]
  var expectationRound = 0
  /// Starts that were announced as migrations, while the other nodes are asked.
  var arrivals: [DomainUUID: Arrival] = [:]
  var inquiryRound = 0
  /// Questions about guests that are being looked at.
  var questions: [DomainUUID: [Question]] = [:]
  /// Of nodes that ask for a guest which another node may still wait for.
  var parked: [DomainUUID: [QuestionID]] = [:]
  /// Of nodes that are told "yes" when that is on record.
  var promised: [OwnerID: [QuestionID]] = [:]
  /// Of nodes that want to know whether claims wait here for theirs, while those are being asked for.
  var undecided: [DomainUUID: [QuestionID]] = [:]
  /// Questions that wait until the agent is ready.
  var deferredQuestions: [(id: QuestionID, question: HandoverQuestion, domain: DomainUUID)] = []
  /// Owners taken over from the ledger whose claims are not yet held again.
  var recovering: Set<OwnerID> = []
  var readiness = Readiness.closed
  /// Requests that wait until the agent is ready, in the order in which they came.
  var deferred: [(id: RequestID, request: Request)] = []
  var cluster = ClusterStanding()
  /// What the other nodes hold.
  var directory = Directory()
  var announcements = Announcements()
  /// Nil while the cluster certainly counts on this node.
  var isolated: Isolated?
  var isolationRound = 0
  /// Who waits for locks to be gone that were taken away.
  var revocations: [RequestID: Revocation] = [:]
  /// Who wants to know what lies at a path of every node.
  var inspections: [RequestID: Inspection] = [:]
  var alarms: [Alarm] = []
  var nextInstance: UInt64 = 1
  var now = Timestamp(milliseconds: 0)
  var effects: [Effect] = []

  struct Queued {
    let request: RequestID
    let call: HookCall
    let survey: Survey
  }

  struct Alarm {
    let text: String
    /// The owner whose end ends the alarm; nil for one that stays until the agent restarts.
    let owner: OwnerID?
    /// Whether it also ends when the guest holds all that it uses.
    var isOfChange = false
  }

  /// Knows no owner yet and lets nobody in: ``Event/recovered(_:)`` must come, even with no records,
  /// and ``Event/unready(_:)`` before it where that takes longer.
  public init(_ description: NodeDescription, policy: Policy) {
    self.description = description
    self.policy = policy
  }

  /// Takes one event and tells what is to be done about it, in that order.
  ///
  /// - Parameter time: now; stands in messages and records, and nothing is decided by it.
  public mutating func handle(_ event: Event, at time: Timestamp) -> [Effect] {
    now = time
    effects = []
    switch event {
    case .unready(let reason): stand(.unready(reason))
    case .joining(let reason): stand(.joining(reason))
    case .recovered(let records): recover(records)
    case .request(let id, let request): take(request, id)
    case .clientGone(let id): abandon(id)
    case .surveyed(.request(let id), let survey): surveyed(id, survey)
    case .surveyed(.sighting(let domain), let survey): surveyed(domain, survey)
    case .surveyed(.question(let question), let survey): surveyed(question, survey)
    case .asked(let question, let path): asked(question, path: path)
    case .seenElsewhere(let request, let identities): seenElsewhere(request, identities)
    case .recorded(let owner, let reason, let failure): recorded(owner, reason, failure)
    case .acquired(let owner, let refused): acquired(owner, refused: refused)
    case .reclaimed(let owner, let missing, let refused):
      reclaimed(owner, missing: missing, refused: refused)
    case .queued(let owner, let refused, let isWaiting):
      queued(owner, refused, isWaiting: isWaiting)
    case .probed(let owner, let barred): probed(owner, barred)
    case .requeued(let owner, let refused, let isWaiting):
      requeued(owner, refused, isWaiting: isWaiting)
    case .settled(let owner, let refused): settled(owner, refused)
    case .questioned(let id, let question, let domain): questioned(id, question, domain)
    case .answered(let inquiry, let node, let answer): answered(inquiry, by: node, answer)
    case .unexpected(let expectation): unexpected(expectation)
    case .released(let owner): released(owner)
    case .reduced(let owner): reduced(owner)
    case .paused(let owner, let pausing): paused(owner, pausing)
    case .sighted(let sighting): sighted(sighting)
    case .found(let owner, let process, let reason, let isIncoming):
      found(owner, process, reason, isIncoming: isIncoming)
    case .confirmed(let owner, let alive): confirmed(owner, alive: alive)
    case .exited(let process): exited(process)
    case .saveImage(let owner, let exists): saveImage(owner, exists: exists)
    case .saveImageRemoved(let name): saveImageRemoved(name)
    case .woke(let owner, let wake): woke(owner, wake)
    case .overdue(let request): overdue(request)
    case .nodes(let names, let here): cluster.take(names, here: here)
    case .impediment(let reason): impede(reason)
    case .warning(let text): warn(text)
    case .waiting(let reason): cluster.waiting = reason
    case .suspended(let reason): suspend(reason)
    case .resumed: resumeTrust()
    case .isolated(let isolation): isolate(isolation)
    case .elapsed(let countdown): elapsed(countdown)
    case .lost(let resource, let owner, let reason): lose(resource, of: owner, reason)
    case .lostAll(let reason): loseAll(reason)
    case .policy(let policy): self.policy = policy
    case .misconfigured(let problem): misconfigure(problem)
    case .unhooked(let reason): unhook(reason)
    case .alarm(let text): alarm(text, owner: nil)
    case .directory(let news): take(news)
    }
    announce()
    return effects
  }
}

// MARK: - What every part of the machine needs

extension Guard {
  /// The owner of that very incarnation; nil once it is gone, whatever came after it.
  func owner(_ id: OwnerID) -> Owner? {
    owners[id.domain].flatMap { $0.id == id ? $0 : nil }
  }

  mutating func update(_ id: OwnerID, _ change: (inout Owner) -> Void) {
    guard var owner = owner(id) else { return }
    change(&owner)
    owners[id.domain] = owner
  }

  mutating func reply(_ request: RequestID?, _ reply: Reply) {
    if let request { effects.append(.reply(request, reply)) }
  }

  mutating func refuse(_ request: RequestID?, _ code: Refusal.Code, _ message: String) {
    reply(request, .refused(Refusal(code, message)))
  }

  mutating func audit(_ kind: AuditLine.Kind, _ owner: Owner, _ fields: (String, String)...) {
    effects.append(.audit(AuditLine(kind, owner.domain, owner.id, fields)))
  }

  /// What concerns no owner more than any other.
  mutating func auditNode(_ kind: AuditLine.Kind, _ fields: (String, String)...) {
    effects.append(.audit(AuditLine(kind, nil, nil, fields)))
  }

  /// Tells the operator once; `status` goes on telling for as long as it is true.
  mutating func alarm(_ text: String, owner: OwnerID?, isOfChange: Bool = false) {
    guard !alarms.contains(where: { $0.text == text && $0.owner == owner }) else { return }
    // Enough to see that something is badly wrong; the log has them all.
    if alarms.count >= 100 { alarms.removeFirst() }
    alarms.append(Alarm(text: text, owner: owner, isOfChange: isOfChange))
    let domain = owner.flatMap { self.owner($0)?.domain }
    effects.append(.audit(AuditLine(.alarm, domain, owner, [("text", text)])))
  }

  mutating func newOwner(_ domain: Domain, _ origin: OwnerRecord.Origin, keeper: ProcessRef?)
    -> Owner
  {
    defer { nextInstance += 1 }
    return Owner(
      id: OwnerID(domain: domain.uuid, instance: nextInstance), domain: domain, origin: origin,
      phase: .registered, keeper: keeper, since: now)
  }

  /// Makes a process the keeper of an owner's claims, and watches it.
  mutating func setKeeper(_ id: OwnerID, _ process: ProcessRef?) {
    guard let owner = owner(id), owner.keeper != process else { return }
    update(id) { $0.keeper = process }
    if let process { effects.append(.watch(process)) }
    if let former = owner.keeper { unwatch(former) }
  }

  /// Several owners may have one keeper: libvirt's daemon, while it starts several domains.
  mutating func unwatch(_ process: ProcessRef) {
    if !owners.values.contains(where: { $0.keeper == process }) {
      effects.append(.unwatch(process))
    }
  }

  mutating func wake(_ id: OwnerID, _ reason: Wake.Reason, after milliseconds: Int64) {
    guard let owner = owner(id) else { return }
    effects.append(
      .wake(id, Wake(reason: reason, round: owner.round), after: milliseconds))
  }
}
