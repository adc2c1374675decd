import AgentAPI
import GuardCore
import LockModel
import Testing

@Suite struct LifeTests {
  let host = AdmissionTests.host()
  let vm1 = VM(1, [disk("/one")])
  let vm2 = VM(2, [disk("/one")])

  @Test func claimsLiveAsLongAsQEMU() {
    host.start(vm1)
    #expect(host.phase(vm1) == "running")
    #expect(host.watched == [vm1.process])
    host.stopHooks(vm1)
    #expect(host.holders("/one") == ["vm-1"], "a hook proves nothing while QEMU lives")
    host.exit(vm1.process)
    #expect(host.holders("/one") == [])
    #expect(host.ledger.isEmpty && host.watched.isEmpty)
  }

  @Test func withoutAReleaseTheyGoAfterAGrace() {
    host.start(vm1)
    host.exit(vm1.process)
    host.pass(4_999)
    #expect(host.start(vm2) != .done)
    host.pass(1)
    #expect(host.start(vm2) == .done)
  }

  @Test func aReleaseAfterTheExitEndsTheGrace() {
    host.start(vm1)
    host.destroy(vm1)
    #expect(host.start(vm2) == .done)
    host.pass(10_000)
    #expect(host.phase(vm2) == "running", "the old timer means nothing")
  }

  @Test func aRestartWithinTheGraceIsNotRefused() {
    host.start(vm1)
    host.exit(vm1.process)
    #expect(host.start(vm1) == .done)
    host.pass(10_000)
    #expect(host.phase(vm1) == "running")
  }

  @Test func oneUUIDRunsOnce() throws {
    host.start(vm1)
    let refusal = try #require(host.hook(.prepare, vm1)?.refusal)
    #expect(refusal.code == .conflict && refusal.message.contains("already running"))
    host.stopHooks(vm1)
    #expect(host.holders("/one") == ["vm-1"])
    host.destroy(vm1)
    #expect(host.holders("/one") == [])
  }

  @Test func theReleaseOfARefusedTwinFreesNothingOfAStartUnderWay() {
    #expect(host.hook(.prepare, vm1) == .done)
    #expect(host.hook(.prepare, vm1) != .done)
    host.stopHooks(vm1)
    #expect(host.holders("/one") == ["vm-1"])
    host.stopHooks(vm1)
    #expect(host.holders("/one") == [])
  }

  /// A second daemon begins in the instant in which the first one's guest has ended.
  @Test func theReleaseOfTheFormerRunFreesNothingOfTheNextOne() {
    host.start(vm1)
    host.exit(vm1.process)
    #expect(host.hook(.prepare, vm1) == .done)
    host.stopHooks(vm1)
    #expect(host.holders("/one") == ["vm-1"])
    host.stopHooks(vm1)
    #expect(host.holders("/one") == [], "the next one is the new run's own")
  }

  @Test func aTwinThatIsHopelessAnywayFreesNothingEither() {
    host.holdsBack = { if case .surveyed = $0 { true } else { false } }
    host.storage["/hung"] = .failed("hung")
    _ = host.hook(.prepare, vm1)
    _ = host.hook(.prepare, vm1, resources: [disk("/one"), disk("/hung")])
    host.letGo()
    host.stopHooks(vm1)
    #expect(host.holders("/one") == ["vm-1"])
  }

  @Test func aReleaseWithoutXMLGoesByTheName() {
    host.start(vm1)
    host.exit(vm1.process)
    let call = HookCall(operation: .release, name: vm1.name, uuid: nil, caller: 100)
    #expect(host.ask(.hook(call)) == .done)
    #expect(host.holders("/one") == [])
  }

  @Test func aQEMUThatCannotBeFoundIsNotLetRun() throws {
    _ = host.hook(.prepare, vm1)
    let refusal = try #require(host.hook(.started, vm1)?.refusal)
    #expect(refusal.code == .unsafe)
    host.stopHooks(vm1)
    #expect(host.holders("/one") == [])
  }

  @Test func aQEMUThatOutlivesAFailedStartKeepsItsClaims() {
    _ = host.hook(.prepare, vm1)
    host.qemus[vm1.uuid] = vm1.process
    host.alive.insert(vm1.process)
    host.stopHooks(vm1)
    #expect(host.phase(vm1) == "running")
    host.exit(vm1.process)
    host.pass(5_000)
    #expect(host.holders("/one") == [])
  }

  @Test func aDriverThatDiesBeforeQEMURunsLeavesNothing() {
    _ = host.hook(.prepare, vm1)
    host.exit(TestHost.driver)
    #expect(host.phase(vm1) == "prepared")
    host.pass(2_000)
    #expect(host.phase(vm1) == nil)
    #expect(host.holders("/one") == [])
  }

  @Test func aDriverThatDiesWhileTheEngineIsAskedLeavesNothing() {
    host.holdsBack = { if case .acquired = $0 { true } else { false } }
    _ = host.hook(.prepare, vm1)
    host.exit(TestHost.driver)
    host.letGo()
    host.pass(2_000)
    #expect(host.holders("/one") == [])
  }

  @Test func aDriverThatDiesWhileMoreIsAskedForInVainLeavesNothing() throws {
    host.image("/base")
    _ = host.hook(.prepare, vm1)
    host.elsewhere = [try ResourceName("file:/base"): nil]
    host.holdsBack = { if case .acquired = $0 { true } else { false } }
    _ = host.hook(.start, vm1, resources: vm1.resources + [disk("/base", .backing)])
    host.exit(TestHost.driver)
    host.letGo()
    #expect(host.phase(vm1) == "prepared")
    host.pass(2_000)
    #expect(host.phase(vm1) == nil && host.ledger.isEmpty)
  }

  @Test func aDriverThatDiesAfterQEMURunsLeavesItsClaims() {
    _ = host.hook(.prepare, vm1)
    host.qemus[vm1.uuid] = vm1.process
    host.alive.insert(vm1.process)
    host.exit(TestHost.driver)
    host.pass(2_000)
    #expect(host.phase(vm1) == "running")
    #expect(host.watched == [vm1.process])
  }

  @Test func theNextDriverNeedNotWaitForTheDeadOnesStart() {
    _ = host.hook(.prepare, vm1)
    host.exit(TestHost.driver)
    let next = ProcessRef(pid: 200, startTime: 5)
    host.drivers[200] = next
    host.alive.insert(next)
    #expect(host.hook(.prepare, vm1, caller: 200) == .done)
    host.pass(20_000)
    #expect(host.phase(vm1) == "prepared")
  }

  @Test func aDriverThatIsNotKnownIsNotWaitedForForEver() {
    _ = host.hook(.prepare, vm1, caller: 555)
    host.pass(19_999)
    #expect(host.phase(vm1) == "prepared")
    host.pass(1)
    #expect(host.phase(vm1) == nil)
  }

  /// libvirt has called a start off while its locks were asked for, and begins anew, without a `prepare`.
  @Test func aStartThatGoesOnIsNotEndedByAnEarlierSearch() {
    _ = host.hook(.prepare, vm1)
    host.holdsBack = { if case .acquired = $0 { true } else { false } }
    _ = host.hook(.start, vm1, resources: vm1.resources + [disk("/two", .backing)])
    host.happen(.clientGone(host.lastID))
    host.letGo { if case .found = $0 { true } else { false } }
    #expect(host.hook(.start, vm1) == .done)
    host.letGo()
    #expect(host.phase(vm1) == "prepared")
    host.pass(Policy().startLimit)
    #expect(host.phase(vm1) == nil, "it is looked for again")
  }

  /// libvirt starts the guest before it calls the hook, whose message may be lost.
  @Test func aGuestThatIsSeenIsBoundThoughStartedNeverComes() {
    _ = host.hook(.prepare, vm1)
    _ = host.hook(.start, vm1)
    host.qemus[vm1.uuid] = vm1.process
    host.alive.insert(vm1.process)
    host.glimpse(vm1, vm1.resources)
    host.pass(Policy().startLimit - 1)
    #expect(host.phase(vm1) == "prepared", "the hook may still come")
    host.pass(1)
    #expect(host.phase(vm1) == "running")
    #expect(host.hook(.started, vm1) == .done)
    host.exit(vm1.process)
    host.pass(Policy().releaseGrace)
    #expect(host.phase(vm1) == nil && host.ledger.isEmpty)
  }

  @Test func aGuestThatRanBeforeTheGuardIsClaimedAtReconnect() {
    host.qemus[vm1.uuid] = vm1.process
    host.alive.insert(vm1.process)
    #expect(host.hook(.reconnect, vm1) == .done)
    #expect(host.phase(vm1) == "running")
  }

  @Test func aReconnectIsNeverRefusedForAConflict() {
    host.start(vm1)
    #expect(host.hook(.reconnect, vm2) == .done)
    #expect(host.holders("/one") == ["vm-1"])
    guard case .status(let status) = host.ask(.status) else { return #expect(Bool(false)) }
    #expect(status.alarms.contains { $0.contains("vm-2") && $0.contains("UNGUARDED") })
  }
}

@Suite struct SavedTests {
  let host = AdmissionTests.host()
  let vm1 = VM(1, [disk("/one")])
  let vm2 = VM(2, [disk("/one")])

  func save() {
    host.start(vm1)
    host.saveImages.insert(vm1.name)
    host.destroy(vm1)
  }

  @Test func aSavedGuestKeepsItsClaims() throws {
    save()
    #expect(host.phase(vm1) == "saved")
    let refusal = try #require(host.start(vm2)?.refusal)
    #expect(refusal.message.contains("managedsave-remove 'vm-1'"))
  }

  @Test func itIsNotRestoredWithWhatIsLostMeanwhile() throws {
    save()
    host.qemus = [:]
    host.holdsBack = { if case .recorded = $0 { true } else { false } }
    _ = host.hook(.prepare, vm1)
    let request = host.lastID
    host.happen(.lost(try ResourceName("file:/one"), reason: "it was removed"))
    host.letGo()
    #expect(host.replies[request]?.refusal?.code == .lost)
  }

  @Test func itsRestoreTakesThemOver() {
    save()
    #expect(host.hook(.restore, vm1) == .done)
    #expect(host.start(vm1) == .done)
    host.saveImages = []
    host.happen(.saveImageRemoved(name: vm1.name))
    #expect(host.phase(vm1) == "running")
    host.destroy(vm1)
    #expect(host.start(vm2) == .done)
  }

  @Test func aFailedRestoreLeavesItSaved() {
    save()
    #expect(host.hook(.prepare, vm1) == .done)
    host.stopHooks(vm1)
    #expect(host.phase(vm1) == "saved")
    #expect(host.start(vm2) != .done)
    #expect(TestHost.restarted(host).phase(vm1) == "saved")
  }

  @Test func theTimerOfAFormerRestoreMeansNothing() {
    save()
    #expect(host.hook(.prepare, vm1, caller: 555) == .done)
    host.pass(10_000)
    host.stopHooks(vm1)
    #expect(host.phase(vm1) == "saved")
    host.pass(5_000)
    #expect(host.hook(.prepare, vm1, caller: 555) == .done)
    host.pass(5_000)
    #expect(host.phase(vm1) == "prepared")
    host.pass(15_000)
    #expect(host.phase(vm1) == "saved")
  }

  @Test func removingTheImageFreesThem() {
    save()
    host.saveImages = []
    host.happen(.saveImageRemoved(name: "vm-11"))
    #expect(host.phase(vm1) == "saved")
    host.happen(.saveImageRemoved(name: vm1.name))
    #expect(host.start(vm2) == .done)
  }

  @Test func anAdministratorMayReleaseThem() {
    save()
    guard case .owners(let owners) = host.ask(.inquire(.name(vm1.name))) else { return }
    #expect(host.ask(.release(owners[0].owner)) == .done)
    #expect(host.start(vm2) == .done)
  }
}
