import AgentAPI
import GuardCore
import LockModel
import Testing

/// Disks that come and go while a guest runs.
@Suite struct ChangeTests {
  let host = AdmissionTests.host()
  let one = disk("/one")
  let two = disk("/two", target: "vdb")
  let vm1 = VM(1, [disk("/one")])
  let vm2 = VM(2, [disk("/two")])
  static func name(_ path: String) -> ResourceName { try! ResourceName("file:\(path)") }

  @Test func anAttachedDiskIsLockedAndADetachedOneGivenBack() {
    host.start(vm1)
    host.see(vm1, [one, two])
    #expect(host.engineHolds(vm1)[Self.name("/two")] == .pw)
    #expect(host.start(vm2)?.refusal?.code == .conflict)
    host.see(vm1, [one])
    #expect(host.engineHolds(vm1)[Self.name("/two")] == nil)
    #expect(host.engineHolds(vm1)[Self.name("/one")] == .pw)
    #expect(host.start(vm2) == .done)
    #expect(host.paused == [] && host.killed == [] && host.alarms == [])
  }

  @Test func theRecordHasWhatIsHeld() {
    host.start(vm1)
    host.see(vm1, [one, two])
    let claims = { host.ledger.values.first?.claims.map(\.resource) ?? [] }
    #expect(claims().contains(Self.name("/two")))
    #expect(host.ledger.values.first?.stage == .running)
    host.see(vm1, [one])
    #expect(!claims().contains(Self.name("/two")) && claims().contains(Self.name("/one")))
    host.destroy(vm1)
    #expect(host.ledger.isEmpty)
  }

  /// libvirt puts a snapshot's overlay into its description only once it is the disk's own.
  @Test func whatIsUnusedForAMomentOnlyStaysLocked() {
    host.start(vm1)
    host.see(vm1, [one, two])
    host.glimpse(vm1, [one])
    host.pass(Policy().surplusDelay - 1)
    #expect(host.engineHolds(vm1)[Self.name("/two")] == .pw)
    host.glimpse(vm1, [one, two])
    host.pass(10_000)
    #expect(host.engineHolds(vm1)[Self.name("/two")] == .pw)
    host.glimpse(vm1, [one])
    host.pass(Policy().surplusDelay)
    #expect(host.engineHolds(vm1)[Self.name("/two")] == nil)
  }

  /// The media of a CD: what it was is free, what it is, is not.
  @Test func anotherMediumTakesThePlaceOfTheFormer() {
    host.start(VM(1, [disk("/one", .readOnly)]))
    host.see(vm1, [disk("/share", .readOnly)])
    #expect(host.engineHolds(vm1)[Self.name("/one")] == nil)
    #expect(host.engineHolds(vm1)[Self.name("/share")] == .pr)
  }

  /// An active commit writes the base, and reads it again when it is done.
  @Test func aModeFollowsItsUseUpAndDown() {
    let base = { (access: Access) in
      Resource(kind: .backing, device: "base", source: .file("/base"), access: access)
    }
    host.start(VM(1, [one, base(.backing)]))
    host.see(vm1, [one, base(.backing), disk("/base", .exclusiveWrite, target: "mirror of vda")])
    #expect(host.engineHolds(vm1)[Self.name("/base")] == .pw)
    host.see(vm1, [one, base(.backing)])
    #expect(host.engineHolds(vm1)[Self.name("/base")] == .pr)
    #expect(host.start(VM(2, [disk("/two"), base(.backing)])) == .done)
  }

  @Test func nothingIsWrittenForAGuestThatHasWhatItUses() {
    host.start(vm1)
    host.see(vm1, [one])
    let before = host.effects.count
    host.see(vm1, [one])
    host.see(vm1, [one], isPaused: true)
    #expect(host.effects.count == before)
  }

  @Test(arguments: Policy.Response.allCases)
  func whatSomebodyElseHasIsDealtWithAsTheOperatorDecided(response: Policy.Response) throws {
    let host = AdmissionTests.host(Policy(onHotplugConflict: response))
    host.start(vm1)
    host.start(vm2)
    host.see(vm1, [one, two])
    #expect(host.paused == (response == .pause ? [vm1.process] : []))
    #expect(host.killed == (response == .kill ? [vm1.process] : []))
    let line = try #require(host.audits(.contested).first)
    #expect(line.domain?.name == "vm-1" && line.fields[0].value.contains("'vm-2'"))
    #expect(host.engineHolds(vm1)[Self.name("/two")] == nil)
    #expect(host.phase(vm2) == "running", "who has the lock goes on")
    guard response != .kill else { return }
    let alarm = try #require(host.alarms.first)
    for part in ["'vm-1'", "disk vdb", "'/two'", "'vm-2'", "detach"] {
      #expect(alarm.contains(part), "\(part) in: \(alarm)")
    }
    #expect(alarm.contains("virsh resume") == (response == .pause))
  }

  @Test func whoeverResumesItTooEarlySeesItPausedAgain() {
    host.start(vm1)
    host.start(vm2)
    host.see(vm1, [one, two])
    host.see(vm1, [one, two], isPaused: true)
    #expect(host.paused.count == 1)
    host.see(vm1, [one, two])
    #expect(host.paused.count == 2)
    #expect(host.audits(.contested).count == 1, "told once")
    host.destroy(vm2)
    host.see(vm1, [one, two])
    #expect(host.paused.count == 2 && host.alarms == [])
    #expect(host.audits(.settled).count == 1)
    #expect(host.engineHolds(vm1)[Self.name("/two")] == .pw)
  }

  @Test func whatIsDetachedBeforeItIsRefusedPausesNobody() {
    host.start(vm1)
    host.start(vm2)
    host.stopLockspace()
    host.see(vm1, [one, two])
    host.see(vm1, [one])
    host.letGo()
    host.see(vm1, [one])
    #expect(host.paused == [] && host.alarms == [])
    host.see(vm1, [one, two])
    #expect(host.paused == [vm1.process])
  }

  @Test func whatIsContestedIsAskedForAtOneTimeOnly() {
    host.start(vm1)
    host.start(vm2)
    for isPaused in [false, true, false, true] { host.see(vm1, [one, two], isPaused: isPaused) }
    #expect(host.timers.count { $0.1.reason == .contested } == 1)
    host.pass(Policy().contestInterval)
    host.see(vm1, [one, two], isPaused: true)
    #expect(host.timers.count { $0.1.reason == .contested } == 1)
  }

  @Test func whatIsFreeAgainIsLockedWithoutAnEvent() {
    host.start(vm1)
    host.start(vm2)
    host.see(vm1, [one, two])
    host.see(vm1, [one, two], isPaused: true)
    host.destroy(vm2)
    host.pass(Policy().contestInterval)
    #expect(host.engineHolds(vm1)[Self.name("/two")] == .pw && host.alarms == [])
  }

  /// Everything else of the same change is had.
  @Test func oneConflictLeavesTheRestLocked() {
    host.start(vm1)
    host.start(vm2)
    host.see(vm1, [one, two, disk("/share", target: "vdc")])
    #expect(host.engineHolds(vm1)[Self.name("/share")] == .pw)
    #expect(host.ledger.values.first { $0.name == "vm-1" }?.claims.count == 3)
  }

  @Test func aGuestIsNotPausedForWhatItOwns() {
    host.start(vm1)
    host.see(vm1, [one, disk("/one", .backing, target: "old")])
    host.see(vm1, [disk("/one", .readOnly)])
    #expect(host.paused == [] && host.alarms == [])
    #expect(host.engineHolds(vm1)[Self.name("/one")] == .pr)
  }

  @Test func anObserverOnlyLooksOn() {
    let host = AdmissionTests.host(Policy(mode: .observe))
    host.start(vm1)
    host.start(vm2)
    host.see(vm1, [one, two])
    #expect(host.paused == [] && host.killed == [])
    #expect(host.alarms.count == 1)
  }

  /// What cannot be identified may be what is about to be given back.
  @Test func nothingIsGivenBackInDoubt() throws {
    host.start(vm1)
    host.storage["/dark"] = .failed("its server does not answer")
    host.see(vm1, [disk("/dark")])
    #expect(host.engineHolds(vm1)[Self.name("/one")] == .pw)
    #expect(try #require(host.alarms.first).contains("its server does not answer"))
    #expect(host.paused == [], "doubt is no conflict")
    host.image("/dark")
    host.pass(Policy().contestInterval)
    host.pass(Policy().surplusDelay)
    #expect(host.engineHolds(vm1)[Self.name("/one")] == nil && host.alarms == [])
  }

  @Test func withoutQuorumItWaits() throws {
    let host = ElsewhereTests.host()
    host.start(vm1)
    host.happen(.impediment("no quorum"))
    host.see(vm1, [one, two])
    #expect(host.paused == [] && host.engineHolds(vm1)[Self.name("/two")] == nil)
    #expect(try #require(host.alarms.last).contains("no quorum"))
    host.happen(.impediment(nil))
    #expect(host.engineHolds(vm1)[Self.name("/two")] == .pw && host.alarms == [])
  }

  @Test func aFullDiskIsToldAndTriedAgain() throws {
    host.start(vm1)
    host.ledgerFailure = "no space left on device"
    host.see(vm1, [one, two])
    #expect(try #require(host.alarms.first).contains("no space left on device"))
    #expect(host.engineHolds(vm1)[Self.name("/two")] == nil && host.phase(vm1) == "running")
    host.ledgerFailure = nil
    host.pass(Policy().contestInterval)
    #expect(host.engineHolds(vm1)[Self.name("/two")] == .pw)
    host.ledgerFailure = "no space left on device"
    host.see(vm1, [one])
    #expect(host.engineHolds(vm1)[Self.name("/two")] == .pw, "the record goes first")
    host.ledgerFailure = nil
    host.pass(Policy().contestInterval)
    #expect(host.engineHolds(vm1)[Self.name("/two")] == nil && host.alarms == [])
  }

  @Test func aLockLostWhileTheGuestChangesKillsItToo() {
    host.start(vm1)
    host.holdsBack = { if case .acquired = $0 { true } else { false } }
    host.see(vm1, [one, two])
    host.happen(.lost(Self.name("/one"), reason: "r"))
    #expect(host.killed == [vm1.process])
    host.letGo()
    host.stopHooks(vm1)
    #expect(host.phase(vm1) == nil && host.ledger.isEmpty)
  }

  @Test func aGuestThatEndsInTheMiddleLeavesNothing() {
    host.start(vm1)
    host.holdsBack = { if case .acquired = $0 { true } else { false } }
    host.see(vm1, [one, two])
    host.destroy(vm1)
    host.letGo()
    host.pass(Policy().releaseGrace)
    #expect(host.phase(vm1) == nil && host.ledger.isEmpty)
    #expect(host.start(vm2) == .done)
  }

  /// What changed while the change before was under way.
  @Test func theLastOfSeveralChangesCounts() {
    host.start(vm1)
    host.holdsBack = { if case .acquired = $0 { true } else { false } }
    host.see(vm1, [one, two])
    host.see(vm1, [one, disk("/share", target: "vdc")])
    host.letGo()
    host.pass(Policy().surplusDelay)
    #expect(host.engineHolds(vm1)[Self.name("/two")] == nil)
    #expect(host.engineHolds(vm1)[Self.name("/share")] == .pw)
  }

  @Test func theSightingOfAFormerProcessMeansNothing() {
    host.start(vm1)
    host.happen(
      .sighted(
        Sighting(
          domain: Domain(uuid: vm1.uuid, name: vm1.name),
          process: ProcessRef(pid: 1, startTime: 1), state: Sighting.State(isPaused: false),
          resources: [])))
    #expect(host.engineHolds(vm1)[Self.name("/one")] == .pw)
  }

  /// The record of a change is written before the engine is asked.
  @Test(arguments: [true, false])
  func anAgentThatDiesInTheMiddleOfAChangeTakesNoRefusalForALoss(isFree: Bool) {
    host.start(vm1)
    if !isFree { host.start(vm2) }
    host.holdsBack = { event in
      if case .acquired = event { true } else { false }
    }
    host.see(vm1, [one, two])
    let next = TestHost(isReady: false, lockspace: "ls", locksOutliveAgent: true)
    next.vanished = [Self.name("/two")]
    if !isFree { next.elsewhere = [Self.name("/two"): ElsewhereTests.holder()] }
    host.ledger = host.ledger.filter { $0.value.name == "vm-1" }
    _ = TestHost.restarted(host, as: next)
    #expect(next.killed == [] && next.audits(.lost).isEmpty)
    #expect(next.paused == (isFree ? [] : [vm1.process]), "it is a conflict like any other")
    #expect((next.engineHolds(vm1)[Self.name("/two")] == .pw) == isFree)
    #expect(next.ledger.values.allSatisfy { $0.asked.isEmpty })
  }

  /// Adoption goes by the name of the resource: what one guest had only asked for is the other one's.
  @Test func whatWasOnlyAskedForIsNotTakenFromWhoHasIt() throws {
    host.start(vm2)
    host.start(vm1)
    let record = try #require(host.ledger.values.first { $0.name == "vm-1" })
    let held = try #require(host.ledger.values.first { $0.name == "vm-2" })
    host.ledger[record.owner] = OwnerRecord(
      owner: record.owner, name: record.name, origin: .hook, stage: .running,
      keeper: record.keeper, since: record.since,
      claims: record.claims + held.claims.filter { $0.resource == Self.name("/two") },
      asked: [Self.name("/two")], unguarded: [])
    let next = TestHost.restarted(host)
    let asked = next.effects.compactMap { effect -> [ResourceName]? in
      guard case .recover(let owner, let claims) = effect, owner == record.owner else { return nil }
      return claims.map(\.resource)
    }
    #expect(asked.count == 1 && !asked[0].contains(Self.name("/two")))
    #expect(next.holders("/two") == ["vm-2"] && next.killed == [])
  }

  /// What a start was granted is written down, though nobody waits for it.
  @Test func aStartThatHadItsLocksIsKilledForTheirLoss() {
    #expect(host.hook(.prepare, vm1) == .done)
    #expect(host.ledger.values.map(\.stage) == [.prepared])
    host.qemus[vm1.uuid] = vm1.process
    host.alive.insert(vm1.process)
    let next = TestHost(isReady: false, lockspace: "ls", locksOutliveAgent: true)
    next.elsewhere = [Self.name("/one"): ElsewhereTests.holder()]
    _ = TestHost.restarted(host, as: next)
    #expect(next.killed == [vm1.process])
  }

  /// It was perhaps broken off before the engine was asked, and libvirt's hook not run for what came after.
  @Test func aStartThatRunsByNowIsNotKilledForWhatItNeverHad() throws {
    host.stopLockspace()
    _ = host.hook(.prepare, vm1)
    host.qemus[vm1.uuid] = vm1.process
    host.alive.insert(vm1.process)
    host.glimpse(vm1, [one])
    let next = TestHost(isReady: false, lockspace: "ls", locksOutliveAgent: true)
    next.elsewhere = [Self.name("/one"): ElsewhereTests.holder()]
    _ = TestHost.restarted(host, as: next)
    #expect(next.killed == [] && next.audits(.lost).isEmpty && next.phase(vm1) == "running")
    #expect(next.paused == [vm1.process] && next.audits(.contested).count == 1)
  }

  /// Of two starts that shut each other out one was let go on: that is the one that was granted the disk.
  @Test func whatRunsByNowComesBeforeWhatAskedFirst() {
    let first = AdmissionTests.host()
    let rival = VM(3, [disk("/one")])
    first.stopLockspace()
    _ = first.hook(.prepare, rival)
    host.stopLockspace()
    _ = host.hook(.start, VM(9, [disk("/two")]))
    _ = host.hook(.prepare, vm1)
    let second = host.ledger.filter { $0.value.name == vm1.name }
    host.ledger = second.merging(first.ledger) { first, _ in first }
    #expect(host.ledger.values.map(\.stage) == [.starting, .starting])
    host.qemus[vm1.uuid] = vm1.process
    host.alive.insert(vm1.process)
    host.glimpse(vm1, [one])
    let next = TestHost.restarted(host)
    #expect(next.engineHolds(vm1)[Self.name("/one")] == .pw && next.phase(vm1) == "running")
    #expect(next.engineHolds(rival)[Self.name("/one")] == nil && next.paused == [])
  }

  /// Before the first look after a restart the engine may hold more than the record says.
  @Test func aRestartedAgentGivesBackWhatTheRecordDoesNotName() {
    host.start(vm1)
    host.see(vm1, [one])
    let next = TestHost.restarted(host)
    let reductions = next.effects.count { if case .reduce = $0 { true } else { false } }
    #expect(reductions == 1)
    #expect(next.phase(vm1) == "running")
  }
}
