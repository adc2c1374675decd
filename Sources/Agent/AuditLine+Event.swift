import AgentAPI
import GuardCore
import LockModel

extension AuditLine {
  /// The same, as it goes to the log and to whoever listens.
  func event(at time: Timestamp) -> AuditEvent {
    AuditEvent(
      time: time, kind: kind.rawValue, domain: domain, owner: owner,
      fields: fields.map { AuditEvent.Field(name: $0.name, value: $0.value) })
  }
}
