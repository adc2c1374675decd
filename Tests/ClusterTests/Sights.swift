import LockModel

@testable import Cluster

let node1 = NodeID(1)!
let node2 = NodeID(2)!
let node3 = NodeID(3)!

let threeNodes = ClusterNodes(
  own: node1, listed: [node1, node2, node3],
  names: [node1: NodeName("alpha"), node2: NodeName("beta")])

extension ClusterSight {
  /// Everything as it should be.
  static let healthy = ClusterSight(
    corosync: .reachable(.held(members: [node1, node2, node3])), nodes: threeNodes,
    controlDaemon: .running(fencing: .enabled), lockspace: .running)

  /// This one, but for what `change` does to it.
  func with(_ change: (inout ClusterSight) -> Void) -> ClusterSight {
    var sight = self
    change(&sight)
    return sight
  }

  func lockspace(_ lockspace: LockspaceSight) -> ClusterSight { with { $0.lockspace = lockspace } }
  func corosync(_ corosync: CorosyncSight) -> ClusterSight { with { $0.corosync = corosync } }
  func controlDaemon(_ daemon: ControlDaemonSight) -> ClusterSight {
    with { $0.controlDaemon = daemon }
  }
}

/// A health that has seen a healthy cluster at time 0.
func settled(bound: Int64 = 20_000, allowUnfenced: Bool = false) -> ClusterHealth {
  var health = ClusterHealth(lockspace: "libvirt", bound: bound, allowUnfenced: allowUnfenced)
  _ = health.observe(.healthy, at: 0)
  return health
}

/// What of these changes speaks of locks that are held.
func verdicts(_ changes: [ClusterChange]) -> [ClusterChange] {
  changes.filter { change in
    switch change {
    case .suspended, .resumed, .lost: true
    case .impediment, .warning, .waiting, .nodes, .isolated: false
    }
  }
}
