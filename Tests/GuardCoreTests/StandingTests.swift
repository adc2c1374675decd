import AgentAPI
import GuardCore
import LockModel
import Testing

/// What is true of the whole node for a while.
@Suite struct StandingTests {
  let host = ElsewhereTests.host()
  let vm1 = VM(1, [disk("/one")])
  let vm2 = VM(2, [disk("/two")])
  static let reason = "this node has no quorum: see corosync-quorumtool"

  @Test func nothingStartsWhileThereIsAnImpediment() throws {
    host.start(vm1)
    host.happen(.impediment(Self.reason))
    host.happen(.impediment(Self.reason))
    let refusal = try #require(host.start(vm2)?.refusal)
    #expect(refusal.code == .unsafe)
    #expect(refusal.message == "start of 'vm-2' refused: \(Self.reason).")
    #expect(host.alarms == ["no guest can be started: \(Self.reason)"])
    #expect(host.phase(vm2) == nil && host.ledger.count == 1)
    host.happen(.impediment(nil))
    #expect(host.alarms == [])
    #expect(host.start(vm2) == .done)
    #expect(host.audits(.impeded).map { $0.fields.map(\.value) } == [[Self.reason]])
    #expect(host.audits(.unimpeded).count == 1)
  }

  @Test func whatRunsGoesOn() {
    host.start(vm1)
    host.happen(.impediment(Self.reason))
    #expect(host.hook(.started, vm1) == .done)
    #expect(host.hook(.reconnect, vm1) == .done)
    host.stopHooks(vm1)
    #expect(host.phase(vm1) == "running")
    host.destroy(vm1)
    #expect(host.phase(vm1) == nil)
  }

  /// A guest that runs unknown to the agent is claimed all the same, or nobody would.
  @Test func aReconnectAsksForItsLocks() {
    host.qemus[vm1.uuid] = vm1.process
    host.alive.insert(vm1.process)
    host.happen(.impediment(Self.reason))
    #expect(host.hook(.reconnect, vm1) == .done)
    #expect(host.phase(vm1) == "running" && host.holders("/one") == ["vm-1"])
  }

  @Test(arguments: [HookOperation.start, .started])
  func everyStepOfAStartIsRefused(operation: HookOperation) {
    #expect(host.hook(.prepare, vm1) == .done)
    host.qemus[vm1.uuid] = vm1.process
    host.happen(.impediment(Self.reason))
    #expect(host.hook(operation, vm1)?.refusal?.code == .unsafe)
    host.qemus = [:]
    host.stopHooks(vm1)
    #expect(host.phase(vm1) == nil && host.holders("/one") == [])
  }

  var records: Int { host.effects.count { if case .record = $0 { true } else { false } } }

  @Test(arguments: ["survey", "record"])
  func anImpedimentThatComesInTheMiddleOfAStartStopsIt(late: String) {
    host.holdsBack = { event in
      switch event {
      case .surveyed: late == "survey"
      case .recorded: late == "record"
      default: false
      }
    }
    _ = host.hook(.prepare, vm1)
    let request = host.lastID
    host.happen(.impediment(Self.reason))
    host.letGo()
    #expect(host.replies[request]?.refusal?.code == .unsafe)
    #expect(!host.effects.contains { if case .acquire = $0 { true } else { false } })
    #expect(records == (late == "survey" ? 0 : 1), "what is hopeless costs no disk write")
    #expect(host.phase(vm1) == nil && host.ledger.isEmpty)
  }

  @Test func anAcquireOnTheSocketIsRefusedAndMayBeTriedAgain() throws {
    host.alive.insert(vm1.process)
    guard
      case .registered(let owner) = host.ask(
        .register(Domain(uuid: vm1.uuid, name: "tool"), pid: vm1.process.pid))
    else { return #expect(Bool(false)) }
    #expect(host.ask(.add(owner, vm1.resources)) == .done)
    host.happen(.impediment(Self.reason))
    #expect(host.ask(.acquire(owner))?.refusal?.code == .unsafe)
    #expect(records == 0)
    host.happen(.impediment(nil))
    #expect(host.ask(.acquire(owner)) == .done)
    host.happen(.impediment(Self.reason))
    #expect(host.ask(.release(owner)) == .done)
    #expect(host.holders("/one") == [])
  }

  @Test func aTwinIsRefusedForWhatItIsAndItsReleaseCounted() throws {
    host.start(vm1)
    host.happen(.impediment(Self.reason))
    #expect(host.hook(.prepare, vm1)?.refusal?.code == .conflict)
    host.stopHooks(vm1)
    host.exit(vm1.process)
    #expect(host.phase(vm1) == "leaving", "the release was the twin's, so the grace runs")
  }

  @Test func anotherReasonTakesTheFirstOnesPlace() {
    host.happen(.impediment("a"))
    host.happen(.impediment("b"))
    #expect(host.alarms == ["no guest can be started: b"])
    #expect(host.audits(.impeded).count == 2)
  }

  @Test func locksThatCannotBeTrustedAreAnAlarmUntilTheyCan() throws {
    host.start(vm1)
    host.happen(.suspended("the lockspace is stopped for 60 s"))
    host.happen(.suspended("the lockspace is stopped for 60 s"))
    #expect(host.alarms.count == 1 && host.alarms[0].contains("cannot be trusted"))
    #expect(host.phase(vm1) == "running")
    #expect(host.start(vm2)?.refusal?.code == .unsafe)
    host.happen(.resumed)
    host.happen(.resumed)
    #expect(host.alarms == [])
    #expect(host.start(vm2) == .done)
    #expect(host.audits(.suspended).count == 1 && host.audits(.resumed).count == 1)
  }

  @Test func waitingIsNoAlarmAndRefusesNothing() {
    host.happen(.waiting("the lockspace is stopped since 4 s"))
    #expect(host.alarms == [])
    #expect(host.start(vm1) == .done)
  }

  @Test func aWarningIsShoutedAndStaysInStatus() {
    host.happen(.warning("fencing is off"))
    host.happen(.warning("fencing is off"))
    #expect(host.audits(.alarm).map { $0.fields.map(\.value) } == [["fencing is off"]])
    #expect(host.start(vm1) == .done)
    #expect(host.alarms == ["fencing is off"])
    host.happen(.warning(nil))
    #expect(host.alarms == [])
  }
}
