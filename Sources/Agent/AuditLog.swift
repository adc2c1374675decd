import AgentAPI
import GuardCore
import Logging

/// Writes what the guard did: one line each (``AuditEvent/line``).
struct AuditLog: Sendable {
  private let log: Logger

  init(_ log: Logger) {
    self.log = log
  }

  func write(_ event: AuditEvent, _ kind: AuditLine.Kind) {
    log.log(level: level(kind), "\(event.line)")
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
