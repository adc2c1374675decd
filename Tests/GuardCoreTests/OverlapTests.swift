import AgentAPI
import GuardCore
import LockModel
import Testing

/// A guest that is here and whose locks are still where it comes from: which of the two goes on?
@Suite struct OverlapTests {
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

  /// The migration was called off while there was no agent here.
  @Test func aRestartedSourceAsksWhatIsLeftOver() {
    let cluster = Cluster()
    #expect(cluster.prepare() == .done)
    let next = cluster.nextSource()
    // Nor has this one seen the job.
    cluster.source.sightings = [:]
    _ = TestHost.restarted(cluster.source, as: next)
    next.glimpse(cluster.vm, cluster.vm.resources)
    cluster.destination.pass(Policy().overlapLimit)
    #expect(cluster.destination.killed == [cluster.copy.process])
    #expect(next.killed.isEmpty && next.phase(cluster.vm) == "running")
  }
}
