import LockModel

/// Servers that the administrator says are one storage: `[[network]]` of dlmguard.conf. An image on
/// it has one name, whichever of them a node reaches it by.
public struct NetworkAlias: Hashable, Sendable {
  /// The same on every node.
  public let name: String
  /// Which protocol's images it is about.
  public let `protocol`: NetworkImage.NetworkProtocol
  /// Names and addresses, with or without `:port`.
  public let hosts: [String]

  /// - Parameter hosts: at least one.
  public init(name: String, protocol: NetworkImage.NetworkProtocol, hosts: [String]) {
    self.name = name
    self.protocol = `protocol`
    self.hosts = hosts
  }
}
