import AgentAPI
import GuardCore
import LockModel
import Testing

@Suite struct LossTests {
  let host = AdmissionTests.host(Policy(onLockLost: .alarm))
  let vm1 = VM(1, [disk("/one"), disk("/share", .sharedWrite, target: "vdb")])
  let vm2 = VM(2, [disk("/share", .sharedWrite)])
  let one = try! ResourceName("file:/one")
  let share = try! ResourceName("file:/share")

  @Test func aLostLockIsToldOfOnceAndByName() throws {
    host.start(vm1)
    host.start(vm2)
    host.happen(.lost(one, reason: "removed by force"))
    host.happen(.lost(one, reason: "removed by force"))
    let alarm = try #require(host.alarms.first)
    #expect(host.alarms.count == 1)
    for part in [
      "LOCK LOST", "disk vda '/one'", "'vm-1'", "1001", "removed by force", "virsh destroy 'vm-1'",
    ] {
      #expect(alarm.contains(part), "\(part) in: \(alarm)")
    }
    let line = try #require(host.audits(.lost).first)
    #expect(host.audits(.lost).count == 1 && line.domain?.name == "vm-1")
    #expect(
      line.fields.map { "\($0.name)=\($0.value)" } == [
        "count=1", "claims=PW:file:/one", "devices=disk vda", "pid=1001", "reason=removed by force",
      ])
    #expect(host.phase(vm1) == "running", "what is done about it is not decided here")
    #expect(host.hook(.reconnect, vm1) == .done)
    host.destroy(vm1)
    #expect(host.alarms == [])
  }

  @Test func everyOwnerThatClaimsItIsConcerned() {
    host.start(vm1)
    host.start(vm2)
    host.happen(.lost(share, reason: "r"))
    #expect(host.audits(.lost).map { $0.domain?.name } == ["vm-1", "vm-2"])
    host.happen(.lost(try! ResourceName("file:/base"), reason: "r"))
    #expect(host.alarms.count == 2)
  }

  @Test func aLostIdentityIsCalledThat() throws {
    host.start(vm1)
    host.happen(.lost(ResourceName(domain: vm1.uuid), reason: "r"))
    let alarm = try #require(host.alarms.first)
    #expect(alarm.contains("the identity of 'vm-1'") && alarm.contains("started a second time"))
  }

  @Test func allIsLostWithTheLockspace() throws {
    host.start(vm1)
    host.start(vm2)
    host.happen(.lost(one, reason: "r"))
    host.happen(.lostAll(reason: "the lockspace is gone"))
    host.happen(.lostAll(reason: "the lockspace is gone"))
    #expect(
      host.audits(.lost).map { $0.fields.first?.value } == ["1", "2", "2"],
      "each claim is told of once")
    #expect(host.alarms.count == 3 && host.alarms[1].contains("disk vdb '/share' (and 1 more)"))
  }

  @Test func oneOwnersLossIsNotAnothers() throws {
    host.start(vm1)
    host.start(vm2)
    let owner = try #require(host.ledger.keys.first { $0.domain == vm2.uuid })
    host.happen(.lost(share, of: owner, reason: "r"))
    #expect(host.audits(.lost).map { $0.owner } == [owner])
  }

  /// One lock of a request may be granted, and lost, before the others are granted.
  @Test func whatIsLostBeforeAllIsGrantedIsLostThen() {
    host.stopLockspace()
    _ = host.hook(.prepare, vm1)
    host.happen(.lost(one, reason: "r"))
    #expect(host.audits(.lost) == [])
    host.letGo()
    #expect(host.audits(.lost).map { $0.fields.first?.value } == ["1"])
    #expect(host.replies[host.lastID]?.refusal?.code == .lost)
    host.qemus[vm1.uuid] = vm1.process
    #expect(host.hook(.started, vm1)?.refusal?.code == .lost)
  }

  @Test func whatIsRefusedWasNeverHeld() {
    host.elsewhere = [share: nil]
    host.stopLockspace()
    _ = host.hook(.prepare, vm1)
    host.happen(.lostAll(reason: "r"))
    host.letGo()
    #expect(host.audits(.lost) == [] && host.alarms == [] && host.phase(vm1) == nil)
  }

  @Test func aStartWhoseLocksWereLostIsNotLetRun() throws {
    _ = host.hook(.prepare, vm1)
    host.happen(.lost(one, reason: "r"))
    host.qemus[vm1.uuid] = vm1.process
    let refusal = try #require(host.hook(.started, vm1)?.refusal)
    #expect(refusal.code == .lost && refusal.message.contains("1 of its 3 locks"))
  }

  @Test func theNextStepOfAStartLocksAgainWhatWasLost() {
    _ = host.hook(.prepare, vm1)
    host.lose(vm1, [one])
    host.happen(.lost(one, reason: "r"))
    #expect(host.hook(.start, vm1) == .done)
    guard
      case .acquire(_, let claims) = host.effects.last(where: { effect in
        if case .acquire = effect { true } else { false }
      })
    else { return #expect(Bool(false)) }
    #expect(claims.map(\.resource) == [one])
    host.qemus[vm1.uuid] = vm1.process
    #expect(host.hook(.started, vm1) == .done)
  }

  @Test func aSavedGuestIsRestoredOnlyIfItsLocksCanBeHadAgain() throws {
    host.start(vm1)
    host.saveImages.insert(vm1.name)
    host.destroy(vm1)
    host.lose(vm1, [one])
    host.happen(.lost(one, reason: "r"))
    #expect(host.alarms.count == 1 && host.alarms[0].contains("managedsave-remove 'vm-1'"))
    host.elsewhere = [one: ElsewhereTests.holder()]
    #expect(host.start(vm1)?.refusal?.code == .conflict)
    #expect(host.phase(vm1) == "saved")
    host.elsewhere = [:]
    #expect(host.start(vm1) == .done)
    host.happen(.lost(one, reason: "r"))
    #expect(host.audits(.lost).count == 2, "it was held again")
  }
}

@Suite struct ReclaimTests {
  let host = AdmissionTests.host()
  let vm1 = VM(1, [disk("/one")])
  let one = try! ResourceName("file:/one")

  func restarted(outlive: Bool = true, _ prepare: (TestHost) -> Void) -> TestHost {
    let next = TestHost(
      policy: Policy(onLockLost: .alarm), isReady: false, locksOutliveAgent: outlive)
    prepare(next)
    return .restarted(host, as: next)
  }

  @Test func whatARunningGuestDidNotHoldAnyMoreWasLost() {
    host.start(vm1)
    let next = restarted { $0.vanished = [one] }
    #expect(next.isOpen && next.phase(vm1) == "running" && next.holders("/one") == ["vm-1"])
    #expect(next.audits(.lost).map { $0.fields.first?.value } == ["1"])
    #expect(next.alarms.count == 1 && next.alarms[0].contains("disk vda '/one' of 'vm-1'"))
    next.happen(.lost(one, reason: "r"))
    #expect(next.audits(.lost).count == 2, "it was held again")
  }

  @Test func soWasWhatASavedOneDidNot() {
    host.start(vm1)
    host.saveImages.insert(vm1.name)
    host.destroy(vm1)
    let next = restarted { $0.vanished = [one] }
    #expect(next.phase(vm1) == "saved" && next.audits(.lost).count == 1)
  }

  @Test func aStartThatWasBrokenOffMayNeverHaveHeldIt() {
    _ = host.hook(.prepare, vm1)
    let next = restarted { $0.vanished = [one] }
    #expect(next.phase(vm1) == "prepared" && next.audits(.lost) == [] && next.alarms == [])
  }

  /// Somebody else has it by now: nothing was lost, and the start does not go on.
  @Test func aStartThatWasBrokenOffDoesNotLoseWhatAnotherHas() {
    host.holdsBack = { if case .acquired = $0 { true } else { false } }
    _ = host.hook(.prepare, vm1)
    let next = restarted { $0.elsewhere = [one: ElsewhereTests.holder()] }
    #expect(next.phase(vm1) == "prepared" && next.audits(.lost) == [] && next.alarms == [])
    let refusal = next.hook(.start, vm1)?.refusal
    #expect(refusal?.code == .conflict && refusal?.message.contains("on node id 2") == true)
  }

  /// Nor what it was only asking for when its last hook named it.
  @Test func aStartThatWasBrokenOffAtItsEndDoesNotLoseWhatAnotherHas() throws {
    let whole = VM(1, [disk("/one"), disk("/base", .backing)])
    _ = host.hook(.prepare, vm1)
    host.holdsBack = { if case .acquired = $0 { true } else { false } }
    _ = host.hook(.start, whole)
    let base = try ResourceName("file:/base")
    let next = restarted { $0.elsewhere = [base: ElsewhereTests.holder()] }
    #expect(next.phase(vm1) == "prepared" && next.audits(.lost) == [] && next.alarms == [])
    #expect(next.holders("/one") == ["vm-1"])
    #expect(next.hook(.start, whole)?.refusal?.code == .conflict)
  }

  @Test func aStartLosesWhatItWasGrantedAndAnotherHas() {
    _ = host.hook(.prepare, vm1)
    let next = restarted { $0.elsewhere = [one: ElsewhereTests.holder()] }
    #expect(next.phase(vm1) == "prepared" && next.audits(.lost).count == 1)
    #expect(next.alarms.count == 1 && next.alarms[0].contains("LOCK LOST: after a restart"))
  }

  @Test func locksThatDieWithTheirAgentAreNotMissed() {
    host.start(vm1)
    let next = restarted(outlive: false) { $0.vanished = [one] }
    #expect(next.phase(vm1) == "running" && next.audits(.lost) == [] && next.alarms == [])
  }

  @Test func whatIsLostWhileItIsTakenOverIsLostThen() {
    host.start(vm1)
    let next = TestHost.restarted(
      host, as: TestHost(policy: Policy(onLockLost: .alarm), isReady: false)
    ) { if case .reclaimed = $0 { true } else { false } }
    next.happen(.lost(one, reason: "r"))
    #expect(next.audits(.lost) == [])
    next.letGo()
    #expect(next.audits(.lost).count == 1 && next.phase(vm1) == "running")
  }

  @Test func whatAnotherHoldsByNowIsAnAlarmAndTheGuestIsKept() throws {
    host.start(vm1)
    let next = restarted { $0.elsewhere = [one: ElsewhereTests.holder()] }
    #expect(next.isOpen && next.phase(vm1) == "running")
    let alarm = try #require(next.alarms.first)
    #expect(next.alarms.count == 1 && alarm.contains("LOCK LOST: after a restart of the agent"))
    #expect(alarm.contains("'vm-1' (process 1001") || alarm.contains("1001"))
    #expect(alarm.contains("on node id 2 has held it"))
    #expect(next.audits(.lost).count == 1)
    next.happen(.lost(one, reason: "r"))
    #expect(next.audits(.lost).count == 1, "it is known")
  }
}
