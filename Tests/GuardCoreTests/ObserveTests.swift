import AgentAPI
import GuardCore
import LockModel
import Testing

/// `mode = "observe"`: nothing is refused, and everything that would be is told.
@Suite struct ObserveTests {
  static func host() -> TestHost {
    let host = TestHost(policy: Policy(mode: .observe, unlockable: .refuse))
    for path in ["/one", "/two"] { host.image(path) }
    return host
  }

  func told(_ host: TestHost, _ words: String...) -> Bool {
    host.audits(.observed).contains { line in
      words.allSatisfy { word in line.fields.contains { $0.value.contains(word) } }
    }
  }

  @Test func aConflictIsToldAndTheRestIsHeld() {
    let host = Self.host()
    #expect(host.start(VM(1, [disk("/one")])) == .done)
    #expect(host.audits(.observed).isEmpty)
    #expect(host.start(VM(2, [disk("/one"), disk("/two", target: "vdb")])) == .done)
    #expect(told(host, "not refused", "'vm-1'", "/one"))
    #expect(host.holders("/one") == ["vm-1"])
    #expect(host.holders("/two") == ["vm-2"])
    #expect(host.start(VM(3, [disk("/two")])) == .done)
    #expect(told(host, "'vm-2'", "/two"))
    #expect(host.audits(.refused).isEmpty)
  }

  @Test func whatIsHeldIsGivenBackAsEver() {
    let host = Self.host()
    let vm1 = VM(1, [disk("/one")])
    let vm2 = VM(2, [disk("/one"), disk("/two", target: "vdb")])
    host.start(vm1)
    host.start(vm2)
    host.destroy(vm2)
    #expect(host.holders("/two") == [] && host.holders("/one") == ["vm-1"])
    host.destroy(vm1)
    #expect(host.holders("/one") == [] && host.ledger.isEmpty)
  }

  @Test func whatCannotBeIdentifiedIsLeftOut() {
    let host = Self.host()
    host.storage["/hung"] = .failed("the storage has not answered")
    let vm = VM(1, [disk("/hung"), disk("/one", target: "vdb"), disk("/gone", target: "vdc")])
    #expect(host.start(vm) == .done)
    #expect(told(host, "/hung", "has not answered") && told(host, "/gone", "does not exist"))
    #expect(host.holders("/one") == ["vm-1"])
  }

  @Test func aDomainThatWritesAnImageTwiceHoldsItOnce() {
    let host = Self.host()
    host.storage["/link"] = host.storage["/one"]
    #expect(host.start(VM(1, [disk("/one"), disk("/link", target: "vdb")])) == .done)
    #expect(told(host, "the same storage") && host.holders("/one") == ["vm-1"])
  }

  @Test func whatCannotBeLockedAndAnImpedimentAreTold() {
    let host = Self.host()
    var vm = VM(1, [disk("/one")])
    vm.unguarded = [UnguardedResource(device: "disk vdz", description: "network disk")]
    #expect(host.start(vm) == .done)
    #expect(told(host, "vdz"))
    host.happen(.impediment("this node has no quorum"))
    #expect(host.start(VM(2, [disk("/two")])) == .done)
    #expect(told(host, "no quorum"))
  }

  @Test func aSecondStartIsToldAndItsEndFreesNothing() {
    let host = Self.host()
    let vm = VM(1, [disk("/one")])
    host.start(vm)
    #expect(host.hook(.prepare, vm) == .done)
    #expect(told(host, "already running"))
    host.destroy(vm)
    #expect(host.holders("/one") == [])
  }

  /// The lockspace stands still from before its start until after its end, for longer than a hook may wait.
  @Test func whatComesWhenItsGuestHasEndedIsGivenBack() {
    let host = TestHost(policy: Policy(mode: .observe, answerLimit: 9_000))
    host.image("/one")
    let vm = VM(1, [disk("/one")])
    host.stopLockspace()
    #expect(host.hook(.prepare, vm) == nil)
    let prepare = host.lastID
    host.pass(9_000)
    #expect(host.replies[prepare] == .done)
    _ = host.hook(.stopped, vm)
    _ = host.hook(.release, vm)
    host.letGo()
    host.pass(Policy().startLimit)
    #expect(host.holders("/one") == [] && host.ledger.isEmpty)
  }

  /// Whoever asks for a lock by name is answered.
  @Test func aClientIsRefusedAllTheSame() {
    let host = Self.host()
    host.start(VM(1, [disk("/one")]))
    host.alive.insert(ProcessRef(pid: 42, startTime: 9))
    let tool = Domain(uuid: VM(9, []).uuid, name: "client")
    guard case .registered(let owner)? = host.ask(.register(tool, pid: 42)) else {
      return #expect(Bool(false))
    }
    #expect(host.ask(.add(owner, [disk("/one")])) == .done)
    #expect(host.ask(.acquire(owner))?.refusal?.code == .conflict)
  }
}
