import AgentAPI
import DomainXML
import Foundation
import GuardCore
import LockModel
import Testing

@testable import dlmguard

@Suite struct ExplainTests {
  static let uuid = "83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7"
  static func xml(_ name: String, uuid: String = uuid) -> String {
    """
    <domain type='kvm'><name>\(name)</name><uuid>\(uuid)</uuid><devices>
      <disk type='block' device='disk'><source dev='/dev/sda1'/><target dev='vda'/></disk>
      <disk type='file' device='disk'><source file='/a'/><target dev='vdb'/><readonly/></disk>
      <disk type='file' device='disk'><source file='/gone'/><target dev='vdc'/></disk>
    </devices></domain>
    """
  }

  static func text() throws -> ExplanationText {
    let description = try DomainDescription(xml: Array(xml("web01").utf8))
    let disk = try ResourceName("wwid:naa.600508b1001c3a2b")
    let results: [Identification.Result] = [
      .named(Footprint(try ResourceName("part:wwid:naa.600508b1001c3a2b/1"), within: [disk])),
      .failed("the kernel says: " + String(repeating: "no answer ", count: 10)), .absent,
    ]
    var policy = Policy()
    policy.resources[.file] = .asUsed
    let explanation = Explanation(
      of: Domain(uuid: description.uuid, name: description.name),
      zip(description.resources, results).map { Identification(resource: $0, result: $1) },
      unguarded: [UnguardedResource(device: "tpm", description: "emulated TPM")], policy: policy)
    return ExplanationText(
      source: DomainSource(path: "/x/web01.xml", description: description),
      unguarded: [UnguardedResource(device: "tpm", description: "emulated TPM")],
      explanation: explanation)
  }

  @Test func peopleReadATable() throws {
    let lines = try Self.text().lines(Style(width: 80, isBold: false))
    #expect(
      lines == [
        "domain:  web01 (83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7)",
        "xml:     /x/web01.xml",
        "",
        "TARGET    KIND    MODE  SOURCE     WHY",
        "domain    domain  EX    web01      it runs once in the cluster",
        "  domain:83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7",
        "disk vda  block   PW    /dev/sda1  the only writer",
        "  part:wwid:naa.600508b1001c3a2b/1",
        "  part of  wwid:naa.600508b1001c3a2b",
        "disk vdb  file    -     /a         not known",
        "  it cannot be identified: the kernel says: no answer no answer no answer no",
        "  answer no answer no answer no answer no answer no answer no answer",
        "disk vdc  file    -     /gone      not there",
        "  it does not exist yet: a start is refused if libvirt does not create it",
        "",
        "Not guarded, because this version cannot lock it:",
        "DEVICE  WHAT",
        "tpm     emulated TPM",
      ])
    #expect(lines.allSatisfy { $0.count <= 80 })
  }

  @Test func programsReadEveryName() throws {
    let json = try Self.text().json
    #expect(json["domain"]?["name"] == .string("web01"))
    #expect(json["domain"]?["uuid"] == .string(Self.uuid))
    guard case .array(let entries)? = json["entries"] else { return #expect(Bool(false)) }
    #expect(entries.count == 6)
    func column(_ key: String) -> [JSON?] { entries.map { $0[key] } }
    #expect(
      column("target")
        == ["domain", "disk vda", "disk vda", "disk vda", "disk vdb", "disk vdc"].map(JSON.string))
    #expect(
      column("kind") == ["domain", "block", "block", "block", "file", "file"].map(JSON.string))
    #expect(
      column("mode") == [.string("EX"), .string("PW"), .string("PR"), .string("CW"), .null, .null])
    #expect(
      column("use") == [
        .string("whole"), .string("whole"), .string("part"), .string("part"), .null, .null,
      ])
    #expect(entries[3]["name"] == .string("wwid:naa.600508b1001c3a2b#"))
    #expect(entries[4]["name"] == .null && entries[4]["source"] == .string("/a"))
    #expect(column("reason").allSatisfy { $0 != nil })
    #expect(
      json["unguarded"]
        == .array([
          .object(("target", .string("tpm")), ("description", .string("emulated TPM")))
        ]))
    guard case .string(let refusal)? = json["refusal"] else { return #expect(Bool(false)) }
    #expect(refusal.contains("disk vdb '/a' cannot be identified"))
  }

  /// A node's directories, with a domain in each.
  final class Files {
    let root = FileManager.default.temporaryDirectory.appending(path: "explain-\(UUID())")
    let files: DomainFiles

    init() throws {
      for name in ["run", "etc"] {
        try FileManager.default.createDirectory(
          at: root.appending(path: name), withIntermediateDirectories: true)
      }
      files = DomainFiles(
        runDirectory: root.appending(path: "run").path,
        definitions: root.appending(path: "etc").path)
    }

    func write(_ text: String, _ path: String) throws {
      try text.write(to: root.appending(path: path), atomically: true, encoding: .utf8)
    }

    func found(_ domain: String) throws -> String {
      try files.find(domain).path.replacing(root.path + "/", with: "")
    }

    deinit {
      try? FileManager.default.removeItem(at: root)
    }
  }

  @Test func whatRunsIsToldAsItRuns() throws {
    let files = try Files()
    try files.write(Self.xml("a"), "etc/a.xml")
    #expect(try files.found("a") == "etc/a.xml")
    #expect(try files.found(Self.uuid) == "etc/a.xml")
    try files.write(Self.xml("a"), "run/a.xml")
    #expect(try files.found("a") == "run/a.xml")
    #expect(try files.found(Self.uuid) == "run/a.xml")
    #expect(try files.found(files.root.appending(path: "etc/a.xml").path) == "etc/a.xml")
  }

  @Test func whatCannotBeReadIsNotTheLastWord() throws {
    let files = try Files()
    try files.write("<garbage/>", "run/a.xml")
    #expect { try files.found("a") } throws: { "\($0)".contains("run/a.xml' is no domain XML: ") }
    try files.write(Self.xml("a"), "etc/a.xml")
    #expect(try files.found("a") == "etc/a.xml")
  }

  @Test(arguments: ["b", "../etc/a", "", "83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f8"])
  func othersAreNobody(domain: String) throws {
    let files = try Files()
    try files.write(Self.xml("a"), "etc/a.xml")
    #expect { try files.found(domain) } throws: { error in
      "\(error)".contains("is no file, and no domain of this node") && "\(error)".contains("/etc")
    }
  }
}
