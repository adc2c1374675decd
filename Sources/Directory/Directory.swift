import LockModel

/// What each node of the cluster says it holds. The lock manager is the authority; this gives its
/// holders names.
///
/// An agent's death is not a node's death: what its node holds stays held, and so its entries stay,
/// unattended. A node that leaves the cluster takes its entries with it.
public struct Directory: Sendable {
  struct Node {
    var entries: [OwnerID: KeptEntry] = [:]
    /// The entries of a snapshot that has begun; they count when it has ended.
    var pending: [OwnerID: KeptEntry]?
    /// Whether a snapshot has ever ended: until then changes change nothing that is known.
    var isKnown = false
    var profile: AgentProfile?
    var version: ProtocolVersion?
    /// The process that speaks for the node; nil where none does.
    var agent: UInt32?
    /// Since when none does, by this node's clock, though one did.
    var unattendedSince: Timestamp?
  }

  private(set) var nodes: [NodeID: Node] = [:]
  /// This node; nil while it is not in the group.
  public private(set) var here: NodeID?
  /// What this agent speaks.
  public let version: ProtocolVersion

  /// Knows of nobody.
  public init(version: ProtocolVersion = .current) {
    self.version = version
  }

  /// Takes in who is there.
  ///
  /// - Parameter time: now, by this node's clock.
  /// - Returns: whether an agent has joined that has to be told everything, this one itself included.
  public mutating func take(_ view: ClusterView, at time: Timestamp) -> Bool {
    here = view.here
    // What a node that was away held is known to have been let go, or it could not be here.
    nodes = nodes.filter { view.nodes.contains($0.key) && !view.returned.contains($0.key) }
    var hasJoined = false
    for id in view.nodes {
      var node = nodes[id] ?? Node()
      let agent = view.agents[id]
      if node.agent != agent {
        if agent != nil { hasJoined = true }
        if agent == nil { node.unattendedSince = time }
        // The rest of the former one's snapshot will not come.
        if node.agent != nil { node.pending = nil }
        node.agent = agent
      }
      // Still unattended in effect, until it has said what it holds.
      nodes[id] = node
    }
    return hasJoined
  }

  /// Takes in what an agent says.
  public mutating func hear(_ heard: Heard) {
    // One that has gone meanwhile, or is not seen to have come, says nothing that lasts.
    guard var node = nodes[heard.node], node.agent == heard.agent else { return }
    // The bytes are moved, not copied.
    nodes[heard.node] = nil
    defer { nodes[heard.node] = node }
    node.version = heard.version
    guard version.understands(heard.version) else {
      node.entries = [:]
      node.pending = nil
      node.isKnown = false
      node.unattendedSince = nil
      return
    }
    switch heard.message {
    case .snapshotBegin(let profile):
      node.profile = profile
      node.pending = [:]
    case .snapshotEnd:
      guard let pending = node.pending else { return }
      node.entries = pending
      node.pending = nil
      node.isKnown = true
      node.unattendedSince = nil
    case .ownerSet(let entry):
      node.change { $0[entry.owner] = KeptEntry(entry) }
    case .ownerGone(let owner): node.change { $0[owner] = nil }
    case .profile(let profile): node.profile = profile
    case .question, .answer, .look, .sight, nil: break
    }
  }

  /// The group is gone: nothing that was heard in it need be true when there is one again.
  public mutating func forget() {
    nodes = [:]
    here = nil
  }
}

extension Directory.Node {
  fileprivate mutating func change(_ change: (inout [OwnerID: KeptEntry]) -> Void) {
    if var pending {
      // Moved, not copied.
      self.pending = nil
      change(&pending)
      self.pending = pending
    } else if isKnown {
      change(&entries)
    }
  }
}
