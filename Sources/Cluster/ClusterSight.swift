import LockModel

/// What is seen of the cluster from this node at one moment. What could not be seen is a case of its
/// own everywhere: it is never taken for what is not there.
public struct ClusterSight: Hashable, Sendable {
  /// What corosync says.
  public var corosync: CorosyncSight
  /// What corosync's node list says; nil until it was read.
  public var nodes: ClusterNodes?
  /// What is seen of dlm_controld.
  public var controlDaemon: ControlDaemonSight
  /// What the kernel says of the lockspace.
  public var lockspace: LockspaceSight

  /// One observation.
  public init(
    corosync: CorosyncSight, nodes: ClusterNodes?, controlDaemon: ControlDaemonSight,
    lockspace: LockspaceSight
  ) {
    self.corosync = corosync
    self.nodes = nodes
    self.controlDaemon = controlDaemon
    self.lockspace = lockspace
  }
}

/// What corosync says.
public enum CorosyncSight: Hashable, Sendable {
  /// It has not answered yet.
  case unanswered
  /// Nothing can be learned from it.
  case unreachable(CorosyncFault)
  /// A connection stands.
  case reachable(Quorum)
}

/// Why corosync cannot be asked.
public enum CorosyncFault: Error, Hashable, Sendable {
  /// Nobody listens, or the connection broke.
  case notRunning
  /// It is for root, and for whom `uidgid` in corosync.conf names.
  case accessDenied
  /// It is there, but takes no connection now: it starts, ends, or is short of something. The code is
  /// corosync's own word.
  case failing(String)
}

/// Whether this node belongs to the part of the cluster that may act.
public enum Quorum: Hashable, Sendable {
  /// Nobody counts votes (`QUORUM_FREE` of quorum_initialize(3)): every node always thinks that it
  /// may act, also when it is alone.
  case noProvider
  /// It does not; the nodes that it sees, itself among them.
  case lost(members: [NodeID])
  /// It does; the nodes that it sees, itself among them.
  case held(members: [NodeID])
}

/// What is seen of dlm_controld, which joins the kernel's lockspaces to the cluster.
public enum ControlDaemonSight: Hashable, Sendable {
  /// Nobody listens where it answers queries.
  case gone
  /// It listens; fencing is nil until it told about it.
  case running(fencing: Fencing?)
  /// Whether it runs could not be told; why, for a person.
  case unreadable(String)
}

/// Whether dlm_controld lets a lockspace go on only after a failed node was fenced
/// (`enable_fencing` in dlm.conf(5)).
public enum Fencing: Hashable, Sendable {
  /// It waits for that.
  case enabled
  /// It goes on at once: a node that is only cut off keeps what others then get.
  case disabled
}

/// What the kernel says of the lockspace (/sys/kernel/dlm/NAME/recover_status).
public enum LockspaceSight: Hashable, Sendable {
  /// There is none of that name on this node.
  case absent
  /// Locks are granted.
  case running
  /// Every operation waits; for what, as far as dlm_controld told.
  case stopped(StopCause?)
  /// It could not be read; why, for a person.
  case unreadable(String)
}
