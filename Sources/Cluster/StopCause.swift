import LockModel

/// What a stopped lockspace waits for, in the order in which dlm_controld goes through it
/// (`wait_conditions_done` in its cpg.c).
public enum StopCause: Hashable, Sendable {
  /// For corosync and dlm_controld to be of one mind about the membership.
  case membership
  /// For quorum.
  case quorum
  /// For these nodes to be fenced; empty where it does not tell which.
  case fencing([NodeID])
  /// For cluster filesystems to recover.
  case filesystems
  /// For that many nodes to say that they are ready.
  case nodes(Int)
  /// For the kernel, which rebuilds its locks: dlm_controld has done its part.
  case kernel

  /// Who has to do what, in a clause.
  func clause(_ nodes: ClusterNodes?) -> String {
    switch self {
    case .membership: "dlm_controld waits until the membership of the cluster has settled"
    case .quorum: "dlm_controld waits for quorum"
    case .fencing(let failed) where failed.isEmpty:
      "dlm_controld waits for fencing of a failed node"
    case .fencing(let failed):
      "dlm_controld waits for fencing of "
        + (nodes ?? ClusterNodes(own: nil, listed: [], names: [:])).enumeration(of: failed)
    case .filesystems: "dlm_controld waits for the recovery of cluster filesystems"
    case .nodes(1): "dlm_controld waits for the answer of one node"
    case .nodes(let count): "dlm_controld waits for the answers of \(count) nodes"
    case .kernel: "the kernel is rebuilding its locks"
    }
  }

  /// What a person can do about it when it lasts.
  var remedy: String {
    switch self {
    case .fencing:
      "see why the fence agent fails (journalctl -u dlm); only for a node that is certainly off:"
        + " dlm_tool fence_ack NODEID"
    case .quorum:
      "start the missing nodes, or mend the network between them (corosync-cfgtool -s)"
    case .membership, .filesystems, .nodes, .kernel:
      "dlm_tool ls and dlm_tool status tell more"
    }
  }
}

/// A lockspace that stands still, which it does for a moment whenever a node comes or goes.
public struct Stoppage: Hashable, Sendable {
  /// The lockspace.
  public let lockspace: String
  /// When it was first seen stopped: ms of CLOCK_MONOTONIC.
  public let since: Int64
  /// What it waits for; nil until dlm_controld told.
  public let cause: StopCause?
  private let clause: String

  init(lockspace: String, since: Int64, cause: StopCause?, nodes: ClusterNodes?) {
    self.lockspace = lockspace
    self.since = since
    self.cause = cause
    clause = cause?.clause(nodes) ?? "dlm_tool ls tells what it waits for"
  }

  /// `the lockspace libvirt is stopped since 2026-03-01T09:30:05Z: dlm_controld waits for fencing of
  /// node2`.
  ///
  /// - Parameters:
  ///   - now: ms of CLOCK_MONOTONIC.
  ///   - time: the same moment on the wall's clock.
  public func text(at now: Int64, _ time: Timestamp) -> String {
    let since = Timestamp(milliseconds: time.milliseconds - max(0, now - self.since))
    return "the lockspace \(lockspace) is stopped since \(since): \(clause)"
  }

  /// The same without its age, and with what to do.
  func text(longerThan bound: Int64) -> String {
    "the lockspace \(lockspace) is stopped for longer than \(bound / 1000) s: \(clause)"
      + "; \(cause?.remedy ?? "journalctl -u dlm may tell why")"
  }
}
