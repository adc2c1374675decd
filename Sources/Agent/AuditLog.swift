import GuardCore
import LockModel
import Logging

/// Writes what the guard did: one line each, `audit KIND domain=… uuid=… owner=… …`, whose field
/// names programs may rely on.
struct AuditLog: Sendable {
  private let log: Logger

  init(_ log: Logger) {
    self.log = log
  }

  func write(_ line: AuditLine) {
    var text = "audit \(line.kind.rawValue)"
    if let domain = line.domain { text += " domain=\(Quoted(domain.name)) uuid=\(domain.uuid)" }
    if let owner = line.owner { text += " owner=\(owner)" }
    for field in line.fields { text += " \(field.name)=\(value(field.value))" }
    log.log(level: level(line.kind), "\(text)")
  }

  /// Quoted where a reader could not tell the value's end.
  private func value(_ text: String) -> String {
    let isPlain =
      !text.isEmpty && text.utf8.allSatisfy { $0 != 0x27 && ResourceName.isPrintable($0) }
    return isPlain ? text : "\(Quoted(text, limit: 4000))"
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
