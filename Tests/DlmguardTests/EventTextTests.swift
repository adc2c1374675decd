import AgentAPI
import ArgumentParser
import GuardCore
import LockModel
import Testing

@testable import dlmguard

/// A domain may be called anything: what people read is one line, and paints nobody's terminal.
@Suite struct EventTextTests {
  static let hostile = "$(reboot)\u{1b}[2J\n\u{202e}'"

  static func event(_ name: String) -> AuditEvent {
    AuditEvent(
      time: Samples.since, kind: "refused", domain: Domain(uuid: Samples.uuid, name: name),
      owner: nil, fields: [.init(name: "reason", value: "held by \(name)")])
  }

  static func isHarmless(_ lines: [String]) -> Bool {
    lines.allSatisfy { line in
      line.unicodeScalars.allSatisfy {
        ![.control, .format, .lineSeparator, .paragraphSeparator]
          .contains($0.properties.generalCategory)
      }
    }
  }

  @Test func anEventIsOneLine() {
    #expect(
      EventText(event: Self.event("vm-1")).line
        == "2026-01-01T00:00:00Z  refused     vm-1  reason held by vm-1")
    let node = AuditEvent(
      time: Samples.since, kind: "suspended", domain: nil, owner: nil, fields: [])
    #expect(EventText(event: node).line == "2026-01-01T00:00:00Z  suspended   this node")
  }

  @Test func noNameMisleads() {
    #expect(Self.isHarmless([EventText(event: Self.event(Self.hostile)).line]))
    #expect(Self.isHarmless([Self.event(Self.hostile).line]))
    let claim = Claim(
      resource: Samples.claim.resource, mode: .pw, device: "disk '\u{1b}'", location: Self.hostile)
    let report = Samples.report(
      name: Self.hostile, claims: [claim],
      unguarded: [UnguardedResource(device: Self.hostile, description: Self.hostile)])
    let status = Samples.status(alarms: [Self.hostile], owners: [report])
    for style in [Style.plain, Style(width: 80, isBold: false)] {
      let holder = HolderReport(
        owner: Samples.owner, name: Self.hostile, node: NodeName(Self.hostile), phase: "running",
        since: Samples.since, claim: claim)
      let texts = [
        StatusText(status: status, style: style).lines,
        InquiryText(owners: [report], style: style).lines,
        HoldersText(
          subject: [("path", shown(Self.hostile)), ("resource", "\(claim.resource)")],
          holders: [holder], style: style
        ).lines,
        DoctorText(
          findings: [.failure("x", "guest \(Self.hostile)", Self.hostile)], style: style
        ).lines,
      ]
      for lines in texts { #expect(Self.isHarmless(lines), "\(lines)") }
    }
    for json in [status.json, report.json, Self.event(Self.hostile).json] {
      let text = String(decoding: json.bytes, as: UTF8.self)
      #expect(!text.contains("\u{1b}") && !text.contains("\n"))
    }
  }

  @Test func onlyTheDomainThatIsAskedAbout() {
    let event = Self.event("vm-1")
    #expect(
      event.concerns(nil) && event.concerns(.name("vm-1")) && event.concerns(.uuid(Samples.uuid)))
    #expect(!event.concerns(.name("vm-2")))
  }

  @Test func aLineOfTheJournalIsAnEvent() throws {
    let line =
      #"{"_PID":"9","__REALTIME_TIMESTAMP":"1767225600000000","PRIORITY":"4","MESSAGE":"audit refused "#
      + #"domain='vm-1' uuid=83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7 reason='held by vm-1'"}"#
    #expect(JournalEntry(Array(line.utf8))?.event == Self.event("vm-1"))
    let other = #"{"__REALTIME_TIMESTAMP":"1","MESSAGE":"dlmguardd is up"}"#
    #expect(try #require(JournalEntry(Array(other.utf8))).event == nil)
    let binary = #"{"__REALTIME_TIMESTAMP":"1","MESSAGE":[1,2,27]}"#
    #expect(try #require(JournalEntry(Array(binary.utf8))).event == nil)
    #expect(JournalEntry(Array("-- No entries --".utf8)) == nil)
  }

  /// As journalctl(1) takes them: relative times begin with a dash.
  @Test func relativeTimesAreNoOptions() throws {
    let arguments = ["audit", "--since", "-1h", "--until", "-5m"]
    let audit = try #require(try Dlmguard.parseAsRoot(arguments) as? Audit)
    #expect(audit.since == "-1h" && audit.until == "-5m")
  }

  @Test func journalctlIsAskedWithoutAShell() throws {
    let arguments = ["audit", "--since", "$(reboot)", "--domain", "vm", "--directory", "/j"]
    let audit = try #require(try Dlmguard.parseAsRoot(arguments) as? Audit)
    #expect(
      audit.journalctl == [
        "journalctl", "--quiet", "--no-pager", "--output=json", "--unit=dlmguardd.service",
        "--since=$(reboot)", "--directory=/j",
      ])
  }
}
