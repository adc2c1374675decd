/// Why the rest of the cluster may take this node for failed.
public struct Isolation: Hashable, Sendable {
  /// What is seen, for a person.
  public let reason: String
  /// How long corosync takes to notice that a node is silent, and then to form a ring without it, in ms:
  /// `token` and `consensus` of corosync.conf(5).
  public let reform: Int64

  /// - Parameter reform: nil where corosync has not told; its own defaults then.
  public init(reason: String, reform: Int64? = nil) {
    self.reason = reason
    self.reform = reform ?? 6_600
  }
}

/// What happens when, once a node is isolated (docs/decisions/23-isolated-node.md).
public struct IsolationTimeline: Hashable, Sendable {
  /// When a person is told, in ms: a ring that can be mended has been by then.
  public let alarm: Int64
  /// When the guests are dealt with, in ms; always later than the alarm.
  public let action: Int64

  /// - Parameter grace: what the operator gives, in ms; never less than two rounds of corosync's.
  public init(grace: Int64, reform: Int64) {
    alarm = reform
    action = max(grace, 2 * reform)
  }
}
