import LockModel

extension NetworkImage {
  /// What a `<source protocol=…>` says (libvirt's `virDomainDiskSourceNetworkParse`).
  ///
  /// Nil for an unknown protocol, and for what libvirt would not take either.
  init?(_ source: Element) {
    guard let networkProtocol = source["protocol"].flatMap({ NetworkProtocol(rawValue: $0) }),
      // An NBD server's default export has no name.
      let name = source["name"] ?? (networkProtocol == .nbd ? "" : nil)
    else { return nil }
    var hosts: [Host] = []
    for element in source.children where element.isNamed("host") {
      guard let host = Host(element) else { return nil }
      hosts.append(host)
    }
    self.init(
      networkProtocol, name: networkProtocol.withoutQuery(name), hosts: hosts,
      snapshot: source.child("snapshot")?["name"],
      configuration: source.child("config")?["file"])
  }
}

extension NetworkImage.NetworkProtocol {
  /// libvirt keeps a URL's query in an attribute of its own, but takes one in the name, too.
  fileprivate func withoutQuery(_ name: String) -> String {
    guard self == .http || self == .https, let mark = name.utf8.firstIndex(of: UInt8(ascii: "?"))
    else { return name }
    return String(name[..<mark])
  }
}

extension NetworkImage.Host {
  /// Nil for what libvirt would not take (`virDomainStorageNetworkParseHost`).
  fileprivate init?(_ host: Element) {
    switch host["transport"] {
    case nil, "tcp", "rdma":
      guard let name = host["name"] else { return nil }
      guard let text = host["port"] else {
        self = .tcp(name, port: nil)
        return
      }
      guard let port = UInt16(text) else { return nil }
      // To libvirt 0 is the protocol's own port.
      self = .tcp(name, port: port == 0 ? nil : port)
    case "unix":
      guard let path = host["socket"] else { return nil }
      self = .unix(path)
    default: return nil
    }
  }
}

extension Element {
  /// `rbd pool/image`, `nbd at host`: what a network source is called.
  var networkName: String {
    let server = child("host").flatMap { $0["name"] ?? $0["socket"] }
    let name = self["name"].map { " \(plain($0))" } ?? ""
    return shown("protocol") + name + (server.map { " at \(plain($0))" } ?? "")
  }
}
