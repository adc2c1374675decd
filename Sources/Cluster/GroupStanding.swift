import Directory
import LockModel

/// Who is there, put together from what corosync's groups and its quorum tell, each in its own time.
struct GroupStanding {
  private let here: NodeID
  private var ring: (number: UInt64, nodes: Set<NodeID>)?
  private var members: [NodeID: UInt32] = [:]
  private var fallen: Set<NodeID> = []
  /// The ring that the quorum speaks of, where it has it.
  private var quorateRing: UInt64?
  private var told: ClusterView?

  init(here: NodeID) {
    self.here = here
  }

  mutating func take(ring number: UInt64, _ nodes: Set<NodeID>) {
    // Whoever is not in it has been away, whatever the group still says.
    if let ring { fallen.formUnion(ring.nodes.subtracting(nodes)) }
    ring = (number, nodes)
  }

  mutating func take(_ members: [(node: NodeID, process: UInt32)], fallen: Set<NodeID>) {
    // Of an agent that is being replaced the new one comes last.
    self.members = Dictionary(members.map { ($0.node, $0.process) }, uniquingKeysWith: { $1 })
    self.fallen.formUnion(fallen)
  }

  mutating func take(quorateRing: UInt64?) {
    self.quorateRing = quorateRing
  }

  /// Whether that process speaks for its node now.
  func isMember(_ process: UInt32, of node: NodeID) -> Bool { members[node] == process }

  /// What has changed; nil where nothing has, or where this node is not in the group yet.
  mutating func news() -> ClusterView? {
    guard let ring, members[here] != nil else { return nil }
    let nodes = ring.nodes.union(members.keys).union([here])
    let view = ClusterView(
      here: here, ring: ring.number, nodes: nodes, agents: members,
      isSettled: quorateRing == ring.number, returned: fallen.subtracting([here]))
    fallen = []
    guard view != told else { return nil }
    // What was away is told once.
    told = ClusterView(
      here: here, ring: view.ring, nodes: nodes, agents: members, isSettled: view.isSettled)
    return view
  }
}
