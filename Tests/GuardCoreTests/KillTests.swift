import AgentAPI
import GuardCore
import LockModel
import Testing

/// `on_lock_lost = "kill"`: who relies on a lock that is gone does not go on.
@Suite struct KillTests {
  let host = AdmissionTests.host()
  let vm1 = VM(1, [disk("/one")])
  let vm2 = VM(2, [disk("/two")])
  let one = try! ResourceName("file:/one")

  @Test func theProcessThatReliedOnItIsKilledAndNoOther() throws {
    host.start(vm1)
    host.start(vm2)
    host.happen(.lost(one, reason: "removed by force"))
    #expect(host.killed == [vm1.process])
    let line = try #require(host.audits(.killed).first)
    #expect(host.audits(.killed).count == 1 && line.domain?.name == "vm-1")
    #expect(
      line.fields.map { "\($0.name)=\($0.value)" } == ["pid=1001", "reason=removed by force"])
    host.stopHooks(vm1)
    #expect(host.phase(vm1) == nil && host.phase(vm2) == "running")
    #expect(host.holders("/one") == [] && host.ledger.count == 1)
  }

  @Test func theAlarmSaysSo() throws {
    host.holdsBack = { if case .exited = $0 { true } else { false } }
    host.start(vm1)
    host.happen(.lost(one, reason: "r"))
    let alarm = try #require(host.alarms.first)
    #expect(alarm.contains("LOCK LOST") && alarm.contains("is being killed"))
    #expect(host.phase(vm1) == "running", "until it is gone")
    host.happen(.lost(one, reason: "r"))
    #expect(host.killed == [vm1.process], "once")
  }

  @Test func everybodyIsWithTheLockspace() {
    host.start(vm1)
    host.start(vm2)
    host.happen(.lostAll(reason: "the lockspace is gone"))
    #expect(Set(host.killed) == [vm1.process, vm2.process])
  }

  /// Until QEMU is known, an owner's keeper is libvirt's daemon.
  @Test func aStartIsRefusedAndNobodyIsKilled() {
    #expect(host.hook(.prepare, vm1) == .done)
    host.happen(.lost(one, reason: "r"))
    #expect(host.killed == [])
    host.qemus[vm1.uuid] = vm1.process
    host.alive.insert(vm1.process)
    #expect(host.hook(.started, vm1)?.refusal?.code == .lost)
    #expect(host.killed == [])
  }

  /// libvirt has not run its `started` hook, or has not come to it.
  @Test func aProcessThatRunsUnknownIsLookedForAndKilled() {
    #expect(host.hook(.prepare, vm1) == .done)
    host.qemus[vm1.uuid] = vm1.process
    host.alive.insert(vm1.process)
    host.happen(.lost(one, reason: "r"))
    #expect(host.killed == [vm1.process])
  }

  @Test func soIsOneThatComesAfterTheLoss() {
    #expect(host.hook(.prepare, vm1) == .done)
    host.happen(.lost(one, reason: "r"))
    host.qemus[vm1.uuid] = vm1.process
    host.alive.insert(vm1.process)
    host.pass(19_999)
    #expect(host.killed == [])
    host.pass(1)
    #expect(host.killed == [vm1.process])
  }

  @Test func whatIsLostWhileTheProcessIsLookedForRefusesTheStart() {
    #expect(host.hook(.prepare, vm1) == .done)
    host.qemus[vm1.uuid] = vm1.process
    host.alive.insert(vm1.process)
    host.holdsBack = { if case .found = $0 { true } else { false } }
    #expect(host.hook(.started, vm1) == nil)
    let started = host.lastID
    host.happen(.lost(one, reason: "r"))
    host.letGo()
    #expect(host.replies[started]?.refusal?.code == .lost)
    #expect(host.killed == [vm1.process], "the second look is for the loss")
  }

  @Test func trustThatIsOnlySuspendedKillsNobody() {
    host.start(vm1)
    host.happen(.suspended("the lockspace is stopped"))
    host.happen(.resumed)
    #expect(host.killed == [])
  }

  @Test func aClientAnObserverAndWhoeverIsToldToAlarmAreLeftAlone() throws {
    host.alive.insert(ProcessRef(pid: 42, startTime: 9))
    let tool = Domain(uuid: VM(9, []).uuid, name: "tool")
    guard case .registered(let owner)? = host.ask(.register(tool, pid: 42)) else {
      return #expect(Bool(false))
    }
    _ = host.ask(.add(owner, [disk("/one")]))
    #expect(host.ask(.acquire(owner)) == .done)
    host.happen(.lost(one, reason: "r"))
    #expect(host.killed == [])
    for policy in [Policy(mode: .observe), Policy(onLockLost: .alarm)] {
      let host = AdmissionTests.host(policy)
      host.start(vm1)
      host.happen(.lost(one, reason: "r"))
      #expect(host.killed == [] && host.phase(vm1) == "running")
    }
  }

  @Test func whatAnotherHasLockedWhileThereWasNoAgentKillsToo() {
    host.start(vm1)
    let next = TestHost(isReady: false, lockspace: "ls", locksOutliveAgent: true)
    next.elsewhere = [one: ElsewhereTests.holder()]
    _ = TestHost.restarted(host, as: next)
    #expect(next.killed == [vm1.process])
  }
}
