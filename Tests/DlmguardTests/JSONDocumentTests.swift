import AgentAPI
import Configuration
import Foundation
import GuardCore
import LockModel
import Testing

@testable import dlmguard

/// docs/json.md says what there is, all of it and nothing else.
@Suite struct JSONDocumentTests {
  static let text = try! String(
    contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../docs/json.md"), encoding: .utf8)

  /// The fields of a section's table.
  static func documented(_ section: String) -> Set<String> {
    let sections = text.components(separatedBy: "\n## ")
    guard let body = sections.first(where: { $0.hasPrefix("\(section)\n") }) else { return [] }
    return Set(
      body.split(separator: "\n").compactMap { line in
        line.hasPrefix("| `") ? line.dropFirst(3).prefix { $0 != "`" } : nil
      }.map(String.init))
  }

  /// Members that have a section of their own, or none.
  static let leaves: Set<String> = [
    "started", "since", "time", "owners[]", "claims[]", "claim", "fields", "labels", "value",
  ]

  static func fields(_ json: JSON, _ path: String = "") -> Set<String> {
    let name = path.split(separator: ".").last.map(String.init) ?? ""
    if leaves.contains(name) { return [path] }
    switch json {
    case .object(let members):
      return Set(members.flatMap { fields($0.value, path.isEmpty ? $0.key : "\(path).\($0.key)") })
    case .array(let elements): return Set(elements.flatMap { fields($0, "\(path)[]") })
    default: return [path]
    }
  }

  static let claim = Claim(
    resource: Samples.claim.resource, mode: .pr, use: .part, purpose: .pw, device: "d",
    location: "l")
  static let report = Samples.report(
    claims: [claim], unguarded: [UnguardedResource(device: "d", description: "x")])

  static func samples() throws -> [(section: String, json: JSON)] {
    let holder = HolderReport(
      owner: Samples.owner, name: "n", node: NodeName("n"), phase: "running", since: Samples.since,
      claim: claim)
    let mistakes = try #require(throws: Configuration.Mistakes.self) {
      _ = try Configuration(toml: "x = 1", file: "f")
    }
    return [
      (
        "status",
        StatusReport(
          version: "v", node: NodeName("n"), engine: "dlm", lockspace: "l", pid: 1,
          started: Samples.since, alarms: ["a"], owners: [report]
        ).json
      ),
      ("owner", report.json), ("claim", claim.json), ("time", Samples.since.json),
      (
        "holders",
        Who.json(claim.resource, [holder])
      ),
      (
        "event",
        AuditEvent(
          time: Samples.since, kind: "lost", domain: Domain(uuid: Samples.uuid, name: "n"),
          owner: Samples.owner, fields: []
        ).json
      ),
      ("metrics", .object(("metrics", .array([MetricsTextTests.family.json])))),
      ("doctor", DoctorText.json(Examination(DoctorTests.healthy()))),
      ("explanation", try ExplainTests.text().json), ("problems", mistakes.json),
      ("settings", SettingsTextTests.file.json),
    ]
  }

  @Test func everyFieldIsDocumentedAndThere() throws {
    for (section, json) in try Self.samples() {
      #expect(Self.fields(json) == Self.documented(section), "\(section)")
    }
  }

  @Test func everyKindOfEventIsDocumented() {
    for kind in AuditLine.Kind.allCases {
      #expect(Self.text.contains("`\(kind.rawValue)`"), "\(kind)")
    }
  }
}
