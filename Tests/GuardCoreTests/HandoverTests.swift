import AgentAPI
import GuardCore
import LockModel
import Testing

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
    let next = cluster.nextSource()
    _ = TestHost.restarted(cluster.source, as: next)
    #expect(next.phase(cluster.vm) == "leaving")
    cluster.hear(Cluster.nodes[1])
    #expect(next.phase(cluster.vm) == nil)
    #expect(next.alarms.isEmpty)
  }

  /// A search among the processes that came before libvirt's word of it says nothing of where it goes.
  @Test func whatIsTakenForAStrayIsNotTakenForOneThatStays() {
    let cluster = Cluster()
    #expect(cluster.prepare() == .done)
    let next = cluster.nextSource()
    cluster.source.sightings = [:]
    _ = TestHost.restarted(cluster.source, as: next)
    next.glimpse(cluster.vm, cluster.vm.resources, isStray: true)
    #expect(next.audits(.stayed).isEmpty)
    next.glimpse(cluster.vm, cluster.vm.resources, departure: Timestamp(milliseconds: 1))
    #expect(next.phase(cluster.vm) == "outgoing")
    cluster.destination.pass(Policy().overlapLimit)
    #expect(cluster.destination.killed.isEmpty)
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
