import AgentAPI
import Directory
import GuardCore
import LockModel
import Testing

/// What this node tells the others, and what it makes of what they tell.
@Suite struct DirectoryTests {
  let vm1 = VM(1, [disk("/one")])
  let vm2 = VM(2, [disk("/two"), disk("/one", target: "vdb")])
  let one = try! ResourceName("file:/one")
  static let node2 = NodeID(2)!
  static let stranger = DomainUUID("11111111-1111-4111-8111-111111111111")!
  static let since = Timestamp(milliseconds: 1_772_357_400_000)

  static func view(agents: Set<UInt32> = [1, 2], nodes: Set<UInt32> = [1, 2]) -> DirectoryNews {
    .view(
      ClusterView(
        here: NodeID(1)!, ring: 1, nodes: Set(nodes.map { NodeID($0)! }),
        agents: Dictionary(uniqueKeysWithValues: agents.map { (NodeID($0)!, $0 * 10) }),
        isSettled: true))
  }

  static func joined() -> TestHost {
    let host = ElsewhereTests.host()
    host.happen(.directory(view()))
    return host
  }

  static func reader(_ mode: LockMode = .pr, name: String = "reader", phase: String = "running")
    -> DirectoryEntry
  {
    DirectoryEntry(
      owner: OwnerID(domain: stranger, instance: 4), name: name, phase: phase, pid: 9, since: since,
      claims: [
        Claim(
          resource: try! ResourceName("file:/one"), mode: mode, device: "disk vdc", location: "/1")
      ])
  }

  static func say(
    _ host: TestHost, _ entries: [DirectoryEntry], settings: SettingsDigest = SettingsDigest(),
    version: ProtocolVersion = .current
  ) {
    let profile = AgentProfile(node: NodeName("two"), version: "9", settings: settings)
    for message in [.snapshotBegin(profile)] + entries.map(DirectoryMessage.ownerSet)
      + [.snapshotEnd]
    {
      host.happen(
        .directory(.heard(Heard(node: node2, agent: 20, version: version, message: message))))
    }
  }

  func names(_ messages: [DirectoryMessage]) -> [String] {
    messages.map { message in
      switch message {
      case .snapshotBegin: "begin"
      case .snapshotEnd: "end"
      case .ownerSet(let entry): "\(entry.name) \(entry.phase)"
      case .ownerGone: "gone"
      case .profile: "profile"
      case .question, .answer, .look, .sight: "?"
      }
    }
  }

  func alarms(_ host: TestHost) -> [String] {
    guard case .status(let status) = host.ask(.status) else { return ["no answer"] }
    return status.alarms
  }

  // MARK: - Announcing

  @Test func whatChangesIsToldOnce() {
    let host = Self.joined()
    #expect(host.announced.map(names) == [["begin", "end"]])
    host.start(vm1)
    // Not before it is granted, and not the fsync after it.
    #expect(host.announced.dropFirst().map(names) == [["vm-1 prepared"], ["vm-1 running"]])
    host.exit(vm1.process)
    host.pass(10_000)
    #expect(host.announced.last.map(names) == ["gone"])
    let count = host.announced.count
    host.pass(60_000)
    #expect(host.announced.count == count)
  }

  @Test func aRefusedStartIsNobodysBusiness() {
    let host = Self.joined()
    host.elsewhere = [one: nil]
    host.start(vm1)
    #expect(host.announced.map(names) == [["begin", "end"]])
  }

  @Test func whoeverJoinsIsToldEverything() {
    let host = Self.joined()
    host.start(vm1)
    host.happen(.directory(Self.view(agents: [1])))
    let count = host.announced.count
    host.happen(.directory(Self.view()))
    #expect(host.announced.dropFirst(count).map(names) == [["begin", "vm-1 running", "end"]])
  }

  @Test func whatWasMissedIsSaidAgainWhole() {
    let host = Self.joined()
    host.start(vm1)
    host.happen(.directory(.missed))
    #expect(host.announced.last.map(names) == ["begin", "vm-1 running", "end"])
  }

  @Test func nothingIsToldToNobody() {
    let host = ElsewhereTests.host()
    host.start(vm1)
    #expect(host.announced.isEmpty)
    host.happen(.directory(Self.view()))
    host.happen(.directory(.severed))
    let count = host.announced.count
    host.start(VM(3, []))
    #expect(host.announced.count == count)
    host.happen(.directory(Self.view()))
    #expect(host.announced.last.map(names) == ["begin", "vm-1 running", "vm-3 running", "end"])
  }

  /// The next agent joins before it has read what is on record.
  @Test func whatIsOnRecordIsToldWithTheFirstWord() {
    let former = Self.joined()
    former.start(vm1)
    let next = TestHost(isReady: false, lockspace: "libvirt")
    next.happen(.joining("x"))
    next.happen(.directory(Self.view()))
    #expect(next.announced.isEmpty)
    _ = TestHost.restarted(former, as: next)
    #expect(
      next.announced.first.map(names)?.contains { $0.hasPrefix("vm-1") } == true,
      "\(next.announced.map(names))")
    #expect(next.announced.last.map(names).map { $0.contains("gone") } == false)
  }

  @Test func aNewConfigurationIsTold() {
    let host = Self.joined()
    let settings = SettingsDigest([.readOnly: ["x"]])
    host.happen(.directory(.settings(settings)))
    host.happen(.directory(.settings(settings)))
    #expect(host.announced.map(names) == [["begin", "end"], ["profile"]])
  }

  // MARK: - Refusals

  @Test func aReaderOfAnotherNodeIsNamed() throws {
    let host = Self.joined()
    Self.say(host, [Self.reader()])
    host.elsewhere = [one: nil]
    #expect(
      host.start(vm2)?.refusal?.message
        == "start of 'vm-2' refused: disk vdb '/one' is wanted in exclusive write, but domain 'reader' "
        + "(UUID \(Self.stranger)) on node node2 has held it in read-only since 2026-03-01T09:30:00Z "
        + "(disk vdc, running). Shut it down there first: virsh -c qemu+ssh://node2/system domstate "
        + "\(Self.stranger). If node node2 is dead, it must be fenced before its locks go: see dlm_tool "
        + "status")
  }

  @Test func oneWhoWouldNotBeInTheWayIsNotBlamed() throws {
    let host = Self.joined()
    Self.say(host, [Self.reader(.cr)])
    host.elsewhere = [one: nil]
    #expect(try #require(host.start(vm1)?.refusal).message.contains("cannot say who it is"))
  }

  @Test func theResourcesOwnWordCounts() throws {
    let host = Self.joined()
    Self.say(host, [Self.reader(.pw, name: "writer")])
    host.elsewhere = [one: ElsewhereTests.holder()]
    let named = try #require(host.start(vm1)?.refusal).message
    #expect(named.contains("domain 'writer'") && named.contains("(disk vdc, running)"))
    // What the directory says of somebody else is not what stands there.
    host.elsewhere = [one: ElsewhereTests.holder(vm2.uuid)]
    let other = try #require(host.start(vm1)?.refusal).message
    #expect(!other.contains("writer") && other.contains("domain UUID \(vm2.uuid)"))
  }

  @Test func ofWhomNobodySpeaksAnyMoreThatIsSaid() throws {
    let host = Self.joined()
    Self.say(host, [Self.reader()])
    host.pass(5_000)
    host.happen(.directory(Self.view(agents: [1])))
    host.elsewhere = [one: nil]
    let message = try #require(host.start(vm1)?.refusal).message
    let since = Timestamp(milliseconds: host.time)
    #expect(
      message.contains(
        "This is what node node2 last said: its agent does not answer since \(since)"))
  }

  @Test func aSavedGuestIsNotToBeShutDown() throws {
    let host = Self.joined()
    Self.say(host, [Self.reader(phase: "saved")])
    host.elsewhere = [one: nil]
    let message = try #require(host.start(vm1)?.refusal).message
    #expect(
      message.contains("virsh -c qemu+ssh://node2/system managedsave-remove \(Self.stranger)"))
  }

  @Test func severalAreCounted() throws {
    let host = Self.joined()
    let other = DirectoryEntry(
      owner: OwnerID(domain: vm2.uuid, instance: 1), name: "other", phase: "running", pid: 1,
      since: Self.since, claims: Self.reader().claims)
    Self.say(host, [Self.reader(), other])
    host.elsewhere = [one: nil]
    #expect(try #require(host.start(vm1)?.refusal).message.contains("node node2 (and 1 more) has"))
  }

  @Test func theTwinIsFoundWithoutItsSignature() throws {
    let host = Self.joined()
    let domain = ResourceName(domain: vm1.uuid)
    Self.say(
      host,
      [
        DirectoryEntry(
          owner: OwnerID(domain: vm1.uuid, instance: 1), name: "vm-1", phase: "running", pid: 1,
          since: Self.since,
          claims: [Claim(resource: domain, mode: .ex, device: "domain", location: "vm-1")])
      ])
    host.elsewhere = [domain: nil]
    let message = try #require(host.start(vm1)?.refusal).message
    #expect(
      message.contains("SAME guest (UUID \(vm1.uuid)) already runs on node node2 since 2026-03-01"))
  }

  // MARK: - Answers for all nodes

  @Test func whoAndInquireAnswerForAllNodes() throws {
    let host = Self.joined()
    Self.say(host, [Self.reader(.pr, name: "vm-9")])
    host.start(VM(9, [disk("/one", .readOnly)]))
    guard case .holders(_, let holders) = host.ask(.who(path: "/one")) else {
      return #expect(Bool(false))
    }
    #expect(holders.map { "\($0.node) \($0.name)" } == ["node1 vm-9", "node2 vm-9"])
    guard case .holders(_, let same) = host.ask(.whoHolds(one)) else {
      return #expect(Bool(false))
    }
    #expect(same.map(\.owner) == holders.map(\.owner))
    guard case .owners(let owners) = host.ask(.inquire(.name("vm-9"))) else {
      return #expect(Bool(false))
    }
    #expect(owners.map(\.node.description) == ["node1", "node2"])
    guard case .owners(let byUUID) = host.ask(.inquire(.uuid(Self.stranger))) else {
      return #expect(Bool(false))
    }
    #expect(byUUID.map(\.pid) == [9] && byUUID.map(\.unattendedSince) == [nil])
  }

  @Test func theWholeClusterIsReported() throws {
    let host = Self.joined()
    host.happen(.directory(Self.view(nodes: [1, 2, 3])))
    Self.say(host, [Self.reader()], settings: SettingsDigest([.storage: ["x"]]))
    host.happen(.directory(.settings(SettingsDigest([.storage: ["y"]]))))
    host.start(VM(3, [disk("/two")]))
    guard case .cluster(let report) = host.ask(.cluster) else { return #expect(Bool(false)) }
    #expect(report.nodes.map(\.node.description) == ["node1", "node2", "node id 3"])
    #expect(report.nodes.map(\.state) == [.answering, .answering, .absent])
    #expect(report.nodes.map(\.version) == ["t", "9", nil])
    #expect(report.nodes.map(\.differences) == [[], ["[[storage]]"], []])
    #expect(report.nodes.map { $0.owners.map(\.name) } == [["vm-3"], ["reader"], []])
    #expect(report.isConnected && report.lockspace == "libvirt")
    host.happen(.directory(.severed))
    guard case .cluster(let alone) = host.ask(.cluster) else { return #expect(Bool(false)) }
    #expect(!alone.isConnected && alone.nodes.count == 1)
  }

  // MARK: - Nodes that do not fit together

  @Test func anotherConfigurationIsOneAlarm() {
    let host = Self.joined()
    host.happen(.directory(.settings(SettingsDigest([.readOnly: ["a"], .storage: ["x"]]))))
    Self.say(host, [], settings: SettingsDigest([.readOnly: ["b"], .storage: ["y"]]))
    Self.say(host, [], settings: SettingsDigest([.readOnly: ["b"], .storage: ["y"]]))
    #expect(
      alarms(host) == [
        "this node is configured otherwise than node node2 (readonly, [[storage]]): guests of nodes "
          + "that do not agree may not keep each other out. Make these settings of dlmguard.conf the "
          + "same on all nodes, then systemctl reload dlmguardd"
      ])
    #expect(host.audits.count { $0.kind == .alarm } == 1)
    Self.say(host, [], settings: SettingsDigest([.readOnly: ["a"], .storage: ["x"]]))
    #expect(alarms(host) == [])
  }

  @Test func aFarVersionIsAnAlarm() {
    let host = Self.joined()
    Self.say(host, [Self.reader()], version: ProtocolVersion(3))
    let alarms = alarms(host)
    #expect(alarms.count == 1 && alarms[0].contains("node node2 (3)"), "\(alarms)")
    guard case .cluster(let report) = host.ask(.cluster) else { return #expect(Bool(false)) }
    #expect(report.nodes.map(\.state) == [.answering, .foreign])
    #expect(report.nodes.map(\.owners.count) == [0, 0])
  }

  @Test func oneVersionApartIsNone() {
    let host = Self.joined()
    Self.say(host, [Self.reader()], version: ProtocolVersion(2))
    #expect(alarms(host) == [])
    guard case .cluster(let report) = host.ask(.cluster) else { return #expect(Bool(false)) }
    #expect(report.nodes.map(\.protocolVersion) == [1, 2] && report.nodes[1].owners.count == 1)
  }
}
