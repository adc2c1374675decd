import LockModel

/// An entry, and whose it is.
public struct Listing: Hashable, Sendable {
  /// The node that holds it.
  public let node: NodeID
  /// Since when that node's agent has not answered for it; nil while it does.
  public let unattendedSince: Timestamp?
  /// What the node has said of it.
  public let entry: DirectoryEntry
}

/// What is known of one node.
public struct NodeListing: Hashable, Sendable {
  /// Which one.
  public let node: NodeID
  /// What its agent has said of itself; nil where it has said nothing, or nothing that this one
  /// understands.
  public let profile: AgentProfile?
  /// What its agent speaks; nil where it has said nothing.
  public let version: ProtocolVersion?
  /// Whether an agent of that node is in the group.
  public let isAttended: Bool
  /// Since when none is, by this node's clock, though one was.
  public let unattendedSince: Timestamp?
  /// Whether everything that it holds is known.
  public let isKnown: Bool
}

extension Directory {
  /// Every claim on a resource that nodes other than this one speak of, in the order of nodes and owners.
  public func holders(of resource: ResourceName) -> [Listing] {
    let mark = KeptEntry.mark(of: resource)
    return listings { $0.names(resource, markedBy: mark) }
  }

  /// What is known of a domain, on other nodes than this one.
  public func owners(of domain: DomainUUID) -> [Listing] {
    elsewhere.flatMap { id, node in
      node.entries.keys.filter { $0.domain == domain }.sorted()
        .compactMap { node.entries[$0].flatMap { listing($0, of: node, id) } }
    }
  }

  /// The same of every domain of a name.
  public func owners(named name: String) -> [Listing] {
    listings { $0.isOfDomain(named: name.utf8) }
  }

  /// All entries of a node, by owner.
  public func entries(of id: NodeID) -> [DirectoryEntry] {
    guard let node = nodes[id] else { return [] }
    return node.entries.sorted { $0.key < $1.key }.compactMap(\.value.entry)
  }

  /// Every node of the cluster, by number.
  public var listing: [NodeListing] {
    nodes.sorted { $0.key < $1.key }.map { id, node in
      NodeListing(
        node: id, profile: node.profile, version: node.version, isAttended: node.agent != nil,
        unattendedSince: node.unattendedSince, isKnown: node.isKnown)
    }
  }

  /// What a node calls itself; nil where it has not said.
  public func name(of node: NodeID) -> NodeName? {
    nodes[node]?.profile?.node
  }

  private var elsewhere: [(key: NodeID, value: Node)] {
    nodes.filter { $0.key != here }.sorted { $0.key < $1.key }
  }

  private func listings(where isMeant: (KeptEntry) -> Bool) -> [Listing] {
    elsewhere.flatMap { id, node in
      node.entries.filter { isMeant($0.value) }.sorted { $0.key < $1.key }
        .compactMap { listing($0.value, of: node, id) }
    }
  }

  private func listing(_ kept: KeptEntry, of node: Node, _ id: NodeID) -> Listing? {
    kept.entry.map { Listing(node: id, unattendedSince: node.unattendedSince, entry: $0) }
  }
}
