import AgentAPI
import LockModel
import Logging
import Testing

@testable import Agent
@testable import GuardCore

/// What goes to the journal's own socket.
@Suite struct JournalTests {
  static let domain = Domain(
    uuid: DomainUUID("11111111-1111-4111-8111-111111111111")!, name: "web01")

  static func log(_ path: String, _ line: AuditLine) {
    let kind = line.kind
    AuditLog(
      Logger(label: "t") { _ in JournalLog(isJournal: true) }, journal: JournalSocket(path: path)
    )
    .write(line.event(at: Timestamp(milliseconds: 0)), kind)
  }

  @Test func anAuditLineHasFieldsOfItsOwn() throws {
    let scratch = try Scratch()
    let ear = try Ear(at: scratch.path("journal"))
    let owner = OwnerID(domain: Self.domain.uuid, instance: 4)
    Self.log(
      ear.address, AuditLine(.killed, Self.domain, owner, [("pid", "12"), ("reason", "a b")]))
    let entry = try #require(ear.hear())
    #expect(
      entry.split(separator: "\n") == [
        "MESSAGE=audit killed domain='web01' uuid=\(Self.domain.uuid) owner=\(owner) pid=12 reason='a b'",
        "PRIORITY=2", "SYSLOG_IDENTIFIER=dlmguardd", "DLMGUARD_EVENT=killed",
        "DLMGUARD_DOMAIN=web01",
        "DLMGUARD_UUID=\(Self.domain.uuid)", "DLMGUARD_OWNER=\(owner)", "DLMGUARD_PID=12",
        "DLMGUARD_REASON=a b",
      ])
  }

  /// Else a domain's name could make fields.
  @Test func aValueOfSeveralLinesIsOneField() throws {
    let scratch = try Scratch()
    let ear = try Ear(at: scratch.path("journal"))
    Self.log(
      ear.address, AuditLine(.bound, Domain(uuid: Self.domain.uuid, name: "a\n_UID=0"), nil))
    let entry = try #require(ear.hear())
    #expect(entry.contains("DLMGUARD_DOMAIN\n\u{8}\0\0\0\0\0\0\0a\n_UID=0\nDLMGUARD_UUID="))
  }

  @Test func withoutAJournalItIsKnown() {
    #expect(!JournalSocket(path: "/nowhere/at/all").send([("MESSAGE", "x")]))
  }
}
