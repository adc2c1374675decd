import AgentAPI
import GuardCore
import LockModel
import Testing

/// An administrator takes locks away.
@Suite struct RevokeTests {
  let host = AdmissionTests.host()
  let vm1 = VM(1, [disk("/one")])
  let vm2 = VM(2, [disk("/one")])

  private func names(_ reply: Reply?) -> [String]? {
    if case .owners(let owners) = reply { owners.map(\.name) } else { nil }
  }

  @Test(arguments: [
    RevocationTarget.domain(.name("vm-1")), .domain(.uuid(VM(1, []).uuid)), .path("/one"),
    .resource(try! ResourceName("file:/one")),
  ])
  func itsUserIsKilledFirst(target: RevocationTarget) throws {
    host.start(vm1)
    host.start(VM(3, [disk("/two")]))
    _ = host.ask(.revoke(target))
    let request = host.lastID
    #expect(host.killed == [vm1.process])
    #expect(host.replies[request] == nil, "until its locks are gone")
    host.stopHooks(vm1)
    #expect(names(host.replies[request]) == ["vm-1"])
    #expect(
      host.audits.map(\.kind).filter { [.revoked, .killed, .dead, .released].contains($0) }
        == [.revoked, .killed, .dead, .released])
    #expect(host.start(vm2) == .done)
  }

  @Test func aProcessThatDoesNotDieKeepsItsLocks() throws {
    host.undying = [vm1.process]
    host.start(vm1)
    let limited = AdmissionTests.host(Policy(answerLimit: 9_000))
    limited.undying = [vm1.process]
    limited.start(vm1)
    _ = limited.ask(.revoke(.domain(.name("vm-1"))))
    let request = limited.lastID
    limited.pass(9_000)
    #expect(try #require(limited.replies[request]?.refusal).message.contains("is not gone yet"))
    #expect(limited.start(vm2)?.refusal?.code == .conflict)
    #expect(limited.alarms.contains { $0.contains("does not end") })
  }

  @Test func itIsAnsweredWhenTheLastIsGone() {
    let one = VM(1, [disk("/share", .sharedWrite)])
    let other = VM(2, [disk("/share", .sharedWrite)])
    host.undying = [other.process]
    host.start(one)
    host.start(other)
    _ = host.ask(.revoke(.path("/share")))
    let request = host.lastID
    host.stopHooks(one)
    #expect(host.phase(one) == nil && host.replies[request] == nil)
    host.exit(other.process)
    host.stopHooks(other)
    #expect(names(host.replies[request]) == ["vm-1", "vm-2"])
  }

  @Test func aSavedGuestLosesItsClaims() {
    host.start(vm1)
    host.saveImages = ["vm-1"]
    host.destroy(vm1)
    #expect(host.phase(vm1) == "saved")
    #expect(names(host.ask(.revoke(.domain(.name("vm-1"))))) == ["vm-1"])
    #expect(host.killed == [] && host.start(vm2) == .done)
  }

  @Test func oneThatStartsIsNotKilledWithLibvirt() {
    #expect(host.hook(.prepare, vm1) == .done)
    #expect(host.ask(.revoke(.path("/one")))?.refusal?.code == .conflict)
    #expect(host.killed == [] && host.phase(vm1) == "prepared")
  }

  @Test func nobodysLockIsUnknown() {
    #expect(host.ask(.revoke(.path("/one")))?.refusal?.code == .unknown)
    #expect(host.ask(.revoke(.path("/none")))?.refusal?.code == .unknown)
    #expect(host.ask(.revoke(.domain(.name("vm-9"))))?.refusal?.code == .unknown)
  }
}

/// `kill_grace_ms`, and what does not die.
@Suite struct DeathTests {
  let vm1 = VM(1, [disk("/one")])
  let one = try! ResourceName("file:/one")

  @Test func whereThereIsTimeItIsAskedFirst() {
    let host = AdmissionTests.host(Policy(killGrace: 3_000))
    host.undying = [vm1.process]
    host.start(vm1)
    host.happen(.lost(one, reason: "r"))
    #expect(host.signals == [.terminate])
    host.pass(2_999)
    #expect(host.signals == [.terminate])
    host.pass(1)
    #expect(host.signals == [.terminate, .kill])
    host.pass(Policy().killLimit)
    #expect(host.alarms.contains { $0.contains("does not end") })
    #expect(host.phase(vm1) == "running", "it keeps its locks")
    host.exit(vm1.process)
    #expect(host.audits(.dead).count == 1)
  }

  @Test func whoseHooksAreLateHasEndedAllTheSame() {
    let host = AdmissionTests.host()
    host.start(vm1)
    host.happen(.lost(one, reason: "r"))
    #expect(host.killed == [vm1.process] && host.audits(.dead).count == 1)
    host.pass(Policy().killLimit)
    #expect(
      host.audits(.alarm).allSatisfy { $0.fields.allSatisfy { !$0.value.contains("does not end") } }
    )
  }

  @Test func onLockLostPausePauses() throws {
    let host = AdmissionTests.host(Policy(onLockLost: .pause))
    host.start(vm1)
    host.happen(.lost(one, reason: "r"))
    #expect(host.paused == [vm1.process] && host.killed == [])
    #expect(try #require(host.alarms.first).contains("paused"))
    host.see(vm1, vm1.resources)
    #expect(host.paused.count == 1, "what was free has been locked anew")
  }

  @Test func whatLibvirtDoesNotPauseIsStoppedAndTold() {
    let host = AdmissionTests.host(Policy(onLockLost: .pause))
    host.pausing = .bySignal("libvirtd does not answer")
    host.start(vm1)
    host.happen(.lost(one, reason: "r"))
    #expect(host.alarms.contains { $0.contains("kill -CONT 1001") })
  }
}

/// `saved_guests = "all"`: a guest that was saved to somebody's file.
@Suite struct ExportTests {
  let vm1 = VM(1, [disk("/one")])
  let vm2 = VM(2, [disk("/one")])

  @Test func itKeepsItsClaimsUntilItIsRestoredOrRevoked() throws {
    let host = AdmissionTests.host(Policy(savedGuests: .all))
    host.start(vm1)
    host.see(vm1, vm1.resources, isPaused: true, isBeingSaved: true)
    host.destroy(vm1)
    #expect(host.phase(vm1) == "saved")
    let refusal = try #require(host.start(vm2)?.refusal)
    #expect(refusal.message.contains("dlmguard revoke 'vm-1'"))
    let next = TestHost.restarted(host)
    next.image("/one")
    #expect(next.phase(vm1) == "saved")
    next.happen(.saveImageRemoved(name: "vm-1"))
    #expect(next.phase(vm1) == "saved", "that was another save's")
    #expect(next.start(vm1) == .done && next.phase(vm1) == "running")
    next.destroy(vm1)
    #expect(next.phase(vm1) == nil)
  }

  @Test func oneThatGoesOnIsNotSaved() {
    let host = AdmissionTests.host(Policy(savedGuests: .all))
    host.start(vm1)
    host.see(vm1, vm1.resources, isPaused: true, isBeingSaved: true)
    host.see(vm1, vm1.resources)
    host.destroy(vm1)
    #expect(host.phase(vm1) == nil)
  }

  @Test func byDefaultOnlyLibvirtsOwnCount() {
    let host = AdmissionTests.host()
    host.start(vm1)
    host.see(vm1, vm1.resources, isPaused: true, isBeingSaved: true)
    host.destroy(vm1)
    #expect(host.phase(vm1) == nil && host.start(vm2) == .done)
  }
}
