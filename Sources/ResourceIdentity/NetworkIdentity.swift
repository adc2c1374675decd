import Glibc
import LockModel

extension Identity {
  /// By the names that all clients of the storage use. Servers enter only where nothing else tells two
  /// storages apart: nodes reach one cluster by different servers.
  func footprint(of image: NetworkImage) throws(Untold) -> Footprint {
    switch image.networkProtocol {
    case .rbd:
      let parts = image.name.split(separator: "/", omittingEmptySubsequences: false).map(
        String.init)
      return Footprint(try rbd(parts, snapshot: image.snapshot, servers: servers(of: image)))
    case .gluster:
      return Footprint(.of(.gluster, inCluster(image, try Self.components(image.name))))
    case .iscsi: return Footprint(.of(.iscsi, inCluster(image, Self.iscsi(image.name))))
    case .sheepdog:
      let snapshot = image.snapshot.map { "@\($0)" } ?? ""
      return Footprint(.of(.sheepdog, inCluster(image, [image.name + snapshot])))
    case .vxhs: return Footprint(.of(.vxhs, inCluster(image, [image.name.lowercased()])))
    case .nbd:
      // An export's name is no path: nothing in it may be normalised.
      let export = image.name.isEmpty ? [] : [image.name]
      return Footprint(.of(.nbd, try server(of: image) + export))
    case .http: return try path(.http, image)
    case .https: return try path(.https, image)
    case .ftp: return try path(.ftp, image)
    case .ftps: return try path(.ftps, image)
    case .tftp: return try path(.tftp, image)
    case .ssh: return try path(.ssh, image)
    case .nfs: return try path(.nfsPath, image)
    }
  }

  /// - Parameter parts: pool, perhaps a namespace, image.
  func rbd(_ parts: [String], snapshot: String?, servers: [Server]) throws(Untold) -> ResourceName {
    guard parts.count == 2 || parts.count == 3, parts.allSatisfy({ !$0.isEmpty }) else {
      throw .failed("its name is not POOL/IMAGE or POOL/NAMESPACE/IMAGE")
    }
    var parts = parts
    parts[0] = clusterPrefix(.rbd, servers) + parts[0]
    if let snapshot { parts[parts.count - 1] += "@\(snapshot)" }
    return .of(.rbd, parts)
  }

  private func path(
    _ kind: ResourceName.Kind, _ image: NetworkImage
  ) throws(Untold) -> Footprint {
    Footprint(.of(kind, try server(of: image) + Self.components(image.name)))
  }

  private func servers(of image: NetworkImage) -> [Server] {
    image.hosts.compactMap { host in
      guard case .tcp(let name, let port) = host else { return nil }
      return Server(name, port: port ?? image.networkProtocol.defaultPort)
    }
  }

  private func listed(
    _ networkProtocol: NetworkImage.NetworkProtocol, _ servers: [Server]
  ) -> NetworkStorage? {
    networks.first { network in
      network.networkProtocol == networkProtocol && servers.contains { network.contains($0) }
    }
  }

  private func clusterPrefix(
    _ networkProtocol: NetworkImage.NetworkProtocol, _ servers: [Server]
  ) -> String {
    listed(networkProtocol, servers).map { "\($0.name):" } ?? ""
  }

  private func inCluster(_ image: NetworkImage, _ parts: [String]) -> [String] {
    let prefix = clusterPrefix(image.networkProtocol, servers(of: image))
    return [prefix + (parts.first ?? "")] + parts.dropFirst()
  }

  /// What stands for the server in a name.
  private func server(of image: NetworkImage) throws(Untold) -> [String] {
    switch image.hosts.first {
    case .unix(let path)?: return ["unix:\(node)", try socketPath(path)]
    case .tcp?: break
    case nil: throw .failed("it names no host")
    }
    let servers = servers(of: image)
    if let network = listed(image.networkProtocol, servers) { return [network.name] }
    return ["\(servers[0].host):\(servers[0].port)"]
  }

  /// A path as its steps, so that `a//b` and `a/./b` are one.
  private static func components(_ path: String) throws(Untold) -> [String] {
    let steps = path.split(separator: "/").map(String.init).filter { $0 != "." }
    guard !steps.isEmpty else { throw .failed("it has no name") }
    // What it leads to is the server's to say: the step before may be a symlink.
    guard !steps.contains("..") else {
      throw .failed("its name contains '..': write the path without that")
    }
    return steps
  }

  /// `IQN[/LUN]`; IQNs are case-insensitive (RFC 3722), and the LUN is 0 where none is given.
  private static func iscsi(_ name: String) -> [String] {
    guard let slash = name.firstIndex(of: "/") else { return [name.lowercased(), "0"] }
    let lun = String(name[name.index(after: slash)...])
    return [name[..<slash].lowercased(), UInt64(lun).map(String.init) ?? lun.lowercased()]
  }
}
