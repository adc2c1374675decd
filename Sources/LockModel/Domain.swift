/// A libvirt domain (a virtual machine), as people and libvirt call it.
public struct Domain: Hashable, Sendable {
  /// What it is, on every node and under every name.
  public let uuid: DomainUUID
  /// What people call it on this node. Untrusted text of up to a few hundred bytes: messages show
  /// it through ``Quoted``.
  public let name: String

  /// - Parameter name: taken as it is, however odd.
  public init(uuid: DomainUUID, name: String) {
    self.uuid = uuid
    self.name = name
  }
}

/// The lock object that is registered: one incarnation of a domain on one node.
///
/// Starting a domain again makes a new owner, so a late message about the former incarnation can
/// never touch the locks of the present one.
public struct OwnerID: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The domain that it is an incarnation of.
  public let domain: DomainUUID
  /// Counts incarnations on this node; never used twice while a record of an owner exists.
  public let instance: UInt64

  /// - Parameter instance: one that no owner of this node has, nor any record in its ledger.
  public init(domain: DomainUUID, instance: UInt64) {
    self.domain = domain
    self.instance = instance
  }

  /// `UUID.INSTANCE`: also the name of the owner's file in the ledger.
  public var description: String { "\(domain).\(instance)" }

  /// Reads ``description`` back; nil for anything else.
  public init?(_ description: some StringProtocol) {
    let parts = description.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let domain = DomainUUID(parts[0]), let instance = UInt64(parts[1])
    else { return nil }
    self.init(domain: domain, instance: instance)
    guard self.description == description else { return nil }
  }

  /// By domain, and the incarnations of one domain from the earliest to the latest.
  public static func < (lhs: OwnerID, rhs: OwnerID) -> Bool {
    (lhs.domain, lhs.instance) < (rhs.domain, rhs.instance)
  }
}

/// A node of the cluster, as people call it (its host name).
public struct NodeName: Hashable, Sendable, CustomStringConvertible {
  /// The name as it was given; parts of resource names are made of it.
  public let description: String

  /// - Parameter name: must differ on every node, or two nodes' local files may be taken for one.
  public init(_ name: String) {
    description = name
  }
}
