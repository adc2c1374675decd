import AgentAPI
import GuardCore
import LockModel
import Testing

@Suite struct AdmissionTests {
  static func host(_ policy: Policy = Policy()) -> TestHost {
    let host = TestHost(policy: policy)
    for path in ["/one", "/two", "/share", "/base"] { host.image(path) }
    return host
  }

  let vm1 = VM(1, [disk("/one"), disk("/share", .sharedWrite, target: "vdb")])

  @Test func aSecondWriterIsRefusedAndToldWhoHoldsIt() throws {
    let host = Self.host()
    #expect(host.start(vm1) == .done)
    let refusal = try #require(host.start(VM(2, [disk("/one", target: "sda")]))?.refusal)
    #expect(refusal.code == .conflict)
    for part in [
      "'vm-2'", "disk sda '/one'", "exclusive write", "'vm-1'", "node1", "2026-03-01T09:30:00Z",
      "disk vda", "running", "dlmguard who",
    ] {
      #expect(refusal.message.contains(part), "\(part) in: \(refusal.message)")
    }
    #expect(!refusal.message.contains("\n"))
    #expect(host.holders("/one") == ["vm-1"])
    #expect(host.ledger.count == 1)
  }

  @Test(arguments: [
    (Access.exclusiveWrite, false, false), (.sharedWrite, false, false), (.readOnly, false, true),
    (.backing, false, false),
  ])
  func besideAnExclusiveWriter(access: Access, protected: Bool, concurrent: Bool) {
    for (readOnly, expected) in [(Policy.ReadOnly.protected, protected), (.concurrent, concurrent)]
    {
      let host = Self.host(Policy(readOnly: readOnly))
      host.start(vm1)
      #expect((host.start(VM(2, [disk("/one", access)])) == .done) == expected, "\(readOnly)")
    }
  }

  @Test func shareableWritersAndReadersOfOneBaseRunTogether() {
    let host = Self.host()
    #expect(host.start(vm1) == .done)
    #expect(host.start(VM(4, [disk("/share", .sharedWrite)])) == .done)
    #expect(host.start(VM(5, [disk("/two"), disk("/base", .backing)])) == .done)
    #expect(host.start(VM(6, [disk("/base", .backing)])) == .done)
    #expect(host.start(VM(7, [disk("/base")])) != .done)
    #expect(host.holders("/base") == ["vm-5", "vm-6"])
  }

  @Test func nothingIsKeptOfARefusedStart() {
    let host = Self.host()
    host.start(vm1)
    host.start(VM(2, [disk("/two"), disk("/one")]))
    #expect(host.holders("/two") == [])
    #expect(host.start(VM(3, [disk("/two")])) == .done)
  }

  @Test func oneDomainMayNotWriteOneImageTwice() throws {
    let host = Self.host()
    host.storage["/link"] = host.storage["/one"]
    for access in [Access.exclusiveWrite, .sharedWrite] {
      let vm = VM(1, [disk("/one"), disk("/link", access, target: "vdb")])
      let refusal = try #require(host.start(vm)?.refusal)
      #expect(refusal.code == .invalid)
      #expect(refusal.message.contains("vda") && refusal.message.contains("vdb"))
    }
    #expect(
      host.start(VM(2, [disk("/one", .sharedWrite), disk("/link", .sharedWrite, target: "vdb")]))
        == .done)
  }

  @Test func twoClaimsOnOneResourceBecomeTheLeastThatCoversBoth() {
    let host = Self.host()
    host.storage["/link"] = host.storage["/one"]
    let vm = VM(1, [disk("/one", .readOnly), disk("/link", .sharedWrite, target: "vdb")])
    #expect(host.start(vm) == .done)
    #expect(host.modes(vm) == [.ex, .pw])
  }

  @Test func whatCannotBeIdentifiedIsNotStarted() throws {
    let host = Self.host()
    host.storage["/hung"] = .failed("the storage has not answered within 5000 ms")
    let refusal = try #require(host.start(VM(1, [disk("/two"), disk("/hung")]))?.refusal)
    #expect(refusal.code == .unsafe && refusal.message.contains("has not answered"))
    #expect(host.ledger.isEmpty && host.holders("/two") == [])
  }

  @Test func anImageMayAppearBetweenPrepareAndStartButNotLater() {
    let host = Self.host()
    let vm = VM(1, [disk("/new")])
    #expect(host.hook(.prepare, vm) == .done)
    #expect(host.modes(vm) == [.ex])
    #expect(host.hook(.start, vm)?.refusal?.code == .unknown)
    host.image("/new")
    #expect(host.hook(.start, vm) == .done)
    #expect(host.modes(vm) == [.ex, .pw])
  }

  @Test func memoryThatQEMUWillMakeMayBeAbsentAtStart() {
    let host = Self.host()
    let memory = Resource(
      kind: .memory, device: "memory 1", source: .file("/pmem"), access: .exclusiveWrite)
    #expect(host.start(VM(1, [disk("/one"), memory])) == .done)
    host.image("/pmem")
    #expect(host.start(VM(2, [disk("/two"), memory])) == .done)
    #expect(host.holders("/pmem") == ["vm-2"])
  }

  @Test func theChainIsClaimedAtStartAndARefusalThereTakesNothingMore() {
    let host = Self.host()
    host.start(VM(9, [disk("/base")]))
    let vm = VM(1, [disk("/one")])
    let chain = [disk("/one"), disk("/two", .backing), disk("/base", .backing)]
    #expect(host.hook(.prepare, vm) == .done)
    #expect(host.hook(.start, vm, resources: chain) != .done)
    #expect(host.modes(vm) == [.ex, .pw])
    #expect(host.holders("/two") == [])
    host.stopHooks(vm)
    #expect(host.holders("/one") == [])
    #expect(host.ledger.count == 1)
  }

  @Test func aLedgerThatCannotBeWrittenRefusesBeforeTheEngineIsAsked() throws {
    let host = Self.host()
    host.ledgerFailure = "cannot write /state: No space left on device"
    let refusal = try #require(host.start(vm1)?.refusal)
    #expect(refusal.code == .unsafe && refusal.message.contains("No space left"))
    #expect(
      !host.effects.contains { if case .acquire = $0 { true } else { false } })
    host.ledgerFailure = nil
    #expect(host.phase(vm1) == nil)
    #expect(host.start(vm1) == .done)
  }

  @Test func aGrantThatComesAfterTheClientHasGoneIsGivenBack() {
    for late in ["survey", "record", "grant"] {
      let host = Self.host()
      host.holdsBack = { event in
        switch event {
        case .surveyed: late == "survey"
        case .recorded: late == "record"
        case .acquired: late == "grant"
        default: false
        }
      }
      #expect(host.hook(.prepare, vm1) == nil)
      host.happen(.clientGone(host.lastID))
      host.letGo()
      #expect(host.phase(vm1) == nil, "\(late)")
      #expect(host.ledger.isEmpty && host.holders("/one") == [], "\(late)")
      #expect(host.start(vm1) == .done)
    }
  }

  @Test func whatCannotBeLockedIsReportedOrRefused() throws {
    var vm = vm1
    vm.unguarded = [UnguardedResource(device: "disk vdz", description: "network disk (rbd a/b)")]
    let warned = Self.host()
    #expect(warned.start(vm) == .done)
    #expect(warned.audits.contains { $0.kind == .unguarded })
    let refusal = try #require(Self.host(Policy(unlockable: .refuse)).start(vm)?.refusal)
    #expect(refusal.message.contains("vdz") && refusal.message.contains("rbd a/b"))
  }
}
