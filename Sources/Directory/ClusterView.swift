import LockModel

/// Who is there, as corosync tells all nodes in one order with their messages.
public struct ClusterView: Hashable, Sendable {
  /// This node.
  public let here: NodeID
  /// Which ring of the cluster this is: it changes with every change of its nodes.
  public let ring: UInt64
  /// The nodes of the cluster that are in that ring, this one among them.
  public let nodes: Set<NodeID>
  /// The agents that hear each other, by their processes: of a node at most one at a time.
  public let agents: [NodeID: UInt32]
  /// Whether the ring is also that of the quorum, and has it. Nothing that a lock depends on may be
  /// decided in another one: it may be that of nodes which the rest has given up.
  public let isSettled: Bool
  /// Nodes that were away since the view before, whether or not they are back.
  public let returned: Set<NodeID>

  /// All of it.
  public init(
    here: NodeID, ring: UInt64, nodes: Set<NodeID>, agents: [NodeID: UInt32], isSettled: Bool,
    returned: Set<NodeID> = []
  ) {
    self.here = here
    self.ring = ring
    self.nodes = nodes
    self.agents = agents
    self.isSettled = isSettled
    self.returned = returned
  }
}
