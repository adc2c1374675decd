import LockModel

/// What the cluster watch has last said.
struct ClusterStanding {
  private var names: [NodeID: NodeName] = [:]
  private(set) var here: NodeID?
  /// Why nothing new may be locked.
  fileprivate(set) var impediment: String?
  /// What the operator has decided against advice.
  fileprivate(set) var warning: String?
  /// Why the engine does not answer, though nothing is wrong.
  var waiting: String?
  /// Why what is locked cannot be trusted.
  fileprivate(set) var suspension: String?

  mutating func take(_ names: [NodeID: NodeName], here: NodeID?) {
    self.names = names
    self.here = here
  }

  /// Nil for a node that nobody has named.
  func name(_ node: NodeID) -> NodeName? { names[node] }
}

// What is true of the whole node for a while: it stands in `status` for as long, and in the log when
// it begins and ends.
extension Guard {
  mutating func impede(_ reason: String?) {
    guard reason != cluster.impediment else { return }
    cluster.impediment = reason
    if let reason {
      auditNode(.impeded, ("reason", reason))
    } else {
      auditNode(.unimpeded)
      // What could not be locked meanwhile may be now.
      if readiness == .ready { effects.append(.sight(nil)) }
    }
  }

  mutating func warn(_ text: String?) {
    guard text != cluster.warning else { return }
    cluster.warning = text
    if let text { auditNode(.alarm, ("text", text)) }
  }

  mutating func misconfigure(_ problem: String?) {
    guard problem != misconfiguration else { return }
    misconfiguration = problem
    if let problem { auditNode(.alarm, ("text", problem)) }
  }

  mutating func unhook(_ reason: String?) {
    guard reason != unhooked else { return }
    unhooked = reason
    if let reason { auditNode(.alarm, ("text", reason)) }
  }

  mutating func suspend(_ reason: String) {
    guard reason != cluster.suspension else { return }
    cluster.suspension = reason
    auditNode(.suspended, ("reason", reason))
  }

  mutating func resumeTrust() {
    guard cluster.suspension != nil else { return }
    cluster.suspension = nil
    auditNode(.resumed)
  }

  /// Why nothing may be locked that is not locked already; nil where the engine may be asked.
  var obstacle: String? {
    unreadiness ?? cluster.impediment
      ?? cluster.suspension.map { "this node's locks cannot be trusted for now: \($0)" }
  }

  /// What stands in `status` before the alarms of single owners.
  var standingAlarms: [String] {
    [
      unreadiness.map { "no guest can be started: \($0)" },
      cluster.suspension.map {
        "the locks of this node cannot be trusted for now: \($0). Running guests go on"
      },
      isolationAlarm,
      cluster.impediment.map { "no guest can be started: \($0)" },
      unhooked, cluster.warning, misconfiguration, disagreement,
    ].compactMap { $0 }
  }
}
