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

  private var configuration: Configuration
  private let description: NodeDescription
  private let audit: AuditLog
  private let log: Logger
  private var identity: Identity
  private let processes: ProcessTable
  private let images: SaveImages
  private let ledger: Ledger
  /// The ledger's disk may be slow; its writes keep their order.
  private let ledgerThread = DispatchQueue(label: "dlmguard.ledger")

  private var core: Guard
  private var metrics = Metrics(at: dlmguard_uptime())
  /// Nil until the engine is open; until then the core asks nothing of it.
  private var keeper: ClaimKeeper?
  /// Nil for an engine that needs none.
  private var upkeep: EngineUpkeep?
  /// How many owners' claims are being held again.
  private var reclaiming = 0
  private var server: SocketServer?
  private let storageGate = StorageGate()
  private var storageThreads: SpareThreads?
  private var processThreads: SpareThreads?
  private var watched: [ProcessRef: PIDFD] = [:]
  /// Processes whose end will not be noticed before the kernel has a descriptor for them.
  private var unwatchable: Set<ProcessRef> = []
  private var surveys: [SurveyID: EventLoop.Timer] = [:]
  private var limits: [RequestID: EventLoop.Timer] = [:]
  private var imageRemovals: Int32?
  private nonisolated let guests: GuestWatch
  /// Nil for an agent that is alone.
  private var group: AgentGroup?
  private lazy var enquiries = makeEnquiries()
  private var pathEnquiries = PathEnquiries(first: NodeAgent.firstNumber())
  private let supervisor: Supervisor
  /// Whether a newer status may wait to be told.
  private var hasNews = false
  private var lastStatus = ""

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

  private nonisolated func start(
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

  private nonisolated func look(
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
  private nonisolated func post(_ call: @escaping @Sendable (isolated NodeAgent) -> Void) {
    loop.post { [self] in assumeIsolated { call($0) } }
  }

  /// Tells the core what happened, from any thread: also what the watch over the cluster sees, and
  /// why the engine cannot be opened yet.
  nonisolated func report(_ event: Event) {
    post { $0.handle(event) }
  }

  // MARK: - Events in, effects out

  private func handle(_ event: Event) {
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
    if reclaiming == 0 { upkeep?.begin() }
  }

  private func watchGuests() {
    guests.assumeIsolated { $0.begin { [self] in report($0) } }
  }

  // MARK: - The other agents

  /// Speaks to the agents of a lockspace from now on. Once, on any thread.
  ///
  /// - Throws: ``ClusterWatch/Unavailable`` where the kernel has no descriptors left.
  nonisolated func join(_ lockspace: String) throws(ClusterWatch.Unavailable) {
    let group = try AgentGroup(lockspace: lockspace) { [self] news in
      post { $0.take(news) }
    }
    post { $0.group = group }
  }

  private func take(_ news: AgentGroup.News) {
    switch news {
    case .view(let view):
      handle(.directory(.view(view)))
      enquiries.take(view)
      pathEnquiries.take(view)
    case .heard(let heard):
      if !hear(heard), !enquiries.hear(heard.message, from: heard.node) {
        handle(.directory(.heard(heard)))
      }
    case .missed: handle(.directory(.missed))
    case .severed:
      handle(.directory(.severed))
      enquiries.sever()
      pathEnquiries.sever()
    }
  }

  /// Whether a message was about a path.
  private func hear(_ heard: Heard) -> Bool {
    switch heard.message {
    case .look(let number, let path):
      if heard.node != pathEnquiries.here {
        handle(.asked(QuestionID(node: heard.node, number: number), path: path))
      }
    case .sight(let number, let asker, let identity):
      if asker == pathEnquiries.here,
        let event = pathEnquiries.hear(identity, to: number, from: heard.node)
      {
        handle(event)
      }
    default: return false
    }
    return true
  }

  /// Waits a little longer than each node for its storage.
  private func lookElsewhere(_ request: RequestID, _ path: String) {
    guard let number = pathEnquiries.begin(request) else {
      return report(.seenElsewhere(request, [:]))
    }
    group?.send([.look(number: number, path: path)])
    loop.after(configuration.storageTimeout + 1_000) { [self] in
      assumeIsolated { agent in
        if let event = agent.pathEnquiries.end(number) { agent.handle(event) }
      }
    }
  }

  /// Above what a former agent can have used, whatever the clock has done since: that one is gone.
  private static func firstNumber() -> UInt64 { UInt64(dlmguard_now()) << 20 }

  private func makeEnquiries() -> Enquiries {
    var enquiries = Enquiries(
      firstNumber: Self.firstNumber(),
      send: { [self] messages in assumeIsolated { $0.group?.send(messages) } },
      callBack: { [loop] call in loop.post(call) },
      expireLater: { [self] enquiry, milliseconds in
        loop.after(milliseconds) { [self] in assumeIsolated { $0.enquiries.expire(enquiry) } }
      })
    enquiries.asked = { [self] node, number, question, domain in
      report(.questioned(QuestionID(node: node, number: number), question, domain))
    }
    return enquiries
  }

  /// How long everybody may take to say who sends a guest, in ms: its start waits for that.
  private static let answerLimit: Int64 = 2_000
  /// How long a node that a guest has gone to may take to say that its claims wait, in ms: until it does,
  /// or is no member any more, nothing is let go.
  private static let departureLimit: Int64 = 365 * 24 * 3_600_000

  private func ask(_ inquiry: Inquiry) {
    enquiries.ask(
      inquiry.question, about: inquiry.domain, of: inquiry.node,
      for: inquiry.question == .waiting ? Self.departureLimit : Self.answerLimit
    ) { [self] node, answer in
      report(.answered(inquiry, by: node, answer))
    }
  }

  // MARK: - The socket

  private func open() {
    guard server == nil else { return }
    var server = SocketServer(
      loop: loop,
      ready: { [self] descriptor, readiness in
        assumeIsolated { $0.ready(descriptor, readiness) }
      },
      expired: { [self] descriptor, progress in
        assumeIsolated { $0.expired(descriptor, progress) }
      })
    do throws(SystemError) {
      try server.listen(at: configuration.socket)
      self.server = server
      log.notice(
        "dlmguardd \(description.version) is up",
        metadata: [
          "node": "\(description.node)", "engine": "\(description.engine)",
          "lockspace": description.lockspace.map { "\($0)" }, "socket": "\(configuration.socket)",
        ].compactMapValues { $0 })
      announce()
    } catch {
      // Without a socket every start is refused; the agent that systemd starts next may fare better.
      log.critical("\(error)")
      exit(EXIT_FAILURE)
    }
  }

  private func ready(_ descriptor: Int32, _ readiness: EventLoop.Readiness) {
    for event in server?.handle(descriptor, readiness) ?? [] { handle(event) }
  }

  private func expired(_ descriptor: Int32, _ progress: UInt64) {
    for event in server?.expire(descriptor, progress) ?? [] { handle(event) }
  }

  // MARK: - The service manager

  /// Whatever waits for the agent may go on: it answers now.
  private func announce() {
    guard supervisor.tell(.ready, .status(core.summary)) else {
      loop.after(Self.retry) { [self] in assumeIsolated { $0.announce() } }
      return
    }
    pulse()
  }

  /// Told by the event loop itself, because an agent whose loop stands still answers no hook.
  private func pulse() {
    guard let interval = supervisor.pulse else { return }
    supervisor.tell(.alive)
    loop.after(interval) { [self] in assumeIsolated { $0.pulse() } }
  }

  /// Tells the status where it has changed, once for all that happens within a second: some alarms end
  /// without a line in the log.
  private func tellNews() {
    guard supervisor.listens, server != nil, !hasNews else { return }
    hasNews = true
    loop.after(1_000) { [self] in
      assumeIsolated { agent in
        agent.hasNews = false
        let status = agent.core.summary
        guard status != agent.lastStatus, agent.supervisor.tell(.status(status)) else { return }
        agent.lastStatus = status
      }
    }
  }

  // MARK: - What may block

  private func survey(_ request: SurveyID, _ resources: [Resource], _ query: ProcessQuery?) {
    let survey = StorageSurvey(of: resources, through: storageGate)
    let timeout = configuration.storageTimeout
    surveys[request] = loop.after(timeout) { [self] in
      assumeIsolated { agent in
        let (known, thread) = survey.end(after: timeout)
        if let thread { agent.storageThreads?.giveUp(thread) }
        agent.surveyed(request, Survey(identifications: known, process: nil))
      }
    }
    var threads =
      storageThreads
      ?? SpareThreads("dlmguard.storage", maximum: 16, limit: 64, loop: loop) { [self] thread in
        assumeIsolated { $0.storageThreads?.free(thread) }
      }
    threads.run { [self, identity] thread in
      let process = query.flatMap { query in
        switch query {
        case .exactly(let pid): try? processes.process(pid)
        case .driver(let pid): processes.driver(of: pid)
        }
      }
      guard let known = survey.look(on: thread, identity.ready().identify) else { return }
      post { agent in
        if case .driver = query, let process {
          agent.guests.assumeIsolated { $0.heard(from: process) }
        }
        agent.surveyed(request, Survey(identifications: known, process: process))
      }
    }
    storageThreads = threads
  }

  /// The first answer counts: the storage's, or the deadline's.
  private func surveyed(_ request: SurveyID, _ survey: Survey) {
    surveys.removeValue(forKey: request).map(loop.cancel)
    handle(.surveyed(request, survey))
  }

  private func write(_ record: OwnerRecord, _ reason: RecordReason) {
    ledgerThread.async { [self] in
      var failure: String?
      do throws(SystemError) {
        try ledger.write(record)
      } catch {
        failure = error.description
      }
      report(.recorded(record.owner, reason, failure: failure))
    }
  }

  private func erase(_ owner: OwnerID) {
    ledgerThread.async { [self] in
      do throws(SystemError) {
        try ledger.erase(owner)
      } catch {
        report(.alarm("\(error); the next agent will see that its process is gone and remove it"))
      }
    }
  }

  // MARK: - The host

  private func find(_ owner: OwnerID, _ domain: Domain, _ reason: SearchReason) -> [Event] {
    // A thread of its own would have to wait for a processor, just when the guest takes one.
    if case .started = reason, let process = processes.starting(domain) {
      return [.found(owner, process, reason)]
    }
    var threads =
      processThreads
      ?? SpareThreads("dlmguard.processes", maximum: 4, loop: loop) { [self] thread in
        assumeIsolated { $0.processThreads?.free(thread) }
      }
    threads.run { [self] _ in
      do throws(ProcessTable.Unreadable) {
        // What is not there yet is asked for again in a moment: not every process needs to be looked at.
        let process =
          if case .advent = reason { try processes.begun(domain) } else {
            try processes.qemu(of: domain)
          }
        let isIncoming = if let process { try processes.isIncoming(process) } else { false }
        report(.found(owner, process, reason, isIncoming: isIncoming))
      } catch {
        // "Not found" would free what a running guest may use: the question stays.
        log.error("\(error); looking again for the QEMU process of \(Quoted(domain.name))")
        loop.after(Self.retry) { [self] in
          assumeIsolated { agent in
            for event in agent.find(owner, domain, reason) { agent.handle(event) }
          }
        }
      }
    }
    processThreads = threads
    return []
  }

  /// How long to wait before what could not be told is asked again, in ms.
  private static let retry: Int64 = 1_000

  private func watch(_ process: ProcessRef) -> [Event] {
    guard watched[process] == nil else { return [] }
    do {
      let pidfd = try PIDFD(process, in: processes)
      try loop.watch(pidfd.descriptor, for: .readable) { [self] _ in
        assumeIsolated { agent in
          // Once is enough: it stays readable. The owner's end closes it.
          agent.loop.forget(pidfd.descriptor)
          agent.handle(.exited(process))
        }
      }
      watched[process] = pidfd
      unwatchable.remove(process)
      return []
    } catch PIDFD.Failure.gone {
      unwatchable.remove(process)
      return [.exited(process)]
    } catch {
      // Its end is not noticed meanwhile: what it uses stays locked.
      log.error("cannot watch \(process): \(error); trying again")
      unwatchable.insert(process)
      loop.after(Self.retry) { [self] in
        assumeIsolated { agent in
          guard agent.unwatchable.contains(process) else { return }
          for event in agent.watch(process) { agent.handle(event) }
        }
      }
      return []
    }
  }

  private func kill(_ process: ProcessRef, _ signal: KillSignal) {
    do throws(PIDFD.Failure) {
      let pidfd =
        if let known = watched[process] { known } else { try PIDFD(process, in: processes) }
      switch signal {
      case .terminate: try pidfd.terminate()
      case .kill: try pidfd.kill()
      }
    } catch .gone {
      return
    } catch {
      log.critical("cannot kill \(process), which must not go on: \(error); trying again")
      loop.after(Self.retry) { [self] in assumeIsolated { $0.kill(process, signal) } }
    }
  }

  private func unwatch(_ process: ProcessRef) {
    unwatchable.remove(process)
    guard let pidfd = watched.removeValue(forKey: process) else { return }
    loop.forget(pidfd.descriptor)
  }

  /// Only what is known to be gone is gone.
  private func isAlive(_ process: ProcessRef) -> Bool {
    watched[process].map { !$0.isGone } ?? unwatchable.contains(process)
  }

  private func watchSaveImages() {
    guard imageRemovals == nil, let descriptor = images.watchRemovals() else { return }
    do throws(SystemError) {
      try loop.watch(descriptor, for: .readable) { [self] _ in
        assumeIsolated { agent in
          for name in agent.images.removed(descriptor) {
            agent.handle(.saveImageRemoved(name: name))
          }
        }
      }
      imageRemovals = descriptor
    } catch {
      log.error("removed save images will not be noticed: \(error)")
      close(descriptor)
    }
  }

  private func limit(_ request: RequestID, _ milliseconds: Int64) {
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
