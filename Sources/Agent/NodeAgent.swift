import AgentAPI
import CLinux
import Cluster
import Configuration
import Directory
import Dispatch
import Glibc
import GuardCore
import HostWatch
import LockEngines
import LockModel
import Logging
import ResourceIdentity

/// The shell around the core: turns what happens on this host into events, and carries the core's
/// effects out. It decides nothing.
///
/// It lives on one event-loop thread. What may block — the disk, storage, another process's memory —
/// runs on other threads, and comes back as an event.
actor NodeAgent {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  var configuration: Configuration
  let description: NodeDescription
  private let audit: AuditLog
  let log: Logger
  var identity: Identity
  let processes: ProcessTable
  let images: SaveImages
  let ledger: Ledger
  /// The ledger's disk may be slow; its writes keep their order.
  let ledgerThread = DispatchQueue(label: "dlmguard.ledger")

  var core: Guard
  private var metrics = Metrics(at: dlmguard_uptime())
  /// Nil until the engine is open; until then the core asks nothing of it.
  private var keeper: ClaimKeeper?
  /// Nil for an engine that needs none.
  private var upkeep: EngineUpkeep?
  /// How many owners' claims are being held again.
  private var reclaiming = 0
  /// Whether what nobody claims has been given back.
  private var hasTidied = false
  var server: SocketServer?
  let storageGate = StorageGate()
  var storageThreads: SpareThreads?
  var processThreads: SpareThreads?
  var watched: [ProcessRef: PIDFD] = [:]
  /// Processes whose end will not be noticed before the kernel has a descriptor for them.
  var unwatchable: Set<ProcessRef> = []
  var surveys: [SurveyID: EventLoop.Timer] = [:]
  private var limits: [RequestID: EventLoop.Timer] = [:]
  var imageRemovals: Int32?
  nonisolated let guests: GuestWatch
  /// Nil for an agent that is alone.
  var group: AgentGroup?
  lazy var enquiries = makeEnquiries()
  var pathEnquiries = PathEnquiries(first: NodeAgent.firstNumber())
  let supervisor: Supervisor
  /// Whether a newer status may wait to be told.
  var hasNews = false
  var lastStatus = ""

  init(
    loop: EventLoop, configuration: Configuration, description: NodeDescription, ledger: Ledger,
    supervisor: Supervisor = .none, log: Logger, journal: JournalSocket? = nil
  ) {
    self.loop = loop
    self.supervisor = supervisor
    self.configuration = configuration
    self.description = description
    self.log = log
    audit = AuditLog(log, journal: journal)
    identity = configuration.identity(on: description.node)
    processes = ProcessTable(libvirtRunDirectory: configuration.libvirtRunDirectory)
    images = SaveImages(directory: configuration.libvirtSaveDirectory)
    guests = GuestWatch(
      loop: loop, files: StatusFiles(directory: configuration.libvirtRunDirectory),
      processes: processes, hook: HookFile(path: configuration.hookFile, processes: processes),
      virsh: Virsh(uri: configuration.libvirtURI),
      looksForStrays: configuration.unmanagedGuests == .lock, log: log)
    self.ledger = ledger
    core = Guard(description, policy: configuration.policy)
    // Nothing comes of it before there are others.
    _ = core.handle(.directory(.settings(configuration.digest)), at: description.started)
  }

  /// Takes the ledger's claims over, then opens the socket if ``Event/unready(_:)`` has not yet
  /// opened it. Once, on any thread; the event loop runs or is about to.
  ///
  /// - Throws: ``ProcessTable/Unreadable`` where it cannot be told which guests still run.
  nonisolated func start(
    with contents: Ledger.Contents, engine: any LockEngine
  ) throws(ProcessTable.Unreadable) {
    let keeper = ClaimKeeper(engine: engine)
    hearOfLosses(engine, keeper)
    try start(with: contents, keeper: keeper, upkeep: nil)
  }

  /// The same with the engine of a cluster.
  nonisolated func start(
    with contents: Ledger.Contents, engine: KernelEngine, as node: NodeID
  ) throws(ProcessTable.Unreadable) {
    let keeper = ClaimKeeper(
      engine: engine,
      signature: .init(node: node, now: { Timestamp(milliseconds: dlmguard_now()) }),
      patience: Patience { [loop] milliseconds, then in loop.after(milliseconds, then) })
    hearOfLosses(engine, keeper)
    try start(with: contents, keeper: keeper, upkeep: EngineUpkeep(engine, loop: loop, log: log))
  }

  /// A lock of no owner is nobody's loss: one that only looked, or that no record explains.
  private nonisolated func hearOfLosses(_ engine: any LockEngine, _ keeper: ClaimKeeper) {
    engine.onLoss { [self] loss in
      log.critical(
        "lock lost", metadata: ["resource": "\(loss.resource)", "reason": "\(loss.reason)"])
      guard let owner = keeper.lost(loss.lock) else { return }
      report(.lost(loss.resource, of: owner, reason: loss.reason))
    }
  }

  nonisolated func start(
    with contents: Ledger.Contents, keeper: ClaimKeeper, upkeep: EngineUpkeep?
  ) throws(ProcessTable.Unreadable) {
    var recovered: [Recovered] = []
    for record in contents.records { recovered.append(try look(for: record)) }
    post { [recovered] agent in
      agent.keeper = keeper
      agent.upkeep = upkeep
      agent.watchGuests()
      for problem in contents.problems { agent.handle(.alarm(problem)) }
      agent.handle(.recovered(recovered))
      agent.tidyIfReclaimed()
    }
  }

  nonisolated func look(
    for record: OwnerRecord
  ) throws(ProcessTable.Unreadable) -> Recovered {
    var isAlive = false
    if let keeper = record.keeper {
      do throws(PIDFD.Failure) {
        _ = try PIDFD(keeper, in: processes)
        isAlive = true
      } catch {
        isAlive = error != .gone
      }
    }
    let domain = Domain(uuid: record.owner.domain, name: record.name)
    return Recovered(
      record: record, keeperAlive: isAlive,
      qemu: record.origin != .client ? try processes.qemu(of: domain) : nil,
      saveImage: images.exists(for: record.name))
  }

  /// Nobody new is let in; locks and ledger stay as they are, for the next agent to take over.
  nonisolated func stop() {
    post { agent in
      agent.supervisor.tell(.stopping)
      agent.server?.stopListening()
      agent.group?.stop()
      agent.ledgerThread.sync {}
      guard let upkeep = agent.upkeep, agent.keeper?.isIdle == true else {
        return agent.loop.stop()
      }
      // Without locks there is nothing to leave behind, and corosync can be stopped after this.
      upkeep.leave { [self] in post { $0.loop.stop() } }
    }
  }

  /// Goes on with a new configuration, as far as a running agent can. Any thread.
  nonisolated func take(_ new: Configuration) {
    post { agent in
      let (configuration, needsRestart) = agent.configuration.replaced(by: new)
      agent.configuration = configuration
      agent.identity = configuration.identity(on: agent.description.node)
      agent.handle(.policy(configuration.policy))
      agent.handle(.directory(.settings(configuration.digest)))
      agent.handle(.misconfigured(nil))
      agent.log.notice("the configuration was read again")
      if !needsRestart.isEmpty {
        agent.log.warning("needs a restart: \(needsRestart.joined(separator: ", "))")
      }
    }
  }

  /// Says why a new configuration does not count; the present one goes on. Any thread.
  nonisolated func refuse(_ mistakes: Configuration.Mistakes) {
    post { agent in
      for problem in mistakes.problems { agent.log.error("\(problem)") }
      let problems = mistakes.problems.map(\.description).joined(separator: "; ")
      agent.handle(
        .misconfigured(
          "the configuration was not read again, and the former one goes on: \(problems). Mend it, "
            + "then systemctl reload dlmguardd"))
    }
  }

  /// Runs something on the agent's thread, after what was posted before.
  nonisolated func post(_ call: @escaping @Sendable (isolated NodeAgent) -> Void) {
    loop.post { [self] in assumeIsolated { call($0) } }
  }

  /// Tells the core what happened, from any thread: also what the watch over the cluster sees, and
  /// why the engine cannot be opened yet.
  nonisolated func report(_ event: Event) {
    post { $0.handle(event) }
  }

  // MARK: - Events in, effects out

  func handle(_ event: Event) {
    var events = [event]
    while !events.isEmpty {
      let event = events.removeFirst()
      metrics.note(event, at: dlmguard_uptime())
      for effect in core.handle(event, at: Timestamp(milliseconds: dlmguard_now())) {
        metrics.note(effect, at: dlmguard_uptime())
        events += carryOut(effect)
      }
    }
    tellNews()
  }

  /// What is known at once comes back as events; the rest is posted later.
  private func carryOut(_ effect: Effect) -> [Event] {
    switch effect {
    case .open: open()
    case .reply(let request, let reply):
      limits.removeValue(forKey: request).map(loop.cancel)
      return server?.reply(request, reply) ?? []
    case .survey(let request, let resources, let query): survey(request, resources, query)
    case .record(let record, let reason): write(record, reason)
    case .erase(let owner): erase(owner)
    case .acquire(let owner, let claims):
      keeper?.acquire(owner, claims) { [self] result in
        switch result {
        case .success: report(.acquired(owner, refused: []))
        case .failure(let conflict): report(.acquired(owner, refused: conflict.refused))
        }
      }
    case .queue(let owner, let claims):
      keeper?.queue(owner, claims) { [self] result in
        switch result {
        case .success(let isWaiting):
          report(.queued(owner, refused: [], isWaiting: isWaiting))
        case .failure(let conflict):
          report(.queued(owner, refused: conflict.refused, isWaiting: false))
        }
      } settled: { [self] in
        report(.settled(owner, refused: $0))
      }
    case .queueAgain(let owner, let claims): queueAgain(owner, claims)
    case .probe(let owner):
      keeper?.probe(owner) { [self] in report(.probed(owner, barred: $0)) }
    case .ask(let inquiry): ask(inquiry)
    case .answer(let question, let answer):
      enquiries.answer(question.number, to: question.node, answer)
    case .lookElsewhere(let request, let path): lookElsewhere(request, path)
    case .show(let question, let identity):
      group?.send([.sight(number: question.number, to: question.node, identity)])
    case .expect(let expectation, let milliseconds):
      loop.after(milliseconds) { [self] in
        assumeIsolated { $0.handle(.unexpected(expectation)) }
      }
    case .recover(let owner, let claims): recover(owner, claims)
    case .release(let owner): keeper?.release(owner) { [self] in report(.released(owner)) }
    case .find(let owner, let domain, let reason):
      return find(owner, domain, reason)
    case .confirm(let owner, let process):
      return [.confirmed(owner, alive: isAlive(process))]
    case .reduce(let owner, let claims):
      keeper?.reduce(owner, to: claims) { [self] in report(.reduced(owner)) }
    case .kill(let process, let signal): kill(process, signal)
    case .pause(let owner, let domain, let process):
      guests.assumeIsolated { $0.pause(owner, domain, process) }
    case .sight(let domain): guests.assumeIsolated { $0.sight(domain) }
    case .watch(let process): return watch(process)
    case .unwatch(let process): unwatch(process)
    case .lookForSaveImage(let owner, let name):
      watchSaveImages()
      return [.saveImage(owner, exists: images.exists(for: name))]
    case .wake(let owner, let wake, let milliseconds): self.wake(owner, wake, milliseconds)
    case .limit(let request, let milliseconds): limit(request, milliseconds)
    case .count(let countdown, let milliseconds):
      loop.after(milliseconds) { [self] in assumeIsolated { $0.handle(.elapsed(countdown)) } }
    case .announce(let messages): group?.send(messages)
    case .measure(let request, let status):
      return server?.reply(
        request, .metrics(metrics.families(status, at: dlmguard_uptime()))) ?? []
    case .subscribe(let request): return server?.subscribe(request) ?? []
    case .audit(let line):
      let event = line.event(at: Timestamp(milliseconds: dlmguard_now()))
      audit.write(event, line.kind)
      return server?.publish(event) ?? []
    }
    return []
  }

  private func recover(_ owner: OwnerID, _ claims: [Claim]) {
    reclaiming += 1
    keeper?.recover(owner, claims) { [self] reclaimed in
      post { agent in
        agent.reclaiming -= 1
        // Before anybody new may ask: what nobody claims now, nobody will.
        agent.tidyIfReclaimed()
        agent.handle(
          .reclaimed(owner, missing: reclaimed.missing, refused: reclaimed.refused))
      }
    }
  }

  private func queueAgain(_ owner: OwnerID, _ claims: [Claim]) {
    reclaiming += 1
    keeper?.queueAgain(owner, claims) { [self] refused, isWaiting in
      post { agent in
        agent.reclaiming -= 1
        agent.tidyIfReclaimed()
        agent.handle(.requeued(owner, refused: refused, isWaiting: isWaiting))
      }
    } settled: { [self] in
      report(.settled(owner, refused: $0))
    }
  }

  private func tidyIfReclaimed() {
    guard reclaiming == 0, !hasTidied else { return }
    hasTidied = true
    upkeep?.begin()
  }

  private func watchGuests() {
    guests.assumeIsolated { $0.begin { [self] in report($0) } }
  }

  // MARK: - Timers

  /// How long to wait before what could not be told is asked again, in ms.
  static let retry: Int64 = 1_000

  func limit(_ request: RequestID, _ milliseconds: Int64) {
    limits[request] = loop.after(milliseconds) { [self] in
      assumeIsolated { agent in
        agent.limits[request] = nil
        agent.handle(.overdue(request))
      }
    }
  }

  private func wake(_ owner: OwnerID, _ wake: Wake, _ milliseconds: Int64) {
    loop.after(milliseconds) { [self] in
      assumeIsolated { $0.handle(.woke(owner, wake)) }
    }
  }
}
