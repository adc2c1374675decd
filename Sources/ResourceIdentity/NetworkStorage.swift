import Glibc
import LockModel

/// Servers that the administrator says are one storage: images on any of them are known by its name,
/// whichever server a node reaches it by.
public struct NetworkStorage: Hashable, Sendable {
  /// The same on every node; without `/` and `:`.
  public let name: String
  /// Which protocol's images it is about.
  public let networkProtocol: NetworkImage.NetworkProtocol
  /// Every name and address by which any node calls any of its servers, with or without `:port`; for
  /// rbd also the cluster's fsid, by which the kernel's rbd devices are known.
  public let hosts: [String]

  /// - Parameter hosts: must be complete: by a server that is not listed an image has another name.
  public init(name: String, networkProtocol: NetworkImage.NetworkProtocol, hosts: [String]) {
    self.name = name
    self.networkProtocol = networkProtocol
    self.hosts = hosts
  }

  func contains(_ server: Server) -> Bool {
    hosts.contains { entry in
      let (host, port) = Server.split(entry)
      return Server.canonical(host) == server.host && (port == nil || port == server.port)
    }
  }
}

/// A server in the one form in which it enters names.
struct Server: Hashable {
  let host: String
  let port: UInt16

  init(_ host: String, port: UInt16) {
    self.host = Self.canonical(host)
    self.port = port
  }

  /// `host`, `host:port`, `[v6]:port` or a bare IPv6 address.
  static func split(_ text: String) -> (host: String, port: UInt16?) {
    guard let colon = text.lastIndex(of: ":") else { return (text, nil) }
    let host = text[..<colon]
    let isBareIPv6 = host.contains(":") && !host.hasSuffix("]")
    guard !isBareIPv6, let port = UInt16(text[text.index(after: colon)...]) else {
      return (text, nil)
    }
    return (String(host), port)
  }

  /// Lower case, without the root's dot; an IPv6 address as RFC 5952 writes it. DNS is never asked: it
  /// may answer otherwise on another node, or not at all.
  static func canonical(_ host: String) -> String {
    var name = host.lowercased()
    if name.hasPrefix("["), name.hasSuffix("]") { name = String(name.dropFirst().dropLast()) }
    if name.hasSuffix(".") { name.removeLast() }
    return ipv6(name) ?? name
  }

  private static func ipv6(_ text: String) -> String? {
    var address = in6_addr()
    guard inet_pton(AF_INET6, text, &address) == 1 else { return nil }
    var written = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    guard inet_ntop(AF_INET6, &address, &written, socklen_t(written.count)) != nil else {
      return nil
    }
    return String(decoding: written.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}

extension NetworkImage.NetworkProtocol {
  /// What libvirt and QEMU assume where the XML has no port.
  var defaultPort: UInt16 {
    switch self {
    case .nbd: 10809
    case .rbd: 6789
    case .sheepdog: 7000
    case .gluster: 24007
    case .iscsi: 3260
    case .http: 80
    case .https: 443
    case .ftp: 21
    case .ftps: 990
    case .tftp: 69
    case .ssh: 22
    case .nfs: 2049
    case .vxhs: 9999
    }
  }
}
