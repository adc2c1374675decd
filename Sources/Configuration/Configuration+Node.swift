import Glibc
import LockModel
import ResourceIdentity

extension Configuration {
  /// What this node is called: `node_name`, or the host name.
  public var node: NodeName { NodeName(nodeName ?? Self.hostName()) }

  /// What tells this node's resources apart, as configured.
  ///
  /// - Parameter node: ``node``, or the name under which locks are already held.
  public func identity(on node: NodeName) -> Identity {
    Identity(
      node: node, storages: storages, networks: networks, unidentified: whatIsUnidentified)
  }

  private static func hostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
