import AgentAPI
import GuardCore
import LockModel
import Testing

/// Guests that no hook has told of.
@Suite struct DiscoveryTests {
  let host = AdmissionTests.host()
  let vm1 = VM(1, [disk("/one")])
  let vm2 = VM(2, [disk("/one")])

  @Test func aRunningGuestIsLockedAndTold() throws {
    host.runUnguarded(vm1)
    #expect(host.phase(vm1) == "running" && host.holders("/one") == ["vm-1"])
    #expect(host.audits(.discovered).count == 1)
    #expect(try #require(host.alarms.first).contains("no hook"))
    #expect(host.start(vm2)?.refusal?.code == .conflict)
    #expect(host.start(vm1)?.refusal?.code == .conflict, "its second start")
    host.exit(vm1.process)
    host.pass(Policy().releaseGrace)
    #expect(host.phase(vm1) == nil && host.alarms == [] && host.ledger.isEmpty)
  }

  /// Perhaps the other one is wrong: a person decides.
  @Test func oneThatUsesWhatAnotherHasIsLeftAlone() throws {
    host.start(vm1)
    host.runUnguarded(vm2)
    #expect(host.paused == [] && host.killed == [])
    #expect(host.alarms.contains { $0.contains("'vm-2'") && $0.contains("'vm-1'") })
    #expect(host.hook(.reconnect, vm2) == .done)
    host.destroy(vm1)
    host.pass(Policy().contestInterval)
    #expect(host.holders("/one") == ["vm-2"])
  }

  @Test func itStaysOneThatWasFoundAfterARestart() {
    host.start(vm1)
    host.runUnguarded(vm2)
    let next = TestHost.restarted(host)
    next.pass(Policy().contestInterval)
    #expect(next.paused == [] && next.phase(vm2) == "running")
  }

  @Test func aProcessThatIsGoneIsForgotten() {
    let gone = VM(3, [disk("/two")])
    host.see(gone, gone.resources)
    host.pass(Policy().releaseGrace)
    #expect(host.phase(gone) == nil && host.ledger.isEmpty)
  }

  @Test func aHookThatIsAboutToAdmitItComesFirst() {
    host.qemus[vm1.uuid] = vm1.process
    host.alive.insert(vm1.process)
    host.holdsBack = { if case .surveyed = $0 { true } else { false } }
    _ = host.hook(.reconnect, vm1)
    host.see(vm1, vm1.resources)
    host.letGo()
    #expect(host.phase(vm1) == "running" && host.audits(.discovered).isEmpty)
  }

  @Test func aHookThatComesWhileItIsLockedWaits() {
    host.holdsBack = { if case .acquired = $0 { true } else { false } }
    host.runUnguarded(vm1)
    _ = host.hook(.started, vm1)
    let request = host.lastID
    #expect(host.replies[request] == nil)
    host.letGo()
    #expect(host.replies[request] == .done)
  }

  @Test func aStartedOneThatIsInConflictIsRefused() {
    host.start(vm1)
    host.runUnguarded(vm2)
    #expect(host.hook(.started, vm2)?.refusal?.code == .conflict)
  }

  /// A program that keeps its locks itself, by the socket, and calls its owner as it likes.
  @Test func aProcessThatWasRegisteredIsNoStranger() {
    host.alive.insert(vm1.process)
    let tool = Domain(uuid: VM(9, []).uuid, name: "tool")
    guard case .registered? = host.ask(.register(tool, pid: vm1.process.pid)) else {
      return #expect(Bool(false))
    }
    host.runUnguarded(vm1)
    #expect(host.audits(.discovered).isEmpty && host.phase(vm1) == nil)
  }

  @Test func beforeTheAgentIsReadyNothingIsSeen() {
    let host = TestHost(isReady: false)
    host.image("/one")
    host.runUnguarded(vm1)
    #expect(host.ledger.isEmpty)
    host.happen(.recovered([]))
    #expect(host.phase(vm1) == "running", "asked for when it is ready")
  }
}
