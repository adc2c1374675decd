import AgentAPI
import Cluster
import Configuration
import GuardCore
import HostWatch
import LockModel
import Testing

@testable import dlmguard

@Suite struct DoctorTests {
  static let nodes = ClusterNodes(
    own: NodeID(1), listed: [NodeID(1)!, NodeID(2)!], names: [:], reform: 6_600)

  /// A node of a cluster on which everything is well.
  static func healthy(_ change: (inout Configuration) -> Void = { _ in }) -> DoctorFacts {
    var configuration = Configuration()
    configuration.engine = .dlm
    change(&configuration)
    var facts = DoctorFacts(settings: .valid(configuration), agent: .answers(status()))
    facts.version = "0.1.0"
    facts.hookTarget = configuration.hookFile
    facts.libvirt = (9, 0)
    facts.confinement = ["AppArmor"]
    facts.cluster = ClusterSight(
      corosync: .reachable(.held(members: [NodeID(1)!, NodeID(2)!])), nodes: nodes,
      controlDaemon: .running(fencing: .enabled), lockspace: .running)
    facts.others = cluster([])
    facts.kernelLocks = .shown(["\(Samples.claim.resource)"])
    facts.records = [
      .init(file: "\(Samples.owner).json", owner: Samples.owner, text: "web01", isAlive: true)
    ]
    return facts
  }

  static func status(
    engine: String = "dlm", version: String = "0.1.0", alarms: [String] = [],
    unguarded: [UnguardedResource] = []
  ) -> StatusReport {
    StatusReport(
      version: version, node: NodeName("node1"), engine: engine, lockspace: "libvirt", pid: 77,
      started: Samples.since, alarms: alarms, owners: [Samples.report(unguarded: unguarded)])
  }

  static func cluster(
    _ differences: [String], _ state: NodeReport.State = .answering, isConnected: Bool = true
  ) -> ClusterReport {
    ClusterReport(
      node: NodeName("node1"), lockspace: "libvirt", isConnected: isConnected, alarms: [],
      nodes: ["node1", "node2"].map { name in
        NodeReport(
          node: NodeName(name), id: nil, version: "0.1.0", protocolVersion: 1,
          state: name == "node1" ? .answering : state,
          differences: name == "node1" ? [] : differences, owners: [])
      })
  }

  static func places(_ identities: PathIdentity?...) -> [PlaceReport] {
    identities.enumerated().map {
      PlaceReport(node: NodeName("node\($0.offset + 1)"), identity: $0.element)
    }
  }

  static let lun = try! ResourceName("scsi:naa.1")

  static func place(_ result: Identification.Result) -> DoctorFacts.Place {
    DoctorFacts.Place(
      path: "/srv/a",
      identification: Identification(
        resource: Resource(
          kind: .file, device: "path", source: .file("/srv/a"), access: .exclusiveWrite),
        result: result))
  }

  @Test func aHealthyNodeIsWell() {
    let examination = Examination(Self.healthy())
    #expect(examination.worst == .ok)
    #expect(examination.findings.allSatisfy { $0.remedy == nil })
    #expect(examination.findings.count == 16)
    // One screen.
    let style = Style(width: 80, isBold: false)
    let lines = DoctorText(findings: examination.findings, style: style).lines
    #expect(lines.count < 24 && lines.allSatisfy { $0.count <= 80 })
    #expect(lines.last == "Everything is well.")
  }

  /// What is broken, the check that must say so, how bad it is, and a word of what mends it.
  struct Case: CustomTestStringConvertible {
    let testDescription: String
    let check: String
    let result: Finding.Result
    let remedy: String
    let facts: DoctorFacts

    init(
      _ name: String, _ check: String, _ result: Finding.Result, _ remedy: String,
      configured: (inout Configuration) -> Void = { _ in },
      change: (inout DoctorFacts) -> Void
    ) {
      (testDescription, self.check, self.result, self.remedy) = (name, check, result, remedy)
      var facts = DoctorTests.healthy(configured)
      change(&facts)
      self.facts = facts
    }
  }

  static var cases: [Case] {
    [
      Case("no hook", "hook", .failure, "make install") { $0.hook = .absent },
      Case("a directory for a hook", "hook", .failure, "make install") { $0.hook = .notAFile },
      Case("chmod -x hook", "hook", .failure, "chmod 755") { $0.hook = .notExecutable },
      Case("a hook that libvirtd has not seen", "hook", .warning, "restart libvirtd") {
        $0.hook = .newer(than: ProcessRef(pid: 4, startTime: 5))
      },
      Case("two hooks", "hook's place", .failure, "rm '/etc/libvirt/hooks/qemu'") {
        $0.secondHook = "/etc/libvirt/hooks/qemu"
      },
      Case("qemu.d for an old libvirt", "hook's place", .failure, "HOOK=") { $0.libvirt = (6, 4) },
      Case("a link out of AppArmor's bounds", "confinement", .failure, "make install") {
        $0.hookTarget = "/usr/lib/dlmguard/hook"
      },
      Case("the same unconfined", "confinement", .warning, "make install") {
        $0.hookTarget = "/usr/lib/dlmguard/hook"
        $0.confinement = []
      },
      Case("no agent", "agent", .failure, "systemctl enable --now dlmguardd") {
        $0.agent = .silent("no agent listens")
      },
      Case("an agent from before the upgrade", "version", .warning, "restart dlmguardd") {
        $0.agent = .answers(status(version: "0.0.9"))
      },
      Case("mistakes in the configuration", "configuration", .failure, "config check") {
        $0.settings = .mistaken(["f:1: x: is no setting of dlmguard"])
      },
      Case("another engine than configured", "engine", .failure, "restart dlmguardd") {
        $0.agent = .answers(status(engine: "local"))
      },
      Case("an agent that grants nothing", "engine", .failure, "dlmguard status") {
        $0.agent = .answers(status(alarms: ["no guest can be started: no quorum"]))
      },
      Case("no corosync", "quorum", .failure, "journalctl -u corosync") {
        $0.cluster?.corosync = .unreachable(.notRunning)
      },
      Case("a corosync that hangs", "quorum", .failure, "corosync-quorumtool") {
        $0.cluster?.corosync = .unanswered
      },
      Case("no quorum", "quorum", .failure, "corosync-quorumtool") {
        $0.cluster?.corosync = .reachable(.lost(members: [NodeID(1)!]))
      },
      Case("no dlm_controld", "fencing", .failure, "systemctl status dlm") {
        $0.cluster?.controlDaemon = .gone
      },
      Case("no fencing", "fencing", .failure, "dlm_tool dump_config") {
        $0.cluster?.controlDaemon = .running(fencing: .disabled)
      },
      Case(
        "no fencing, allowed", "fencing", .warning, "allow_unfenced",
        configured: { $0.allowUnfenced = true },
        change: { $0.cluster?.controlDaemon = .running(fencing: .disabled) }),
      Case("no lockspace", "lockspace", .failure, "restart dlmguardd") {
        $0.cluster?.lockspace = .absent
      },
      Case("a stopped lockspace", "lockspace", .warning, "dlm_tool ls") {
        $0.cluster?.lockspace = .stopped(.fencing([NodeID(2)!]))
      },
      Case(
        "a grace shorter than corosync's own", "timeline", .warning, "quorum_grace_ms to 13200",
        configured: { $0.policy.quorumGrace = 1_000 }, change: { _ in }),
      Case(
        "a timeline without fencing", "timeline", .warning, "configure fencing",
        configured: { $0.allowUnfenced = true }, change: { _ in }),
      Case("no debugfs", "debugfs", .failure, "mount -t debugfs") { $0.kernelLocks = .unreadable },
      Case("a status file of a newer libvirt", "libvirt", .failure, "ls -l") {
        $0.statusProblems = ["'a.xml': no domain"]
      },
      Case("a guest with a USB disk", "guests", .warning, "dlmguard explain 'web01'") {
        $0.agent = .answers(
          status(unguarded: [UnguardedResource(device: "usb", description: "a USB disk")]))
      },
      Case("an alarm", "alarms", .warning, "dlmguard status") {
        $0.agent = .answers(status(alarms: ["LOCK LOST"]))
      },
      Case("a record of nobody", "records", .warning, "restart dlmguardd") {
        $0.records.append(
          .init(file: "x.json", owner: nil, text: "it cannot be read", isAlive: nil))
      },
      Case("an unreadable ledger", "records", .failure, "df") { $0.ledgerProblem = "no such" },
      Case("a lock of nobody", "orphans", .warning, "adopts and frees") {
        $0.kernelLocks = .shown(["file:left"])
      },
      Case("a record in quarantine", "quarantine", .warning, "rm ") { $0.quarantined = ["x.json"] },
      Case("a path that is not there", "path", .failure, "ls -ld") { $0.place = place(.absent) },
      Case("a path without a name", "path", .failure, "[[storage]]") {
        $0.place = place(.failed("9p"))
      },
      Case("a path of other storage elsewhere", "path", .failure, "[[storage]]") {
        $0.place = place(.named(Footprint(lun)))
        $0.places = places(.named([lun]), .named([try! ResourceName("scsi:naa.2")]))
      },
      Case("a path of each node's own", "path", .warning, "[[storage]]") {
        $0.place = place(.named(Footprint(try! ResourceName("file:node1/1/2"))))
        $0.places = places(
          .named([try! ResourceName("file:node1/1/2")]),
          .named([try! ResourceName("file:node2/1/2")]))
      },
      Case("a path that a node cannot tell", "path", .warning, "docs/resources.md") {
        $0.place = place(.named(Footprint(lun)))
        $0.places = places(.named([lun]), .failed("it hangs"))
      },
      Case("a path that no agent can tell", "path", .warning, "docs/resources.md") {
        $0.place = place(.named(Footprint(lun)))
        $0.places = places(.failed("it hangs"), .failed("it hangs"))
      },
      Case("a path of which a node says nothing", "path", .warning, "status --cluster") {
        $0.place = place(.named(Footprint(lun)))
        $0.places = places(.named([lun]), nil)
      },
      Case("a node that is configured otherwise", "other nodes", .warning, "config show") {
        $0.others = cluster(["readonly"])
      },
      Case("a node without an agent", "other nodes", .warning, "enable --now") {
        $0.others = cluster([], .absent)
      },
      Case("agents that are not heard", "other nodes", .warning, "corosync-cpgtool") {
        $0.others = cluster([], isConnected: false)
      },
      Case("a path of this node alone", "path", .warning, "[[storage]]") {
        $0.place = place(.named(Footprint(try! ResourceName("file:node1/1/2"))))
      },
    ]
  }

  @Test(arguments: cases) func aBrokenSetUpIsTold(_ broken: Case) throws {
    let examination = Examination(broken.facts)
    let finding = try #require(examination.findings.first { $0.check == broken.check })
    #expect(finding.result == broken.result)
    #expect(finding.remedy?.contains(broken.remedy) == true, "\(finding)")
    #expect(examination.worst >= broken.result)
    // Nothing else is blamed for it, but what says the same again.
    let others = examination.findings.filter { $0.check != broken.check && $0.result != .ok }
    #expect(
      others.allSatisfy { ["alarms", "timeline", "fencing"].contains($0.check) }, "\(others)")
  }

  @Test func aPathThatAllNodesShareIsWell() throws {
    var facts = Self.healthy()
    facts.place = Self.place(.named(Footprint(Self.lun)))
    facts.places = Self.places(.named([Self.lun]), .named([Self.lun]), .absent)
    let finding = try #require(Examination(facts).findings.first { $0.check == "path" })
    #expect(finding == .ok("path", "'/srv/a' is scsi:naa.1 on node1, node2"))
  }

  @Test func oneHostNeedsNoCluster() {
    var facts = Self.healthy { $0.engine = .local }
    facts.agent = .answers(Self.status(engine: "local"))
    facts.cluster = nil
    facts.kernelLocks = nil
    let examination = Examination(facts)
    #expect(examination.worst == .ok)
    #expect(!examination.findings.contains { ["quorum", "fencing", "debugfs"].contains($0.check) })
  }

  @Test func whatIsWrongIsToldInWholeAndFits() throws {
    var facts = Self.healthy()
    facts.hook = .absent
    facts.quarantined = ["$(reboot)\u{1b}[2J"]
    let examination = Examination(facts)
    let lines = DoctorText(
      findings: examination.findings, style: Style(width: 80, isBold: false)
    ).lines
    #expect(lines.allSatisfy { $0.count <= 80 && !$0.contains("\u{1b}") })
    #expect(lines.contains { $0.hasPrefix("FAILURE  hook ") })
    #expect(lines.contains { $0.contains("→ make install") })
    #expect(lines.last == "1 failure, 1 warning.")
    let plain = DoctorText(findings: examination.findings, style: .plain).lines
    #expect(
      plain.contains {
        $0.hasSuffix("→ make install, then: systemctl restart libvirtd (guests go on)")
      })
    let json = DoctorText.json(examination)
    #expect(json["result"]?.stringValue == "failure")
  }

  @Test(arguments: [
    ("libvirtd (libvirt) 9.0.0", [9, 0]), ("libvirtd (libvirt) 6.4.12", [6, 4]),
    ("virtqemud (libvirt) 11.3", [11, 3]),
  ]) func libvirtSaysWhichItIs(line: String, numbers: [Int]) throws {
    let version = try #require(LibvirtVersion.read(line))
    #expect([version.major, version.minor] == numbers)
  }

  @Test(arguments: ["", "libvirtd", "libvirtd 9", "x y.z"])
  func otherWordsAreNoVersion(line: String) {
    #expect(LibvirtVersion.read(line) == nil)
  }
}
