import LockModel

/// What the `type` and `<source>` of a `<disk>`, `<backingStore>`, `<mirror>` or `<dataStore>` say
/// (libvirt's `virDomainStorageSourceParse`).
enum Image {
  case lockable(ResourceSource)
  /// A kind that this version cannot lock, in words.
  case other(String)

  /// Nil for an empty drive, and for the `<backingStore/>` that ends a chain.
  init?(_ layer: Element) {
    guard let source = layer.child("source") else { return nil }
    // libvirt reads an image without a type as a file.
    let type = layer["type"] ?? "file"
    switch type {
    case "file":
      guard let path = source["file"] else { return nil }
      if let group = source["fdgroup"] {
        // The path is then only a name: QEMU is handed open descriptors.
        self = .other("file passed as open descriptors (group \(plain(group)), \(plain(path)))")
      } else {
        self = .lockable(.file(path))
      }
    case "block":
      guard let path = source["dev"] else { return nil }
      self = .lockable(.block(path))
    case "dir":
      guard let path = source["dir"] else { return nil }
      self = .lockable(.directory(path))
    case "network":
      self = .other("network disk (\(source.networkName))")
    case "volume":
      self = .other(
        "storage pool volume (\(source.shown("pool")) / \(source.shown("volume")))")
    case "nvme":
      let address = source.child("address")?.pciAddress ?? "unknown address"
      self = .other("NVMe disk (\(address), namespace \(source.shown("namespace")))")
    case "vhostuser":
      self = .other("vhost-user disk (\(source.shown("path")))")
    case "vhostvdpa":
      self = .other("vhost-vDPA disk (\(source.shown("dev")))")
    default:
      self = .other("disk of the unknown type \(plain(type))")
    }
  }
}

extension Element {
  /// An attribute fit for a message.
  func shown(_ attribute: StaticString) -> String {
    self[attribute].map(plain) ?? "?"
  }

  /// `rbd pool/image`, `nbd at host`: what a network source is called.
  var networkName: String {
    let server = child("host").flatMap { $0["name"] ?? $0["socket"] }
    let name = self["name"].map { " \(plain($0))" } ?? ""
    return shown("protocol") + name + (server.map { " at \(plain($0))" } ?? "")
  }

  /// `0000:01:00.0`, of an `<address>`.
  var pciAddress: String {
    func digits(_ attribute: StaticString, _ width: Int) -> String {
      let text = shown(attribute)
      let bare = text.hasPrefix("0x") ? String(text.dropFirst(2)) : text
      return String(repeating: "0", count: max(0, width - bare.utf8.count)) + bare
    }
    return "\(digits("domain", 4)):\(digits("bus", 2)):\(digits("slot", 2))"
      + ".\(digits("function", 1))"
  }
}
