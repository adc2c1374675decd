import AgentAPI
import GuardCore
import LockEngines
import LockModel
import Testing

/// Two hosts that a guest moves between, and a third that wants its disk, on one lock manager.
private final class Cluster {
  let engine = LocalEngine()
  let source: TestHost
  let destination: TestHost
  let third: TestHost
  let vm = VM(1, [disk("/san/a")])
  /// The same guest, as the destination starts it.
  let copy: VM
  let rival = VM(2, [disk("/san/a")])
  /// Agents that do not hear questions.
  var deaf: Set<NodeID> = []
  /// What a deaf one was asked.
  private(set) var missed: [() -> Void] = []
  private var hosts: [NodeID: TestHost] = [:]
  private var questions: [UInt64: (Inquiry, TestHost)] = [:]
  private var lastQuestion: UInt64 = 0
  /// Everything that was asked, in order.
  private(set) var asked: [Inquiry] = []

  static let nodes = [NodeID(1)!, NodeID(2)!, NodeID(3)!]

  init(isStarted: Bool = true) {
    let hosts = Self.nodes.map { [engine] node in
      TestHost(lockspace: "ls", locksOutliveAgent: true, node: node, engine: engine)
    }
    (source, destination, third) = (hosts[0], hosts[1], hosts[2])
    copy = VM(1, vm.resources, pid: 2001)
    for host in hosts { add(host) }
    guard isStarted else { return }
    #expect(source.start(vm) == .done)
    say(source)
  }

  func add(_ host: TestHost) {
    guard let node = host.node else { return }
    hosts[node] = host
    host.image("/san/a")
    host.image("/san/b")
    host.happen(
      .nodes([Self.nodes[0]: NodeName("node1"), Self.nodes[1]: NodeName("node2")], here: node))
    host.ask = { [unowned self, unowned host] inquiry in ask(inquiry, from: host) }
    host.answerOthers = { [unowned self] id, answer in
      guard let (inquiry, asker) = questions.removeValue(forKey: id.number) else { return }
      asker.happen(.answered(inquiry, by: node, answer))
    }
  }

  private func ask(_ inquiry: Inquiry, from asker: TestHost) {
    guard let node = asker.node else { return }
    self.asked.append(inquiry)
    let asked = inquiry.node ?? (node == Self.nodes[0] ? Self.nodes[1] : Self.nodes[0])
    lastQuestion += 1
    let id = QuestionID(node: node, number: lastQuestion)
    questions[lastQuestion] = (inquiry, asker)
    let deliver = { [unowned self] () -> Void in
      hosts[asked]?.happen(.questioned(id, inquiry.question, inquiry.domain))
    }
    guard deaf.contains(asked) else { return deliver() }
    if inquiry.question == .waiting {
      missed.append(deliver)
    } else {
      questions[lastQuestion] = nil
      asker.happen(.answered(inquiry, by: nil, .none))
    }
  }

  func hear(_ node: NodeID) {
    deaf.remove(node)
    let calls = missed
    missed = []
    for call in calls { call() }
  }

  /// What libvirt says of the guest where it runs.
  func say(_ host: TestHost, job: Int64? = nil, isPaused: Bool = false) {
    let process = host === source ? vm.process : copy.process
    host.glimpse(
      vm, vm.resources, isPaused: isPaused, departure: job.map { Timestamp(milliseconds: $0) },
      process: process)
  }

  /// libvirt's first half of a live migration: until the destination's QEMU waits for the stream.
  @discardableResult
  func prepare(job: Int64 = 1, isIncoming: Bool = true) -> Reply? {
    say(source, job: job)
    #expect(destination.hook(.migrate, vm) == .done)
    for operation in [HookOperation.prepare, .start, .started] {
      if operation == .started {
        destination.qemus[vm.uuid] = copy.process
        destination.alive.insert(copy.process)
        if isIncoming { destination.incoming.insert(copy.process) }
      }
      let reply = destination.hook(operation, vm)
      guard reply == .done else {
        if operation == .started { destination.exit(copy.process) }
        destination.stopHooks(vm)
        return reply
      }
    }
    return .done
  }

  /// The other half.
  func finish() {
    say(source, job: 1, isPaused: true)
    say(destination)
    source.destroy(vm)
    settle()
  }

  /// The end of an agent cancels what waits, and leaves what is in NL.
  func destinationDies() {
    for lock in engine.locks() where lock.requested != nil {
      engine.cancel(lock.lock)
      engine.unlock(lock.lock) { _ in }
    }
  }

  func restartDestination() -> TestHost {
    destinationDies()
    let next = TestHost(
      isReady: false, lockspace: "ls", locksOutliveAgent: true, node: Self.nodes[1], engine: engine)
    add(next)
    return TestHost.restarted(destination, as: next)
  }

  func settle() {
    for host in hosts.values { host.settle() }
  }

  /// Nobody else gets the disk.
  func isShut() -> Bool {
    let isRefused = third.start(rival)?.refusal?.code == .conflict
    return isRefused && third.phase(rival) == nil
  }

  /// What the lock manager has of the guest's disk and identity, by mode; each must be one.
  var modes: [String] {
    engine.locks().filter { !$0.resource.description.contains("#") }
      .map { "\($0.granted.map { "\($0)" } ?? "-")\($0.requested.map { ">\($0)" } ?? "")" }
      .sorted()
  }
}

extension VM {
  fileprivate init(_ number: Int, _ resources: [Resource], pid: Int32) {
    self.init(number, resources, process: ProcessRef(pid: pid, startTime: 9))
  }
}

@Suite struct HandoverTests {
  @Test func locksMoveWithoutAGap() {
    let cluster = Cluster()
    #expect(cluster.prepare() == .done)
    #expect(cluster.destination.phase(cluster.vm) == "incoming")
    #expect(cluster.source.phase(cluster.vm) == "outgoing")
    #expect(cluster.modes == ["EX", "NL>EX", "NL>PW", "PW"])
    #expect(cluster.isShut())
    cluster.finish()
    #expect(cluster.source.phase(cluster.vm) == nil)
    #expect(cluster.destination.phase(cluster.vm) == "running")
    #expect(cluster.modes == ["EX", "PW"])
    #expect(cluster.isShut())
    #expect(cluster.destination.audits(.arrived).map(\.fields.first?.value) == ["node1"])
    #expect(cluster.source.audits(.outgoing).map(\.fields.first?.value) == ["node2"])
    #expect(cluster.destination.ledger.values.first?.handover == nil)
  }

  @Test func aStartThatNobodySendsIsASecondStart() {
    let cluster = Cluster()
    #expect(cluster.destination.hook(.migrate, cluster.vm) == .done)
    let refusal = cluster.destination.start(cluster.copy)?.refusal
    #expect(refusal?.message.contains("SAME guest") == true)
    #expect(refusal?.message.contains("no node has confirmed") == true)
    #expect(cluster.modes == ["EX", "PW"])
    // Nor does a second one pass for it.
    #expect(cluster.destination.start(cluster.copy)?.refusal?.message.contains("SAME") == true)
  }

  @Test func aMigrationWithoutItsHookIsASecondStart() {
    let cluster = Cluster()
    cluster.say(cluster.source, job: 1)
    #expect(cluster.destination.start(cluster.copy)?.refusal?.message.contains("SAME") == true)
  }

  @Test func anAnnouncementDoesNotLast() {
    let cluster = Cluster()
    cluster.say(cluster.source, job: 1)
    #expect(cluster.destination.hook(.migrate, cluster.vm) == .done)
    cluster.destination.pass(Policy().expectation)
    #expect(cluster.destination.start(cluster.copy)?.refusal?.message.contains("SAME") == true)
  }

  @Test func aSilentSourceSendsNobody() {
    let cluster = Cluster()
    cluster.deaf = [Cluster.nodes[0]]
    #expect(cluster.prepare()?.refusal?.message.contains("no node has confirmed") == true)
    #expect(cluster.modes == ["EX", "PW"])
  }

  @Test func whatIsStartedAfreshIsKilled() {
    let cluster = Cluster()
    let reply = cluster.prepare(isIncoming: false)
    #expect(reply?.refusal?.message.contains("started afresh") == true)
    #expect(cluster.destination.killed == [cluster.copy.process])
    cluster.destination.pass(Policy().driverGrace)
    #expect(cluster.destination.phase(cluster.vm) == nil)
    #expect(cluster.modes == ["EX", "PW"])
  }

  @Test func aDiskOfSomebodyElseRefusesTheMigration() {
    let cluster = Cluster()
    let other = VM(3, [disk("/san/b")])
    #expect(cluster.third.start(other) == .done)
    cluster.say(cluster.source, job: 1)
    #expect(cluster.destination.hook(.migrate, cluster.vm) == .done)
    let reply = cluster.destination.hook(
      .prepare, cluster.vm, resources: [disk("/san/a"), disk("/san/b", target: "vdb")])
    #expect(reply?.refusal?.message.contains("/san/b") == true)
    #expect(cluster.modes == ["EX", "EX", "PW", "PW"])
    cluster.destination.stopHooks(cluster.vm)
    #expect(cluster.prepare() == .done)
  }

  @Test func aFailedMigrationLeavesTheSource() {
    let cluster = Cluster()
    #expect(cluster.prepare() == .done)
    cluster.destination.destroy(cluster.copy)
    cluster.say(cluster.source)
    #expect(cluster.source.phase(cluster.vm) == "running")
    #expect(cluster.source.audits(.stayed).count == 1)
    #expect(cluster.modes == ["EX", "PW"])
    #expect(cluster.isShut())
  }

  @Test func oneMigrationHasOneDestination() {
    let cluster = Cluster()
    #expect(cluster.prepare() == .done)
    #expect(cluster.third.hook(.migrate, cluster.vm) == .done)
    #expect(cluster.third.start(cluster.copy)?.refusal?.message.contains("SAME") == true)
    // The next one may have another.
    cluster.destination.destroy(cluster.copy)
    #expect(cluster.third.hook(.migrate, cluster.vm) == .done)
    cluster.say(cluster.source, job: 2, isPaused: true)
    #expect(cluster.third.hook(.prepare, cluster.vm) == .done)
    #expect(cluster.third.phase(cluster.vm) == "incoming")
  }

  @Test func whoGoesOnAtTheSourceIsKilledHere() {
    let cluster = Cluster()
    #expect(cluster.prepare() == .done)
    cluster.say(cluster.destination)
    cluster.say(cluster.source)
    cluster.destination.pass(Policy().overlapLimit)
    #expect(cluster.destination.killed == [cluster.copy.process])
    #expect(cluster.source.killed.isEmpty)
    cluster.destination.destroy(cluster.copy)
    #expect(cluster.modes == ["EX", "PW"])
  }

  @Test func whoStandsStillAtTheSourceIsForAPerson() {
    let cluster = Cluster()
    #expect(cluster.prepare() == .done)
    cluster.say(cluster.source, isPaused: true)
    cluster.say(cluster.destination)
    cluster.destination.pass(Policy().overlapLimit)
    #expect(cluster.destination.killed.isEmpty)
    #expect(cluster.destination.alarms.contains { $0.contains("stands still there") })
    cluster.source.destroy(cluster.vm)
    cluster.settle()
    #expect(cluster.destination.phase(cluster.vm) == "running")
    #expect(cluster.modes == ["EX", "PW"])
  }

  /// Somebody saves what stands still at the source, where the locks are.
  @Test func whoIsSavedAtTheSourceIsForAPerson() {
    let cluster = Cluster()
    #expect(cluster.prepare() == .done)
    cluster.say(cluster.source, job: 1, isPaused: true)
    cluster.say(cluster.destination)
    cluster.source.saveImages.insert(cluster.vm.name)
    cluster.source.destroy(cluster.vm)
    #expect(cluster.source.phase(cluster.vm) == "saved")
    cluster.destination.pass(Policy().overlapLimit)
    #expect(cluster.destination.killed.isEmpty)
    #expect(cluster.destination.alarms.contains { $0.contains("managedsave-remove") })
    cluster.source.saveImages.remove(cluster.vm.name)
    cluster.deaf = [Cluster.nodes[1]]
    cluster.source.happen(.saveImageRemoved(name: cluster.vm.name))
    #expect(cluster.modes.count == 4, "nobody else gets them in between")
    cluster.hear(Cluster.nodes[1])
    cluster.settle()
    #expect(cluster.modes == ["EX", "PW"])
    #expect(cluster.destination.phase(cluster.vm) == "running")
  }

  /// Its claims come when it has no process any more; once it is restored nobody asks why they do not.
  @Test(arguments: [false, true]) func whoIsSavedAtOnceHasArrivedAllTheSame(isLate: Bool) {
    let cluster = Cluster()
    #expect(cluster.prepare() == .done)
    cluster.say(cluster.destination)
    if isLate { cluster.source.destroy(cluster.vm) }
    cluster.destination.saveImages.insert(cluster.vm.name)
    cluster.destination.destroy(cluster.copy)
    if !isLate { cluster.source.destroy(cluster.vm) }
    cluster.settle()
    #expect(cluster.destination.phase(cluster.vm) == "saved")
    #expect(cluster.destination.audits(.arrived).count == 1)
    #expect(cluster.modes == ["EX", "PW"])
    #expect(cluster.destination.start(cluster.copy) == .done)
    cluster.say(cluster.destination)
    for _ in 0..<3 { cluster.destination.pass(Policy().overlapLimit) }
    #expect(cluster.destination.killed.isEmpty && cluster.destination.alarms.isEmpty)
  }

  /// Its `started` hook was lost, so nobody has seen that it came; what follows is a restore, not a start
  /// that passes for an arrival.
  @Test func whoIsSavedBeforeItWasSeenIsRestored() {
    let cluster = Cluster()
    cluster.say(cluster.source, job: 1)
    for operation in [HookOperation.migrate, .prepare, .start] {
      #expect(cluster.destination.hook(operation, cluster.vm) == .done)
    }
    cluster.destination.saveImages.insert(cluster.vm.name)
    cluster.destination.stopHooks(cluster.vm)
    cluster.source.destroy(cluster.vm)
    cluster.settle()
    #expect(cluster.destination.phase(cluster.vm) == "saved")
    #expect(cluster.destination.start(cluster.copy) == .done)
    #expect(cluster.destination.killed.isEmpty)
  }

  /// A start that was called off before it had a process: what waits for it goes.
  @Test func whatIsCalledOffBeforeItHasAProcessIsGivenUp() {
    let cluster = Cluster()
    cluster.say(cluster.source, job: 1)
    for operation in [HookOperation.migrate, .prepare, .start] {
      #expect(cluster.destination.hook(operation, cluster.vm) == .done)
    }
    #expect(cluster.modes == ["EX", "NL>EX", "NL>PW", "PW"])
    cluster.say(cluster.source)
    cluster.destination.pass(Policy().overlapLimit)
    #expect(cluster.modes == ["EX", "PW"] && cluster.destination.phase(cluster.vm) == nil)
  }

  /// A later migration to somebody else does not keep what an earlier one left over.
  @Test func whatIsLeftOverIsNotWhatAnotherMigrationSends() {
    let cluster = Cluster()
    #expect(cluster.prepare() == .done)
    cluster.say(cluster.source)
    cluster.say(cluster.source, job: 2)
    cluster.destination.pass(Policy().overlapLimit)
    #expect(cluster.destination.killed == [cluster.copy.process])
  }

  @Test func whoIsSavedAtOnceIsNotRestoredWhileItRunsAtTheSource() throws {
    let cluster = Cluster()
    #expect(cluster.prepare() == .done)
    cluster.say(cluster.destination)
    cluster.destination.saveImages.insert(cluster.vm.name)
    cluster.destination.destroy(cluster.copy)
    cluster.say(cluster.source)
    let refusal = try #require(cluster.destination.start(cluster.copy)?.refusal)
    #expect(refusal.message.contains("may run it. Look there: virsh"))
    cluster.destination.stopHooks(cluster.vm)
    #expect(cluster.destination.phase(cluster.vm) == "saved")
    cluster.source.destroy(cluster.vm)
    cluster.settle()
    #expect(cluster.destination.start(cluster.copy) == .done)
    #expect(cluster.modes == ["EX", "PW"])
  }

  @Test func whoIsResumedAtTheSourceIsKilledHere() {
    let cluster = Cluster()
    #expect(cluster.prepare() == .done)
    cluster.say(cluster.source, isPaused: true)
    cluster.say(cluster.destination)
    for _ in 0..<3 { cluster.destination.pass(Policy().overlapLimit) }
    #expect(cluster.destination.alarms.count == 1, "said once, not with each question")
    cluster.say(cluster.source)
    cluster.destination.pass(Policy().overlapLimit)
    #expect(cluster.destination.killed == [cluster.copy.process])
    #expect(cluster.source.killed.isEmpty)
  }

  /// Its libvirt has called the migration off, and the daemon here that should end its process is away.
  @Test func whatIsLeftOverOfAMigrationThatWasCalledOffIsKilled() {
    let cluster = Cluster()
    #expect(cluster.prepare() == .done)
    cluster.say(cluster.source)
    #expect(cluster.destination.killed.isEmpty)
    cluster.destination.pass(Policy().overlapLimit)
    #expect(cluster.destination.killed == [cluster.copy.process])
    #expect(cluster.source.killed.isEmpty)
    cluster.destination.pass(Policy().releaseGrace)
    #expect(cluster.modes == ["EX", "PW"])
  }

  /// The same, when the agent here has restarted and was never asked.
  @Test func whatIsLeftOverIsKilledAfterARestart() {
    let cluster = Cluster()
    #expect(cluster.prepare() == .done)
    cluster.deaf = [Cluster.nodes[1]]
    cluster.say(cluster.source)
    cluster.deaf = []
    let next = cluster.restartDestination()
    #expect(next.phase(cluster.vm) == "incoming")
    next.pass(Policy().overlapLimit)
    #expect(next.killed == [cluster.copy.process])
  }

  /// A destination that has restarted asks, and a migration that goes on goes on.
  @Test func whatIsStillSentIsNotKilledAfterARestart() {
    let cluster = Cluster()
    #expect(cluster.prepare() == .done)
    let next = cluster.restartDestination()
    for _ in 0..<3 { next.pass(Policy().overlapLimit) }
    #expect(next.killed.isEmpty && next.alarms.isEmpty)
    #expect(next.phase(cluster.vm) == "incoming")
  }

  /// The lockspace stands still when the source has just let go: nothing is granted, and nobody has it.
  @Test func whoWaitsForALockspaceThatStandsStillIsNotKilled() {
    let cluster = Cluster()
    #expect(cluster.prepare() == .done)
    cluster.say(cluster.destination)
    cluster.destination.holdsBack = { event in
      switch event {
      case .settled, .probed: true
      default: false
      }
    }
    cluster.source.destroy(cluster.vm)
    for _ in 0..<9 { cluster.destination.pass(Policy().overlapLimit) }
    #expect(cluster.destination.killed.isEmpty && cluster.destination.alarms.isEmpty)
    cluster.destination.letGo()
    #expect(cluster.destination.phase(cluster.vm) == "running")
  }

  /// Somebody else's lock is in the way of one that waits, and it took two answers to be sure.
  @Test func whoWaitsForWhatSomebodyElseHasIsKilled() throws {
    let cluster = Cluster()
    #expect(cluster.prepare() == .done)
    cluster.say(cluster.destination)
    cluster.destination.holdsBack = { if case .settled = $0 { true } else { false } }
    cluster.source.destroy(cluster.vm)
    cluster.destination.pass(Policy().overlapLimit)
    let owner = try #require(cluster.destination.ledger.keys.first)
    let disk = try ResourceName("file:/san/a")
    let holder = Holder(
      node: Cluster.nodes[2], domain: cluster.rival.uuid, mode: .pw,
      since: Timestamp(milliseconds: 0))
    cluster.destination.happen(.probed(owner, barred: [disk: holder]))
    #expect(cluster.destination.killed.isEmpty)
    cluster.destination.happen(.probed(owner, barred: [disk: holder]))
    #expect(cluster.destination.killed == [cluster.copy.process])
    let alarm = try #require(cluster.destination.alarms.first)
    #expect(alarm.contains("has let go of it, and") && alarm.contains("\(cluster.rival.uuid)"))
  }

  @Test func locksStayUntilTheDestinationWaits() {
    let cluster = Cluster()
    #expect(cluster.prepare() == .done)
    cluster.deaf = [Cluster.nodes[1]]
    cluster.say(cluster.destination)
    cluster.source.exit(cluster.vm.process)
    cluster.source.pass(Policy().releaseGrace)
    #expect(cluster.modes == ["EX", "NL>EX", "NL>PW", "PW"])
    cluster.source.pass(Policy().departureLimit)
    #expect(cluster.source.alarms.contains { $0.contains("does not answer") })
    cluster.hear(Cluster.nodes[1])
    cluster.settle()
    #expect(cluster.modes == ["EX", "PW"])
    #expect(cluster.source.phase(cluster.vm) == nil)
    #expect(cluster.destination.phase(cluster.vm) == "running")
    #expect(cluster.source.alarms.isEmpty)
  }

  @Test func anAnswerToAnotherQuestionLetsNothingGo() throws {
    let cluster = Cluster()
    #expect(cluster.prepare() == .done)
    cluster.deaf = [Cluster.nodes[1]]
    cluster.say(cluster.source)
    let former = try #require(cluster.asked.last)
    #expect(former.question == .waiting)
    cluster.source.exit(cluster.vm.process)
    cluster.source.pass(Policy().releaseGrace)
    cluster.source.happen(.answered(former, by: Cluster.nodes[1], .none))
    #expect(cluster.modes == ["EX", "NL>EX", "NL>PW", "PW"])
    let last = try #require(cluster.asked.last)
    cluster.source.happen(.answered(last, by: Cluster.nodes[1], .waiting))
    cluster.settle()
    #expect(cluster.modes == ["EX", "PW"])
  }

  @Test func aRestartedDestinationWaitsAgain() {
    let cluster = Cluster()
    #expect(cluster.prepare() == .done)
    cluster.destinationDies()
    #expect(cluster.modes == ["EX", "PW"])
    let next = cluster.restartDestination()
    #expect(next.phase(cluster.vm) == "incoming")
    #expect(cluster.modes == ["EX", "NL>EX", "NL>PW", "PW"])
    cluster.source.destroy(cluster.vm)
    next.settle()
    #expect(next.phase(cluster.vm) == "running")
    #expect(next.killed.isEmpty)
    #expect(cluster.modes == ["EX", "PW"])
  }

  @Test func aRestartedDestinationThatCameTooLateIsKilled() {
    let cluster = Cluster()
    #expect(cluster.prepare() == .done)
    cluster.destinationDies()
    cluster.deaf = [Cluster.nodes[1]]
    cluster.source.destroy(cluster.vm)
    // An administrator gives it up.
    _ = cluster.source.ask(.revoke(.domain(.uuid(cluster.vm.uuid))))
    #expect(cluster.third.start(cluster.rival) == .done)
    let next = cluster.restartDestination()
    #expect(next.killed == [cluster.copy.process])
  }

  @Test func aRestartedSourceKnowsWhereItWent() {
    let cluster = Cluster()
    #expect(cluster.prepare() == .done)
    cluster.deaf = [Cluster.nodes[1]]
    cluster.source.exit(cluster.vm.process)
    let next = TestHost(
      isReady: false, lockspace: "ls", locksOutliveAgent: true, node: Cluster.nodes[0])
    cluster.add(next)
    _ = TestHost.restarted(cluster.source, as: next)
    #expect(next.phase(cluster.vm) == "leaving")
    cluster.hear(Cluster.nodes[1])
    #expect(next.phase(cluster.vm) == nil)
    #expect(next.alarms.isEmpty)
  }

  /// The migration was called off while there was no agent here.
  @Test func aRestartedSourceAsksWhatIsLeftOver() {
    let cluster = Cluster()
    #expect(cluster.prepare() == .done)
    let next = TestHost(
      isReady: false, lockspace: "ls", locksOutliveAgent: true, node: Cluster.nodes[0])
    cluster.add(next)
    _ = TestHost.restarted(cluster.source, as: next)
    next.glimpse(cluster.vm, cluster.vm.resources)
    cluster.destination.pass(Policy().overlapLimit)
    #expect(cluster.destination.killed == [cluster.copy.process])
    #expect(next.killed.isEmpty && next.phase(cluster.vm) == "running")
  }

  /// It was saved where it came from, so its locks are there, and were never let go.
  @Test func aRestartedSourceKnowsWhatASavedGuestHad() {
    let cluster = Cluster()
    #expect(cluster.prepare() == .done)
    cluster.source.saveImages.insert(cluster.vm.name)
    cluster.source.destroy(cluster.vm)
    let next = TestHost(
      isReady: false, lockspace: "ls", locksOutliveAgent: true, node: Cluster.nodes[0])
    next.elsewhere = [ResourceName(domain: cluster.vm.uuid): ElsewhereTests.holder()]
    _ = TestHost.restarted(cluster.source, as: next)
    #expect(next.audits(.lost).count == 1)
  }

  @Test func copiedStorageIsTakenAtOnce() {
    let cluster = Cluster()
    cluster.destination.storage["/local/b"] = .named(
      Footprint(try! ResourceName("file:node2:/local/b")))
    cluster.say(cluster.source, job: 1)
    #expect(cluster.destination.hook(.migrate, cluster.vm) == .done)
    let resources = [disk("/san/a"), disk("/local/b", target: "vdb")]
    #expect(cluster.destination.hook(.prepare, cluster.vm, resources: resources) == .done)
    #expect(cluster.modes == ["EX", "NL>EX", "NL>PW", "PW", "PW"])
  }

  @Test func sharedAndReadDisksAreSimplyTaken() {
    let cluster = Cluster(isStarted: false)
    let resources = [
      disk("/san/a", .sharedWrite), disk("/san/b", .backing, target: "vdb"),
    ]
    let shared = VM(1, resources)
    #expect(cluster.source.start(shared) == .done)
    cluster.source.glimpse(shared, resources, departure: Timestamp(milliseconds: 1))
    #expect(cluster.destination.hook(.migrate, shared) == .done)
    #expect(cluster.destination.hook(.prepare, shared) == .done)
    #expect(cluster.modes == ["CW", "CW", "EX", "NL>EX", "PR", "PR"])
  }

  @Test func aDeadDestinationFreesTheSource() {
    let cluster = Cluster()
    #expect(cluster.prepare() == .done)
    cluster.destination.destroy(cluster.copy)
    cluster.source.destroy(cluster.vm)
    cluster.settle()
    #expect(cluster.modes.isEmpty)
    #expect(cluster.source.phase(cluster.vm) == nil)
  }
}
