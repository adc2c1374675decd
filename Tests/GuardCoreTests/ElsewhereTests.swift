import AgentAPI
import GuardCore
import LockModel
import Testing

/// Refusals because of guests of other nodes.
@Suite struct ElsewhereTests {
  let vm1 = VM(1, [disk("/one")])
  let vm2 = VM(2, [disk("/two"), disk("/one", target: "vdb")])
  let one = try! ResourceName("file:/one")
  static let node2 = NodeID(2)!
  static let stranger = DomainUUID("11111111-1111-4111-8111-111111111111")!

  static func host() -> TestHost {
    let host = TestHost(lockspace: "libvirt")
    for path in ["/one", "/two"] { host.image(path) }
    host.happen(
      .nodes([NodeID(1)!: NodeName("n1"), node2: NodeName("node2")], here: NodeID(1)!))
    return host
  }

  static func holder(
    _ domain: DomainUUID = stranger, node: NodeID = node2, mode: LockMode = .pw
  ) -> Holder {
    Holder(
      node: node, domain: domain, mode: mode, since: Timestamp(milliseconds: 1_772_357_400_000))
  }

  func refusal(_ host: TestHost, _ vm: VM) throws -> String {
    let refusal = try #require(host.start(vm)?.refusal)
    #expect(refusal.code == .conflict && !refusal.message.contains("\n"))
    return refusal.message
  }

  @Test func theHolderIsNamedByUUIDAndNode() throws {
    let host = Self.host()
    host.elsewhere = [one: Self.holder()]
    #expect(
      try refusal(host, vm2)
        == "start of 'vm-2' refused: disk vdb '/one' is wanted in exclusive write, but domain UUID "
        + "\(Self.stranger) on node node2 has held it in exclusive write since 2026-03-01T09:30:00Z. "
        + "Shut it down there first: virsh -c qemu+ssh://node2/system domstate \(Self.stranger). If "
        + "node node2 is dead, it must be fenced before its locks go: see dlm_tool status")
    #expect(host.holders("/two") == [] && host.ledger.isEmpty)
  }

  @Test func whatCannotBeLockedIsNobodysFault() throws {
    let host = Self.host()
    host.failing = [one: "the lock manager says: Cannot allocate memory; see dmesg | grep dlm"]
    let refusal = try #require(host.start(vm2)?.refusal)
    #expect(refusal.code == .unsafe)
    #expect(
      refusal.message
        == "start of 'vm-2' refused: disk vdb '/one' is wanted in exclusive write, but could not be "
        + "locked: the lock manager says: Cannot allocate memory; see dmesg | grep dlm. Nobody need "
        + "hold it")
    #expect(host.holders("/two") == [] && host.ledger.isEmpty)
  }

  @Test func aNodeWithoutANameGoesByItsNumber() throws {
    let host = Self.host()
    host.elsewhere = [one: Self.holder(node: NodeID(3)!)]
    #expect(try refusal(host, vm1).contains("on node id 3 has held it"))
    host.happen(.nodes([NodeID(3)!: NodeName("c")], here: NodeID(1)!))
    #expect(try refusal(host, vm1).contains("on node c has held it"))
    host.happen(.nodes([NodeID(3)!: NodeName("c;\u{1b}[1m")], here: nil))
    let odd = try refusal(host, vm1)
    #expect(odd.contains("on node 'c;\\u{1b}[1m' has") && !odd.contains("ssh"))
  }

  /// A lock of this node that the agent does not know of.
  @Test func thisNodeGoesByItsOwnName() throws {
    let host = Self.host()
    host.elsewhere = [one: Self.holder(node: NodeID(1)!)]
    let message = try refusal(host, vm1)
    #expect(message.contains("on node node1 has held it"))
    #expect(message.hasSuffix("virsh domstate \(Self.stranger)"))
  }

  @Test func aDomainThatIsKnownHereHasItsName() throws {
    let host = Self.host()
    let vm3 = VM(3, [])
    host.start(vm3)
    host.elsewhere = [one: Self.holder(vm3.uuid)]
    #expect(try refusal(host, vm1).contains("domain 'vm-3' (UUID \(vm3.uuid)) on node node2"))
    host.elsewhere = [one: Self.holder(vm1.uuid)]
    #expect(try refusal(host, vm1).contains("domain 'vm-1' (UUID \(vm1.uuid)) on node node2"))
  }

  @Test func aSecondStartOfOneGuestIsCalledThat() throws {
    let host = Self.host()
    host.elsewhere = [
      one: Self.holder(vm1.uuid),
      ResourceName(domain: vm1.uuid): Self.holder(vm1.uuid, mode: .ex),
    ]
    #expect(
      try refusal(host, vm1)
        == "start of 'vm-1' refused: the SAME guest (UUID \(vm1.uuid)) already runs on node node2 "
        + "since 2026-03-01T09:30:00Z, and a guest runs on one node at a time. Look there: virsh -c "
        + "qemu+ssh://node2/system domstate \(vm1.uuid). To have it here, migrate it, or shut it "
        + "down there. If node node2 is dead, it must be fenced before its locks go: see dlm_tool "
        + "status")
    host.elsewhere = [ResourceName(domain: vm1.uuid): nil]
    let message = try refusal(host, vm1)
    #expect(message.contains("SAME guest") && message.contains("dlmguard inquire \(vm1.uuid)"))
  }

  @Test func whereNobodyIsNamedThatIsSaid() throws {
    let host = Self.host()
    host.elsewhere = [one: nil]
    let message = try refusal(host, vm1)
    #expect(message.contains("held by a guest of another node that cannot say who it is"))
    #expect(message.contains("Ask on the other nodes: dlmguard who '/one'"))
  }

  @Test func oneThatIsNamedIsToldOfRatherThanOneThatIsNot() throws {
    let host = Self.host()
    host.elsewhere = [try ResourceName("file:/two"): nil, one: Self.holder()]
    let message = try refusal(host, vm2)
    #expect(message.contains("disk vdb '/one' (and 1 more)") && message.contains("node2"))
  }

  @Test func anOwnerOfThisNodeExplainsBest() throws {
    let host = Self.host()
    host.start(vm1)
    host.exit(vm1.process)
    host.elsewhere = [one: Self.holder(), try ResourceName("file:/two"): Self.holder()]
    #expect(try refusal(host, vm2).contains("'vm-1' on node node1 has held it"))
  }

  /// Two starts here race for what a third holds elsewhere: neither is the other's reason.
  @Test func butNotOneThatIsOnlyAskingItself() throws {
    let host = Self.host()
    host.elsewhere = [one: Self.holder()]
    host.stopLockspace()
    _ = host.hook(.prepare, vm1)
    host.holdsBack = { _ in false }
    #expect(try refusal(host, vm2).contains("on node node2 has held it"))
  }
}
