import AgentAPI
import GuardCore
import LockModel
import Testing

@Suite struct RecoveryTests {
  let host = AdmissionTests.host()
  let vm1 = VM(1, [disk("/one")])
  let vm2 = VM(2, [disk("/one")])

  @Test func aRunningGuestsClaimsAreHeldBeforeAnybodyMayAsk() throws {
    host.start(vm1)
    let next = TestHost.restarted(host)
    #expect(next.isOpen)
    let open = try #require(next.effects.firstIndex(of: .open))
    let acquire = try #require(
      next.effects.firstIndex { if case .recover = $0 { true } else { false } })
    #expect(acquire < open)
    #expect(next.phase(vm1) == "running" && next.modes(vm1) == host.modes(vm1))
    #expect(next.start(vm2) != .done)
    next.destroy(vm1)
    #expect(next.start(vm2) == .done)
  }

  @Test func nobodyIsLetInBeforeTheLastClaimIsHeld() {
    host.start(vm1)
    host.start(VM(3, [disk("/two")]))
    let next = TestHost.restarted(host) { if case .reclaimed = $0 { true } else { false } }
    #expect(!next.isOpen)
    let last = next.held.last!
    next.happen(next.held[0])
    #expect(!next.isOpen)
    next.happen(last)
    #expect(next.isOpen)
  }

  @Test func aGuestThatDiedMeanwhileIsForgotten() {
    host.start(vm1)
    host.alive = [TestHost.driver]
    host.qemus = [:]
    let next = TestHost.restarted(host)
    #expect(next.isOpen && next.ledger.isEmpty)
    #expect(next.start(vm2) == .done)
  }

  @Test func aStartUnderWayIsGoneOnWith() {
    _ = host.hook(.prepare, vm1)
    let next = TestHost.restarted(host)
    #expect(next.phase(vm1) == "prepared")
    next.qemus[vm1.uuid] = vm1.process
    next.alive.insert(vm1.process)
    #expect(next.hook(.started, vm1) == .done)
    #expect(next.phase(vm1) == "running")
  }

  @Test func aStartOfWhichNothingMoreIsHeardIsGivenBack() {
    _ = host.hook(.prepare, vm1)
    let next = TestHost.restarted(host)
    next.pass(20_000)
    #expect(next.start(vm2) == .done)
  }

  @Test func aStartWhoseQEMURunsByNowIsBoundToIt() {
    _ = host.hook(.prepare, vm1)
    host.qemus[vm1.uuid] = vm1.process
    host.alive.insert(vm1.process)
    let next = TestHost.restarted(host)
    #expect(next.phase(vm1) == "running")
    #expect(next.watched == [vm1.process])
  }

  @Test func instancesAreNotUsedTwice() throws {
    host.start(vm1)
    let next = TestHost.restarted(host)
    next.start(VM(3, [disk("/two")]))
    let instances = next.ledger.keys.map(\.instance)
    #expect(Set(instances).count == 2)
  }

  @Test func ofTwoRecordsOfADomainTheDeadOneGoes() {
    host.start(vm1)
    let live = host.ledger.values.first!
    let dead = OwnerRecord(
      owner: OwnerID(domain: vm1.uuid, instance: 0), name: live.name, origin: .hook,
      stage: .running, keeper: ProcessRef(pid: 5, startTime: 5), since: live.since,
      claims: live.claims, unguarded: [])
    let next = TestHost(isReady: false)
    next.alive = host.alive
    next.ledger = [dead.owner: dead, live.owner: live]
    next.happen(
      .recovered(
        [
          Recovered(record: dead, keeperAlive: false, qemu: nil, saveImage: false),
          Recovered(record: live, keeperAlive: true, qemu: vm1.process, saveImage: false),
        ].reversed()))
    #expect(next.effects.contains(.erase(dead.owner)))
    #expect(next.phase(vm1) == "running")
  }

  /// A record comes before the engine's answer: what it names may be another one's by right.
  /// libvirt let it start although there was no agent to ask.
  @Test func whatRunsWithoutAnyOfItsLocksIsNotSaidToBeWell() throws {
    host.holdsBack = { if case .acquired = $0 { true } else { false } }
    _ = host.hook(.prepare, vm1)
    host.qemus[vm1.uuid] = vm1.process
    host.alive.insert(vm1.process)
    let next = TestHost(isReady: false)
    for claim in host.ledger.values.flatMap(\.claims) {
      next.elsewhere[claim.resource] = ElsewhereTests.holder()
    }
    _ = TestHost.restarted(host, as: next)
    #expect(next.phase(vm1) == "running" && next.engineHolds(vm1).isEmpty)
    let refusal = try #require(next.hook(.started, vm1)?.refusal)
    #expect(refusal.code == .conflict && refusal.message.contains("somebody else has what it uses"))
  }

  @Test func aStartThatWasNeverGrantedTakesNothingOver() throws {
    host.start(vm1)
    let live = try #require(host.ledger.values.first)
    let rival = OwnerRecord(
      owner: OwnerID(domain: vm2.uuid, instance: live.owner.instance + 1), name: vm2.name,
      origin: .hook, stage: .starting, keeper: TestHost.driver, since: live.since,
      claims: live.claims.filter { $0.device != "domain" }, unguarded: [])
    host.ledger[rival.owner] = rival
    let next = TestHost.restarted(host)
    #expect(next.phase(vm1) == "running" && next.phase(vm2) == "prepared")
    #expect(next.audits(.lost) == [] && next.killed == [])
    #expect(next.hook(.start, vm2)?.refusal?.code == .conflict)
    next.qemus[vm2.uuid] = vm2.process
    next.alive.insert(vm2.process)
    #expect(next.hook(.started, vm2)?.refusal?.code == .lost)
    next.exit(vm2.process)
    next.stopHooks(vm2)
    #expect(next.holders("/one") == ["vm-1"])
  }

  /// Neither record says what was granted: that of the saved guest could not be replaced while it ran.
  @Test func aSavedGuestKeepsItsLocksBesideAnEarlierStartThatNeverHadThem() throws {
    host.start(vm1)
    let live = try #require(host.ledger.values.first)
    host.ledger[live.owner] = OwnerRecord(
      owner: live.owner, name: live.name, origin: .hook, stage: .starting,
      keeper: TestHost.driver, since: live.since, claims: live.claims, unguarded: [])
    let rival = OwnerRecord(
      owner: OwnerID(domain: vm2.uuid, instance: live.owner.instance - 1), name: vm2.name,
      origin: .hook, stage: .starting, keeper: TestHost.driver, since: live.since,
      claims: live.claims.filter { $0.device != "domain" }, unguarded: [])
    host.ledger[rival.owner] = rival
    host.qemus = [:]
    host.saveImages.insert(vm1.name)
    let next = TestHost.restarted(host)
    #expect(next.phase(vm1) == "saved" && next.engineHolds(vm1).count == live.claims.count)
  }

  /// The time to look for its QEMU came while the engine was asked.
  @Test func aDaemonThatDiesInTheMiddleOfAStartLeavesNothingHoweverLongThatTakes() {
    #expect(host.hook(.prepare, vm1) == .done)
    host.stopLockspace()
    _ = host.hook(.start, vm1, resources: vm1.resources + [disk("/base", .backing, target: "b")])
    host.exit(TestHost.driver)
    host.pass(Policy().driverGrace)
    host.letGo()
    host.pass(Policy().driverGrace)
    #expect(host.phase(vm1) == nil && host.ledger.isEmpty)
  }

  /// It was libvirt's `release` that came while the engine was asked, and the daemon's end.
  @Test func aStartedHookThatFindsNoProcessLeavesNothingOfADeadDaemon() {
    host.stopLockspace()
    _ = host.hook(.started, vm1)
    host.exit(TestHost.driver)
    host.letGo()
    host.pass(Policy().driverGrace)
    #expect(host.phase(vm1) == nil && host.ledger.isEmpty)
  }

  /// The second `prepare` was lost.
  @Test func aStartThatGoesOnUnderAnotherDaemonOutlivesTheFirst() {
    let second = ProcessRef(pid: 200, startTime: 2)
    #expect(host.hook(.prepare, vm1) == .done)
    host.exit(TestHost.driver)
    host.drivers[200] = second
    host.alive.insert(second)
    #expect(host.hook(.start, vm1, caller: 200) == .done)
    host.pass(60_000)
    #expect(host.phase(vm1) == "prepared" && host.holders("/one") == ["vm-1"])
    host.exit(second)
    host.pass(Policy().driverGrace)
    #expect(host.phase(vm1) == nil)
  }
}
