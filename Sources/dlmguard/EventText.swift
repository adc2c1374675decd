import AgentAPI
import LockModel

/// What the guard did, for a person: `2026-03-01T09:30:05Z  acquired  vm-1  count 3, claims …`.
struct EventText {
  let event: AuditEvent

  var line: String {
    let kind = shown(event.kind)
    let who = event.domain.map { shown($0.name) } ?? "this node"
    let fields = event.fields.map { "\(shown($0.name)) \(shown($0.value))" }
      .joined(separator: ", ")
    let padded = kind + String(repeating: " ", count: max(0, 10 - kind.count))
    return "\(event.time)  \(padded)  \(who)" + (fields.isEmpty ? "" : "  \(fields)")
  }
}

extension AuditEvent {
  /// Whether it is about that domain; everything is about nil.
  func concerns(_ selector: DomainSelector?) -> Bool {
    switch selector {
    case nil: true
    case .uuid(let uuid): domain?.uuid == uuid
    case .name(let name): domain?.name == name
    }
  }
}
