/// What has changed for this node's locks.
public enum ClusterChange: Hashable, Sendable {
  /// Why nothing new may be locked now, with what to do about it; nil when there is nothing in the
  /// way. Until the first of these there is: ``ClusterHealth/unknown``.
  case impediment(String?)
  /// What the administrator has allowed, but should not forget; nil when it is over.
  case warning(String?)
  /// The lockspace stands still, which is waited for; nil when it runs. The same stoppage comes again
  /// when its cause is known or another.
  case waiting(Stoppage?)
  /// The locks held here may come to mean nothing, and nobody tells the kernel: why. Once, until
  /// ``resumed`` or ``lost(_:)``.
  case suspended(String)
  /// The rest of the cluster may take this node for failed: why, and ``ClusterNodes/reform``; nil when that
  /// is over, or there is no lockspace left to lose. Once, whatever the reason becomes.
  case isolated(String?, reform: Int64? = nil)
  /// They mean again what they did.
  case resumed
  /// The lockspace is gone, with every lock in it: why. Ends a suspension.
  case lost(String)
  /// The node list of corosync.conf was read, for the first time or with another result.
  case nodes(ClusterNodes)
}
