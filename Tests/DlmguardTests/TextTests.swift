import AgentAPI
import Glibc
import LockModel
import Testing

@testable import dlmguard

@Suite struct TextTests {
  let terminal = Style(width: 80, isBold: false)

  @Test func alarmsComeFirst() {
    let status = Samples.status(
      alarms: ["guest 'db02' runs without locks"],
      owners: [Samples.report(), Samples.report(name: "saved\n1", pid: nil, claims: [])])
    #expect(
      StatusText(status: status, style: .plain).lines == [
        "ALARM: guest 'db02' runs without locks",
        "",
        "node:    node1",
        "engine:  local",
        "agent:   dlmguard 0.1.0, pid 77, up since 2026-01-01T00:00:00Z",
        "",
        "DOMAIN      PHASE    PID   CLAIMS  SINCE",
        "web01       running  4242  1       2026-01-01T00:00:00Z",
        "'saved\\n1'  running  -     0       2026-01-01T00:00:00Z",
      ])
    let bold = StatusText(status: status, style: Style(width: 80, isBold: true)).lines
    #expect(bold[0] == "\u{1b}[1mALARM: guest 'db02' runs without locks\u{1b}[0m")
  }

  @Test func aClustersLockspaceIsNamed() {
    let status = StatusReport(
      version: "0.1.0", node: NodeName("node1"), engine: "dlm", lockspace: "libvirt", pid: 77,
      started: Samples.since, alarms: [], owners: [])
    let lines = StatusText(status: status, style: .plain).lines
    #expect(lines.contains("engine:  dlm, lockspace libvirt"))
  }

  @Test func anIdleNodeSaysSo() {
    let lines = StatusText(status: Samples.status(), style: .plain).lines
    #expect(lines.first == "node:    node1")
    #expect(lines.last == "No domain holds anything on this node.")
  }

  @Test func whatIsNotGuardedIsListed() {
    let report = Samples.report(unguarded: [
      UnguardedResource(device: "disk vdb", description: "network disk (rbd pool/image)")
    ])
    let expected = [
      "", "Not guarded, because this version cannot lock it:", "DOMAIN  DEVICE    WHAT",
      "web01   disk vdb  network disk (rbd pool/image)",
    ]
    let status = StatusText(status: Samples.status(owners: [report]), style: .plain).lines
    #expect(status.suffix(4) == expected[...])
    #expect(InquiryText(owners: [report], style: .plain).lines.suffix(4) == expected[...])
  }

  @Test func anInquiryNamesEveryClaim() {
    #expect(
      InquiryText(owners: [Samples.report()], style: .plain).lines == [
        "domain:  web01 (83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7)",
        "phase:   running since 2026-01-01T00:00:00Z, process 4242",
        "node:    node1",
        "",
        "MODE             DEVICE    LOCATION"
          + String(repeating: " ", count: Samples.path.count - 6) + "RESOURCE",
        "exclusive write  disk vda  \(Samples.path)  file:0123456789abcdef:4711",
      ])
  }

  @Test func tablesFitTheTerminal() throws {
    let lines = InquiryText(owners: [Samples.report()], style: terminal).lines
    #expect(lines.allSatisfy { $0.count <= 80 })
    let row = try #require(lines.last)
    #expect(row.contains("…") && row.contains("/web01.qcow2  file:0123"))
  }

  @Test func holdersAreNamed() {
    let holder = HolderReport(
      owner: Samples.owner, name: "web01", node: NodeName("node1"), phase: "running",
      since: Samples.since, claim: Samples.claim)
    let subject = [("path", "/a b"), ("resource", "\(Samples.claim.resource)")]
    #expect(
      HoldersText(subject: subject, holders: [holder], style: .plain).lines == [
        "path:      /a b",
        "resource:  file:0123456789abcdef:4711",
        "",
        "DOMAIN  NODE   MODE             DEVICE    PHASE    SINCE",
        "web01   node1  exclusive write  disk vda  running  2026-01-01T00:00:00Z",
      ])
    #expect(
      HoldersText(subject: subject, holders: [], style: .plain).lines
        == ["nobody holds /a b (file:0123456789abcdef:4711)"])
  }

  @Test func whatASilentAgentLastSaidIsMarked() {
    let holder = HolderReport(
      owner: Samples.owner, name: "web01", node: NodeName("node2"), phase: "running",
      since: Samples.since, claim: Samples.claim, unattendedSince: Samples.since)
    let lines = HoldersText(subject: [("path", "/a")], holders: [holder], style: .plain).lines
    #expect(lines.contains { $0.contains("running (unattended)") })
    #expect(
      lines.last
        == "The agent of node2 does not answer since 2026-01-01T00:00:00Z: this is what it last said."
    )
  }

  @Test func theClusterIsShownByNode() {
    let owner = OwnerSummary(
      owner: Samples.owner, name: "web01", phase: "running", since: Samples.since,
      claims: [Samples.claim])
    let nodes = [
      NodeReport(
        node: NodeName("node1"), id: NodeID(1), version: "0.1.0", protocolVersion: 1,
        state: .answering, owners: []),
      NodeReport(
        node: NodeName("node2"), id: NodeID(2), version: "0.1.0", protocolVersion: 1,
        state: .silent(since: Samples.since), differences: ["readonly"], owners: [owner]),
      NodeReport(
        node: NodeName("node3"), id: NodeID(3), version: nil, protocolVersion: nil, state: .absent,
        owners: []),
    ]
    let cluster = ClusterReport(
      node: NodeName("node1"), lockspace: "libvirt", isConnected: true, alarms: ["look"],
      nodes: nodes)
    #expect(
      ClusterText(cluster: cluster, style: .plain).lines == [
        "ALARM: look",
        "",
        "lockspace: libvirt",
        "",
        "NODE   ID  AGENT  PROTOCOL  DOMAINS  STATE",
        "node1  1   0.1.0  1         0        answers",
        "node2  2   0.1.0  1         1        its agent does not answer since 2026-01-01T00:00:00Z; "
          + "other settings: readonly",
        "node3  3   -      -         ?        no agent has been heard",
        "",
        "DOMAIN  NODE   PHASE                 CLAIMS  SINCE",
        "web01   node2  running (unattended)  1       2026-01-01T00:00:00Z",
      ])
    let alone = ClusterReport(
      node: NodeName("node1"), lockspace: "libvirt", isConnected: false, alarms: [],
      nodes: [nodes[0]])
    let lines = ClusterText(cluster: alone, style: .plain).lines
    #expect(lines[0].contains("does not hear the other agents"))
    #expect(lines.last == "No domain holds anything.")
  }

  @Test func anUnreachableAgentComesWithAdvice() {
    let reasons: [AgentUnreachable] = [
      .noAgent(ENOENT), .noAgent(ECONNREFUSED), .noAgent(EACCES), .noAgent(ENAMETOOLONG),
      .noAgent(EMFILE), .hungUp, .garbled("byte 3: x\ny"),
    ]
    for reason in reasons {
      let line = UnreachableText(path: "/run/a\nb", reason: reason).line
      #expect(!line.contains("\n") && line.contains("'/run/a\\nb'"))
    }
    let down = UnreachableText(path: "/s", reason: .noAgent(ENOENT)).line
    #expect(down.contains("systemctl start dlmguardd") && down.contains("journalctl"))
    #expect(UnreachableText(path: "/s", reason: .noAgent(EACCES)).line.contains("root"))
  }

  @Test(arguments: [
    ("/a", "/w", "/a"), ("a", "/w", "/w/a"), ("./a/../b", "/w", "/w/./a/../b"), ("a", "/", "/a"),
    ("/a", nil, "/a"), ("a", nil, nil),
  ]) func pathsBecomeAbsolute(path: String, directory: String?, expected: String?) {
    #expect(AbsolutePath.of(path, in: directory) == expected)
  }

  @Test func theWorkingDirectoryIsAbsolute() throws {
    #expect(try #require(AbsolutePath.workingDirectory).hasPrefix("/"))
  }
}
