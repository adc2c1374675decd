/// A libvirt domain (a virtual machine), as people and libvirt call it.
public struct Domain: Hashable, Sendable {
  /// What it is, on every node and under every name.
  public let uuid: DomainUUID
  /// What people call it on this node. Untrusted text of up to a few hundred bytes: messages show
  /// it through ``Quoted``.
  public let name: String

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
  public let domain: DomainUUID
  /// Counts incarnations on this node; never used twice while a record of an owner exists.
  public let instance: UInt64

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

  public static func < (lhs: OwnerID, rhs: OwnerID) -> Bool {
    (lhs.domain, lhs.instance) < (rhs.domain, rhs.instance)
  }
}

/// A node of the cluster, as people call it (its host name).
public struct NodeName: Hashable, Sendable, CustomStringConvertible {
  public let description: String

  public init(_ name: String) {
    description = name
  }
}
