import AgentAPI
import LockModel

/// One line of `journalctl --output=json`.
struct JournalEntry {
  /// What the guard did; nil where the line is none of the audit log.
  let event: AuditEvent?

  /// Nil for what is no entry at all.
  init?(_ line: [UInt8]) {
    guard let json = try? JSON(line),
      let microseconds = json["__REALTIME_TIMESTAMP"]?.stringValue.flatMap({ Int64($0) })
    else { return nil }
    event = json["MESSAGE"]?.stringValue.flatMap {
      AuditEvent(line: $0, at: Timestamp(milliseconds: microseconds / 1000))
    }
  }
}
