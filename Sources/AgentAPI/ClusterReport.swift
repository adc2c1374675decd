import LockModel

/// The whole cluster's picture, as one node has it.
public struct ClusterReport: Hashable, Sendable {
  /// The node that was asked.
  public let node: NodeName
  /// The lockspace that the nodes share; nil for an engine of one host, which is then all there is.
  public let lockspace: String?
  /// Whether this node hears the others; if not, nothing is known of them.
  public let isConnected: Bool
  /// As ``StatusReport/alarms``, of the node that was asked.
  public let alarms: [String]
  /// Every node of the cluster, by number, the one that was asked among them.
  public let nodes: [NodeReport]

  /// - Parameter nodes: in the order in which people should read them.
  public init(
    node: NodeName, lockspace: String?, isConnected: Bool, alarms: [String], nodes: [NodeReport]
  ) {
    self.node = node
    self.lockspace = lockspace
    self.isConnected = isConnected
    self.alarms = alarms
    self.nodes = nodes
  }
}

/// What is known of one node of the cluster.
public struct NodeReport: Hashable, Sendable {
  /// Whether the node's agent speaks for it.
  public enum State: Hashable, Sendable {
    /// It does.
    case answering
    /// It is there, and has not yet said what the node holds.
    case joining
    /// It does not any more, since then by the clock of the node that is asked; what it last said
    /// stands.
    case silent(since: Timestamp)
    /// None has been heard of since this node listens.
    case absent
    /// It speaks a protocol that is too far from that of the node that is asked.
    case foreign
  }

  /// What people call it.
  public let node: NodeName
  /// Its number; nil while it is not known.
  public let id: NodeID?
  /// Of its agent; nil where it has not said.
  public let version: String?
  /// What its agent speaks to others; nil where it has not said anything.
  public let protocolVersion: Int64?
  /// Whether its agent speaks for it.
  public let state: State
  /// The settings in which it differs from the node that is asked, in the words of dlmguard.conf.
  public let differences: [String]
  /// Every owner of the node, by name.
  public let owners: [OwnerSummary]

  /// - Parameter owners: in the order in which people should read them.
  public init(
    node: NodeName, id: NodeID?, version: String?, protocolVersion: Int64?, state: State,
    differences: [String] = [], owners: [OwnerSummary]
  ) {
    self.node = node
    self.id = id
    self.version = version
    self.protocolVersion = protocolVersion
    self.state = state
    self.differences = differences
    self.owners = owners
  }
}

/// An owner in a line; what it holds is told by `inquire`.
public struct OwnerSummary: Hashable, Sendable, Comparable {
  /// Which incarnation of which domain.
  public let owner: OwnerID
  /// The domain's name when the owner was made. Untrusted text.
  public let name: String
  /// As ``OwnerReport/phase``.
  public let phase: String
  /// When the owner was made, by its node's clock.
  public let since: Timestamp
  /// How many things it has locked for itself, the domain included.
  public let claims: Int

  init(owner: OwnerID, name: String, phase: String, since: Timestamp, count: Int) {
    self.owner = owner
    self.name = name
    self.phase = phase
    self.since = since
    claims = count
  }

  /// - Parameter claims: all of them; what only keeps others out is not counted.
  public init(owner: OwnerID, name: String, phase: String, since: Timestamp, claims: [Claim]) {
    self.init(
      owner: owner, name: name, phase: phase, since: since,
      count: claims.count { $0.use == .whole && !$0.resource.isOfParts })
  }

  /// By name, as people look for it.
  public static func < (lhs: OwnerSummary, rhs: OwnerSummary) -> Bool {
    (lhs.name, lhs.owner) < (rhs.name, rhs.owner)
  }
}
