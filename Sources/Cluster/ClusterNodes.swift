import LockModel

/// The nodes that corosync.conf lists, which of them this one is, and how they lose sight of each other.
public struct ClusterNodes: Hashable, Sendable {
  /// This node; nil where corosync has no votequorum, which alone publishes it.
  public let own: NodeID?
  /// Every node of the node list, by number.
  public let listed: [NodeID]
  /// `nodelist.node.N.name`, which a node may lack (corosync.conf(5)).
  public let names: [NodeID: NodeName]
  /// How long corosync takes to notice that a node is silent, and then to form a ring without it, in ms
  /// (`token` and `consensus` of corosync.conf(5)); nil where it does not tell.
  public let reform: Int64?

  /// What the node list says.
  public init(
    own: NodeID?, listed: [NodeID], names: [NodeID: NodeName], reform: Int64? = nil
  ) {
    self.reform = reform
    self.own = own
    self.listed = listed.sorted()
    self.names = names
  }

  /// `node2`, or `node id 2` for a node without a name.
  public func name(of node: NodeID) -> String {
    names[node]?.description ?? node.description
  }

  /// `node1, node2 and node3`.
  func enumeration(of nodes: [NodeID]) -> String {
    let words = nodes.map(name(of:))
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " and " + last
  }
}
