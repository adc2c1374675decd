import AgentAPI
import GuardCore
import LockModel
import Testing

/// An engine, a disk or a storage that does not answer while a hook waits.
@Suite struct DeadlineTests {
  let host = AdmissionTests.host(Policy(answerLimit: 9_000))
  let vm1 = VM(1, [disk("/one")])
  let vm2 = VM(2, [disk("/one")])

  @Test func aStoppedLockspaceRefusesInTimeAndSaysWhy() throws {
    host.stopLockspace()
    host.happen(.waiting("the lockspace is stopped since 4 s: dlm_controld waits for fencing of b"))
    #expect(host.hook(.prepare, vm1) == nil)
    let request = host.lastID
    host.pass(8_999)
    #expect(host.replies[request] == nil)
    host.pass(1)
    let refusal = try #require(host.replies[request]?.refusal)
    #expect(refusal.code == .unsafe)
    #expect(
      refusal.message.hasPrefix(
        "start of 'vm-1' refused: the lockspace is stopped since 4 s: dlm_controld waits for fencing "
          + "of b. Nothing is wrong with the guest"))
    host.stopHooks(vm1)
    host.letGo()
    #expect(host.phase(vm1) == nil && host.ledger.isEmpty && host.holders("/one") == [])
    #expect(host.start(vm2) == .done)
  }

  @Test func withoutAReasonTheTimeIsNamed() throws {
    for (late, what) in [("grant", "granted"), ("record", "record"), ("survey", "storage")] {
      let host = AdmissionTests.host(Policy(answerLimit: 9_000))
      host.holdsBack = { event in
        switch event {
        case .surveyed: late == "survey"
        case .recorded: late == "record"
        case .acquired: late == "grant"
        default: false
        }
      }
      _ = host.hook(.prepare, vm1)
      let request = host.lastID
      host.pass(9_000)
      let message = try #require(host.replies[request]?.refusal?.message)
      #expect(message.contains("within 9000 ms") && message.contains(what), "\(message)")
      host.letGo()
      #expect(host.phase(vm1) == nil && host.ledger.isEmpty && host.holders("/one") == [])
      #expect(host.start(vm1) == .done)
    }
  }

  @Test func whatWasAnsweredIsNotLate() {
    #expect(host.start(vm1) == .done)
    host.pass(9_000)
    #expect(host.phase(vm1) == "running")
    let unlimited = AdmissionTests.host()
    unlimited.stopLockspace()
    _ = unlimited.hook(.prepare, vm1)
    #expect(unlimited.limits.isEmpty)
  }

  @Test func anotherTryMeanwhileIsToldWhatItWaitsFor() throws {
    host.stopLockspace()
    _ = host.hook(.prepare, vm1)
    host.pass(9_000)
    host.stopHooks(vm1)
    let refusal = try #require(host.hook(.prepare, vm1)?.refusal)
    #expect(refusal.code == .unsafe && refusal.message.contains("an earlier start"))
    host.stopHooks(vm1)
    host.letGo()
    #expect(host.start(vm1) == .done)
    host.destroy(vm1)
    #expect(host.phase(vm1) == nil, "no release is taken for another's")
  }

  /// `start` of a domain that is prepared: libvirt's `release` comes before the late answer.
  @Test(arguments: [true, false]) func aLateChainLeavesNothing(isGranted: Bool) {
    #expect(host.hook(.prepare, vm1) == .done)
    host.holdsBack = { if case .acquired = $0 { true } else { false } }
    if !isGranted { host.elsewhere = [try! ResourceName("file:/base"): nil] }
    _ = host.hook(.start, vm1, resources: [disk("/one"), disk("/base", .backing)])
    let request = host.lastID
    host.pass(9_000)
    #expect(host.replies[request]?.refusal?.code == .unsafe)
    host.stopHooks(vm1)
    #expect(host.phase(vm1) == "acquiring")
    host.letGo()
    #expect(host.phase(vm1) == nil && host.holders("/base") == [] && host.ledger.isEmpty)
  }

  @Test func aLateRestoreLeavesTheGuestSaved() {
    host.start(vm1)
    host.saveImages.insert(vm1.name)
    host.destroy(vm1)
    host.holdsBack = { if case .acquired = $0 { true } else { false } }
    _ = host.hook(.prepare, vm1, resources: [disk("/one"), disk("/two", target: "vdb")])
    host.pass(9_000)
    host.stopHooks(vm1)
    host.letGo()
    #expect(host.phase(vm1) == "saved")
    #expect(host.start(vm1) == .done)
  }

  @Test func aGuestThatRunsGetsItsLocksHoweverLate() {
    host.qemus[vm1.uuid] = vm1.process
    host.alive.insert(vm1.process)
    host.stopLockspace()
    #expect(host.hook(.reconnect, vm1) == nil)
    let request = host.lastID
    host.pass(9_000)
    #expect(host.replies[request] == .done)
    host.letGo()
    #expect(host.holders("/one") == ["vm-1"])
    host.pass(20_000)
    #expect(host.phase(vm1) == "running")
  }

  @Test func soDoesOneWhoseHookHasGone() {
    host.qemus[vm1.uuid] = vm1.process
    host.alive.insert(vm1.process)
    host.stopLockspace()
    _ = host.hook(.reconnect, vm1)
    host.happen(.clientGone(host.lastID))
    host.letGo()
    host.pass(20_000)
    #expect(host.phase(vm1) == "running" && host.holders("/one") == ["vm-1"])
  }

  @Test func aReleaseIsNotKeptWaiting() {
    host.start(vm1)
    host.exit(vm1.process)
    host.stopLockspace()
    _ = host.hook(.stopped, vm1)
    #expect(host.hook(.release, vm1) == nil)
    let request = host.lastID
    host.pass(9_000)
    #expect(host.replies[request] == .done)
    #expect(host.holders("/one") == ["vm-1"], "the engine has not let go yet")
    host.letGo()
    #expect(host.holders("/one") == [])
  }

  @Test func aStartThatWaitsForItsFormerRunIsRefusedInTime() throws {
    host.start(vm1)
    host.exit(vm1.process)
    host.stopLockspace()
    _ = host.hook(.release, vm1)
    #expect(host.hook(.prepare, vm1) == nil)
    let request = host.lastID
    host.pass(9_000)
    #expect(try #require(host.replies[request]?.refusal).message.contains("former run"))
    host.letGo()
    #expect(host.phase(vm1) == nil)
  }

  @Test func aLateAcquireOnTheSocketIsGivenBackAndMayBeTriedAgain() throws {
    host.alive.insert(vm2.process)
    guard
      case .registered(let owner) = host.ask(
        .register(Domain(uuid: vm2.uuid, name: "tool"), pid: vm2.process.pid))
    else { return #expect(Bool(false)) }
    #expect(host.ask(.add(owner, vm2.resources)) == .done)
    host.stopLockspace()
    #expect(host.ask(.acquire(owner)) == nil)
    let request = host.lastID
    host.pass(9_000)
    #expect(host.replies[request]?.refusal?.code == .unsafe)
    host.letGo()
    #expect(host.phase(vm2) == "registered" && host.ledger.isEmpty && host.holders("/one") == [])
    #expect(host.ask(.acquire(owner)) == .done)
    #expect(host.holders("/one") == ["tool"])
    host.exit(vm2.process)
    #expect(host.phase(vm2) == nil && host.holders("/one") == [])
  }
}
