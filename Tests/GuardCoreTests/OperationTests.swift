import AgentAPI
import GuardCore
import LockModel
import Testing

@Suite struct OperationTests {
  let host = AdmissionTests.host()
  let vm1 = VM(1, [disk("/one")])
  let user = ProcessRef(pid: 42, startTime: 9)
  let tool = Domain(
    uuid: DomainUUID("00000000-0000-0000-0000-0000000000ff")!, name: "qemu-img")

  func register() throws -> OwnerID {
    host.alive.insert(user)
    guard case .registered(let owner) = host.ask(.register(tool, pid: 42)) else {
      throw Refusal(.unknown, "not registered")
    }
    return owner
  }

  @Test func theFiveOperations() throws {
    let owner = try register()
    #expect(host.ask(.add(owner, [disk("/one"), disk("/two")])) == .done)
    #expect(host.holders("/one") == [])
    #expect(host.ask(.acquire(owner)) == .done)
    #expect(host.holders("/one") == ["qemu-img"])
    guard case .owners(let reports) = host.ask(.inquire(.name("qemu-img"))) else { return }
    #expect(reports[0].claims.map(\.mode) == [.ex, .pw, .pw])
    #expect(host.start(vm1) != .done)
    #expect(host.ask(.release(owner)) == .done)
    #expect(host.holders("/one") == [])
    #expect(host.start(vm1) == .done)
  }

  /// After a restart what somebody else had only asked for must not come before it.
  @Test func whatWasGrantedIsWrittenDown() throws {
    let owner = try register()
    _ = host.ask(.add(owner, [disk("/one")]))
    #expect(host.ask(.acquire(owner)) == .done)
    #expect(host.ledger[owner]?.asked == [] && host.ledger[owner]?.claims.count == 2)
  }

  @Test func acquireIsAllOrNothingAndMayBeTriedAgain() throws {
    host.start(vm1)
    let owner = try register()
    _ = host.ask(.add(owner, [disk("/two"), disk("/one")]))
    #expect(host.ask(.acquire(owner))?.refusal?.code == .conflict)
    #expect(host.holders("/two") == [])
    host.destroy(vm1)
    #expect(host.ask(.acquire(owner)) == .done)
    #expect(host.holders("/two") == ["qemu-img"])
  }

  @Test func theEndOfTheProcessReleases() throws {
    let owner = try register()
    _ = host.ask(.add(owner, [disk("/one")]))
    _ = host.ask(.acquire(owner))
    host.exit(user)
    #expect(host.holders("/one") == [])
    #expect(host.ask(.release(owner))?.refusal?.code == .unknown)
  }

  @Test func whatARunningGuestHoldsIsNotReleasedByHand() throws {
    host.start(vm1)
    guard case .owners(let owners) = host.ask(.inquire(.name("vm-1"))) else { return }
    let refusal = try #require(host.ask(.release(owners[0].owner))?.refusal)
    #expect(refusal.message.contains("virsh destroy 'vm-1'"))
    #expect(host.holders("/one") == ["vm-1"])
    #expect(host.ask(.add(owners[0].owner, [disk("/two")]))?.refusal?.code == .invalid)
  }

  @Test func oneIdentityRegistersOnce() throws {
    _ = try register()
    #expect(host.ask(.register(tool, pid: 42))?.refusal?.code == .conflict)
    #expect(host.ask(.register(tool, pid: 43))?.refusal?.code == .unknown)
  }

  @Test func claimsSurviveARestartOfTheAgentAndEndWithTheProcess() throws {
    let owner = try register()
    _ = host.ask(.add(owner, [disk("/one")]))
    _ = host.ask(.acquire(owner))
    let next = TestHost.restarted(host)
    #expect(next.holders("/one") == ["qemu-img"])
    next.exit(user)
    #expect(next.holders("/one") == [])
  }

  @Test func whoAndInquireOfNothing() {
    #expect(host.ask(.who(path: "/nowhere"))?.refusal?.code == .unknown)
    #expect(host.ask(.inquire(.name("nobody"))) == .owners([]))
  }
}
