import AgentAPI
import GuardCore
import LockModel
import Testing

/// What an administrator gives a running domain to hold beside what its description names.
@Suite struct AttachTests {
  let host = AdmissionTests.host()
  let one = disk("/one")
  let vm1 = VM(1, [disk("/one")])
  let vm2 = VM(2, [disk("/two")])
  let domain = DomainSelector.name("vm-1")

  func attach(_ paths: String..., access: Access = .exclusive) -> Reply? {
    host.ask(.attach(domain, paths.map { disk($0, access, target: "path") }))
  }

  func detach(_ path: String) -> Reply? {
    host.ask(.detach(domain, [disk(path, .exclusive, target: "path")]))
  }

  func running() {
    host.start(vm1)
    host.see(vm1, [one])
  }

  @Test func itIsHeldBesideTheDomainsOwn() {
    running()
    guard case .owners(let owners)? = attach("/two") else {
      Issue.record("refused")
      return
    }
    #expect(owners.map(\.name) == ["vm-1"])
    #expect(host.modes(vm1) == [.ex, .pw, .ex])
    #expect(host.holders("/two") == ["vm-1"])
    #expect(host.start(vm2)?.refusal?.message.contains("'vm-1'") == true)
  }

  @Test(arguments: [(Access.exclusive, LockMode.ex), (.sharedWrite, .cw), (.backing, .pr)])
  func inTheModeThatWasWanted(access: Access, mode: LockMode) {
    running()
    _ = attach("/two", access: access)
    #expect(host.modes(vm1).last == mode)
  }

  @Test func theComparisonWithItsDescriptionKeepsIt() {
    running()
    _ = attach("/two")
    host.see(vm1, [one, disk("/base", .readOnly)])
    host.see(vm1, [one])
    #expect(host.holders("/two") == ["vm-1"])
    #expect(host.holders("/base") == [])
  }

  @Test func itGoesWithTheDomain() {
    running()
    _ = attach("/two")
    host.destroy(vm1)
    #expect(host.holders("/two") == [])
    #expect(host.ledger.isEmpty)
  }

  @Test func itOutlivesTheAgent() throws {
    running()
    _ = attach("/two")
    let next = TestHost.restarted(host)
    #expect(next.holders("/two") == ["vm-1"])
    next.see(vm1, [one])
    #expect(next.holders("/two") == ["vm-1"])
    #expect(next.ledger.values.first?.attached.map(\.mode) == [.ex])
    // And can be given back by the next one.
    _ = next.ask(.detach(domain, [disk("/two", .exclusive)]))
    #expect(next.holders("/two") == [])
  }

  @Test func aRestartWhileTheEngineIsAskedTakesItOver() {
    running()
    host.holdsBack = { if case .acquired = $0 { true } else { false } }
    _ = attach("/two")
    let next = TestHost.restarted(host)
    next.see(vm1, [one])
    #expect(next.holders("/two") == ["vm-1"])
  }

  @Test func onlyThatIsGivenBack() {
    running()
    _ = attach("/two", "/base")
    guard case .owners? = detach("/two") else {
      Issue.record("refused")
      return
    }
    #expect(host.holders("/two") == [])
    #expect(host.holders("/base") == ["vm-1"])
    #expect(host.holders("/one") == ["vm-1"])
    #expect(host.engineHolds(vm1).count == 3)
    #expect(host.ledger.values.first?.attached.count == 1)
  }

  @Test func whatItIsAPartOfIsLockedAsLongAsSomeOfItIs() {
    let device = try! ResourceName("wwid:disk")
    for path in ["/one", "/two", "/base"] {
      host.storage[path] = .named(
        Footprint(try! ResourceName("file:\(path)"), within: [device]))
    }
    running()
    let before = host.engineHolds(vm1)
    _ = attach("/two", "/base")
    #expect(host.engineHolds(vm1).count == before.count + 2)
    #expect(detach("/one")?.refusal?.code == .unknown)
    #expect(detach("/two")?.refusal == nil)
    #expect(host.holders("/base") == ["vm-1"])
    #expect(host.engineHolds(vm1).count == before.count + 1)
    #expect(detach("/base")?.refusal == nil)
    #expect(host.engineHolds(vm1) == before)
  }

  @Test func whatItsDescriptionNamesTooStaysInThatMode() {
    running()
    _ = attach("/one")
    #expect(host.modes(vm1) == [.ex, .ex])
    #expect(detach("/one")?.refusal == nil)
    #expect(host.modes(vm1) == [.ex, .pw])
    #expect(detach("/one")?.refusal?.code == .unknown)
    #expect(host.holders("/one") == ["vm-1"])
  }

  @Test func aHolderIsNamedAndNothingChanges() throws {
    running()
    host.start(vm2)
    let refusal = try #require(attach("/base", "/two")?.refusal)
    #expect(refusal.code == .conflict)
    #expect(refusal.message.hasPrefix("'vm-1' cannot hold it: "))
    #expect(refusal.message.contains("'vm-2' on node node1 has held it"))
    #expect(host.holders("/base") == [])
    #expect(host.phase(vm1) == "running")
    #expect(host.ledger.values.first { $0.name == "vm-1" }?.attached.isEmpty == true)
    #expect(host.audits(.refused).count == 1)
  }

  @Test func aFullLedgerRefuses() {
    running()
    host.ledgerFailure = "no space"
    #expect(attach("/two")?.refusal?.code == .unsafe)
    #expect(host.holders("/two") == [])
  }

  @Test func whatIsGrantedTooLateIsGivenBack() throws {
    let host = TestHost(policy: Policy(answerLimit: 1_000))
    for path in ["/one", "/two"] { host.image(path) }
    host.start(vm1)
    host.see(vm1, [one])
    host.stopLockspace()
    _ = host.ask(.attach(domain, [disk("/two", .exclusive)]))
    let request = host.lastID
    host.pass(1_000)
    #expect(host.replies[request]?.refusal?.code == .unsafe)
    host.letGo()
    host.pass(Policy().surplusDelay)
    #expect(host.engineHolds(vm1).count == 2)
    #expect(host.ledger.values.first?.attached.isEmpty == true)
  }

  @Test func whoeverWaitsForItToGoIsTold() throws {
    running()
    _ = attach("/two")
    host.holdsBack = { if case .reduced = $0 { true } else { false } }
    _ = detach("/two")
    let request = host.lastID
    #expect(host.replies[request] == nil)
    host.letGo()
    #expect(host.replies[request]?.refusal == nil)
    #expect(host.replies[request] != nil)
  }

  @Test func theEndOfTheDomainAnswersToo() {
    running()
    _ = attach("/two")
    host.holdsBack = { if case .reduced = $0 { true } else { false } }
    _ = detach("/two")
    let request = host.lastID
    host.destroy(vm1)
    #expect(host.replies[request] != nil)
  }

  @Test func onlyARunningDomainHoldsMore() {
    #expect(attach("/two")?.refusal?.code == .unknown)
    _ = host.hook(.prepare, vm1)
    #expect(attach("/two")?.refusal?.code == .conflict)
    #expect(detach("/two")?.refusal?.code == .conflict)
  }

  @Test func aKindThatNobodyLocksIsRefused() throws {
    var policy = Policy()
    policy.resources[.file] = .off
    let host = TestHost(policy: policy)
    host.image("/two")
    host.start(VM(1, []))
    let reply = host.ask(.attach(domain, [disk("/two", .exclusive)]))
    #expect(reply?.refusal?.message.contains("resources.file = false") == true)
  }

  @Test func nobodyWhoReadsLooksOnBesideACommand() throws {
    let user = ProcessRef(pid: 42, startTime: 9)
    host.alive.insert(user)
    let tool = Domain(
      uuid: DomainUUID("00000000-0000-0000-0000-0000000000ff")!, name: "qemu-img")
    guard case .registered(let owner) = host.ask(.register(tool, pid: 42)) else { return }
    let wish = [disk("/one", .exclusive, target: "path")]
    #expect(host.ask(.attach(.name("qemu-img"), wish))?.refusal?.code == .unknown)
    #expect(host.ask(.attach(.uuid(owner.domain), wish)) == .done)
    let refusal = try #require(host.start(vm1)?.refusal)
    #expect(refusal.message.contains("the command 'qemu-img' (process 42) on node node1"))
    #expect(refusal.message.contains("go with that process"))
    host.exit(user)
    #expect(host.start(vm1) == .done)
  }
}
