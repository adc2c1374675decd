import AgentAPI
import GuardCore
import LockModel
import Testing

/// An agent that cannot open its engine, and one that is taking over.
@Suite struct ReadinessTests {
  let former = AdmissionTests.host()
  let vm1 = VM(1, [disk("/one")])
  let vm2 = VM(2, [disk("/two")])
  static let reason = "corosync does not run on this node: systemctl start corosync"

  @Test func itSaysWhyNothingStarts() throws {
    let host = TestHost(isReady: false)
    host.happen(.unready(Self.reason))
    host.happen(.unready(Self.reason))
    #expect(host.isOpen && host.audits(.unready).count == 1)
    for operation in [HookOperation.prepare, .start, .started] {
      let refusal = try #require(host.hook(operation, vm1)?.refusal)
      #expect(refusal.code == .unsafe && refusal.message.contains(Self.reason))
      #expect(refusal.message.hasPrefix("start of 'vm-1' refused: "))
    }
    #expect(
      host.alarms == [
        "no guest can be started: the agent cannot keep locks yet: \(Self.reason)"
      ])
    #expect(host.phase(vm1) == nil)
    #expect(host.effects.count { if case .survey = $0 { true } else { false } } == 0)
  }

  @Test func whatOnlyTellsOfSomethingIsAnsweredAsIfThereWereNoAgent() {
    let host = TestHost(isReady: false)
    host.happen(.unready(Self.reason))
    for operation in [HookOperation.reconnect, .stopped, .release, .migrate, .restore] {
      #expect(host.hook(operation, vm1) == .done, "\(operation)")
    }
    #expect(host.audits(.refused) == [] && host.audits(.alarm) == [])
  }

  @Test func theOperationsAreRefused() {
    let host = TestHost(isReady: false)
    host.happen(.unready(Self.reason))
    let owner = OwnerID(domain: vm1.uuid, instance: 1)
    let domain = Domain(uuid: vm1.uuid, name: "x")
    for request in [
      Request.register(domain, pid: 100), .add(owner, []), .acquire(owner), .release(owner),
    ] {
      let refusal = host.ask(request)?.refusal
      #expect(refusal?.code == .unsafe && refusal?.message.contains(Self.reason) == true)
    }
  }

  @Test func anotherReasonTakesTheFirstOnesPlaceWithoutOpeningTwice() {
    let host = TestHost(isReady: false)
    host.happen(.unready("a"))
    host.happen(.unready("b"))
    #expect(host.alarms == ["no guest can be started: the agent cannot keep locks yet: b"])
    #expect(host.audits(.unready).count == 2)
  }

  func takingOver() -> TestHost {
    former.start(vm1)
    let host = TestHost(isReady: false)
    host.happen(.unready(Self.reason))
    return .restarted(former, as: host) { if case .reclaimed = $0 { true } else { false } }
  }

  @Test func nothingStartsBeforeTheLastRecordedClaimIsHeld() throws {
    let host = takingOver()
    #expect(host.hook(.prepare, vm2) == nil, "it waits")
    #expect(host.ask(.acquire(OwnerID(domain: vm2.uuid, instance: 9))) == nil)
    #expect(host.alarms.count == 1 && host.alarms[0].contains("taking over the locks"))
    #expect(host.holders("/one") == ["vm-1"] && host.phase(vm1) == "acquiring")
    host.happen(.waiting("the lockspace is stopped since 4 s"))
    #expect(host.alarms[0].contains("predecessor, and the lockspace is stopped since 4 s"))
    host.letGo()
    #expect(host.audits(.ready).count == 1 && host.alarms == [])
    #expect(host.phase(vm2) == "prepared", "what waited was taken")
    #expect(host.replies.values.count { $0 == .done } == 1)
    #expect(host.start(VM(3, [])) == .done)
    host.happen(.unready("late"))
    #expect(host.alarms == [], "what was ready stays so")
  }

  @Test func whoComesWhileItJoinsIsTakenInOrder() throws {
    let host = TestHost(isReady: false)
    host.image("/one")
    host.happen(.joining("it is joining"))
    #expect(host.isOpen)
    #expect(
      host.alarms == ["no guest can be started: the agent cannot keep locks yet: it is joining"])
    let rival = VM(3, [disk("/one")])
    #expect(host.hook(.prepare, vm1) == nil && host.hook(.prepare, rival) == nil)
    host.happen(.recovered([]))
    #expect(host.phase(vm1) == "prepared" && host.phase(rival) == nil)
    #expect(host.replies.values.filter { $0 == .done }.count == 1)
    #expect(host.replies.values.compactMap(\.refusal).map(\.code) == [.conflict])
  }

  @Test func whoWaitsIsToldWhyWhenItTakesTooLong() throws {
    let host = TestHost(policy: Policy(answerLimit: 9_000), isReady: false)
    host.happen(.joining("it is joining"))
    #expect(host.hook(.prepare, vm1) == nil)
    host.pass(9_000)
    let refusal = try #require(host.replies.values.first?.refusal)
    #expect(refusal.code == .unsafe && refusal.message.contains("it is joining"))
    host.happen(.recovered([]))
    #expect(host.phase(vm1) == nil, "it was refused")
  }

  @Test func whoWaitsIsToldAtOnceThatItIsInVain() throws {
    let host = TestHost(isReady: false)
    host.happen(.joining("it is joining"))
    #expect(host.hook(.prepare, vm1) == nil)
    host.happen(.unready(Self.reason))
    let refusal = try #require(host.replies.values.first?.refusal)
    #expect(refusal.message.hasPrefix("start of 'vm-1' refused: "))
    #expect(refusal.message.contains(Self.reason))
  }

  @Test func whoHangsUpWaitsNoMore() {
    let host = TestHost(isReady: false)
    host.happen(.joining("it is joining"))
    #expect(host.hook(.prepare, vm1) == nil)
    host.happen(.clientGone(host.lastID))
    host.happen(.recovered([]))
    #expect(host.phase(vm1) == nil)
  }

  @Test func whatItMissesMeanwhileTheWatchOverProcessesTells() {
    let host = takingOver()
    host.exit(vm1.process)
    for operation in [HookOperation.reconnect, .stopped, .release] {
      #expect(host.hook(operation, vm1) == .done)
    }
    host.letGo()
    #expect(host.phase(vm1) == "leaving")
    host.pass(5_000)
    #expect(host.phase(vm1) == nil && host.holders("/one") == [])
  }

  @Test func aTwinsReleaseFreesNothingLaterEither() {
    let host = takingOver()
    #expect(host.hook(.prepare, vm1) == nil)
    host.letGo()
    // What libvirt says of the twin that was refused.
    host.stopHooks(vm1)
    #expect(host.phase(vm1) == "running")
    host.stopHooks(vm1)
    host.exit(vm1.process)
    #expect(host.phase(vm1) == nil, "the count of twins is even again")
  }
}
