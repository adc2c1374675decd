import AgentAPI
import GuardCore
import LockModel
import Logging

/// Writes what the guard did: one line each (``AuditEvent/line``), and in the journal its fields, too.
struct AuditLog: Sendable {
  private let log: Logger
  private let journal: JournalSocket?

  /// - Parameter journal: nil where the log goes elsewhere.
  init(_ log: Logger, journal: JournalSocket? = nil) {
    self.log = log
    self.journal = journal
  }

  func write(_ event: AuditEvent, _ kind: AuditLine.Kind) {
    let level = level(kind)
    if let journal, journal.send(fields(event, level)) { return }
    log.log(level: level, "\(event.line)")
  }

  private func fields(_ event: AuditEvent, _ level: Logger.Level) -> [(name: String, value: String)]
  {
    var fields = [
      ("MESSAGE", event.line), ("PRIORITY", "\(level.priority)"),
      ("SYSLOG_IDENTIFIER", "dlmguardd"), ("DLMGUARD_EVENT", event.kind),
    ]
    if let domain = event.domain {
      fields += [("DLMGUARD_DOMAIN", domain.name), ("DLMGUARD_UUID", "\(domain.uuid)")]
    }
    if let owner = event.owner { fields.append(("DLMGUARD_OWNER", "\(owner)")) }
    return fields + event.fields.map { ("DLMGUARD_\($0.name.uppercased())", $0.value) }
  }

  private func level(_ kind: AuditLine.Kind) -> Logger.Level {
    switch kind {
    case .lost, .killed, .isolated: .critical
    case .alarm, .contested, .paused, .impeded, .suspended: .error
    case .refused, .observed, .unguarded, .unready, .discovered, .revoked: .warning
    case .acquired, .incoming, .arrived, .outgoing, .stayed, .bound, .released, .saved, .recovered,
      .settled, .dead, .ready, .unimpeded, .resumed, .rejoined:
      .notice
    }
  }
}
