import AgentAPI
import LockModel
import Testing

@Suite struct AuditEventTests {
  static let uuid = DomainUUID("83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7")!
  static let time = Timestamp(milliseconds: 1_767_225_600_000)

  static func event(
    _ name: String?, fields: [(String, String)], owner: OwnerID? = nil
  ) -> AuditEvent {
    AuditEvent(
      time: time, kind: "acquired", domain: name.map { Domain(uuid: uuid, name: $0) },
      owner: owner, fields: fields.map { .init(name: $0.0, value: $0.1) })
  }

  static let events = [
    event(nil, fields: []),
    event("vm-1", fields: [("count", "2")], owner: OwnerID(domain: uuid, instance: 4)),
    event("$(reboot)\u{1b}[2J", fields: [("reason", "it's \\ held\nby 'x'"), ("empty", "")]),
    event("a' b='c", fields: [("claims", "PW:file:a=b EX:c"), ("text", "'\u{301}\u{202e}\t")]),
  ]

  @Test(arguments: events) func lineAndJSONReadBack(event: AuditEvent) throws {
    #expect(AuditEvent(line: event.line, at: Self.time) == event)
    #expect(try AuditEvent(try JSON(event.json.bytes)) == event)
    #expect(event.line.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
  }

  @Test func aLineIsWhatProgramsRelyOn() {
    #expect(
      Self.events[1].line
        == "audit acquired domain='vm-1' uuid=\(Self.uuid) owner=\(Self.uuid).4 count=2")
  }

  @Test(arguments: [
    "", "audit", "audit ", "dlmguardd is up", "audit x y", "audit x =1", "audit x a='b",
    "audit x a='b\\", "audit x\ny", "audit x a\nb=c", "audit 'x'", "audit x domain='a'",
    "audit x domain='a' uuid=b", "audit x owner=b",
    "audit x a='b'c='d'", "audit x a='\\u{110000}'", "audit x a='\\z'",
  ]) func otherLinesAreNone(line: String) {
    #expect(AuditEvent(line: line, at: Self.time) == nil)
  }

  @Test func metricsReadBack() throws {
    let family = MetricFamily(
      "dlmguard_x_seconds", "h", .histogram,
      [
        .init(suffix: "_bucket", [.init("le", "+Inf"), .init("n", "a\"\n")], 3),
        .init(suffix: "_sum", [], 0.25),
      ])
    let reply = Reply.metrics([family])
    #expect(try Reply(try JSON(reply.json.bytes)) == reply)
  }
}
