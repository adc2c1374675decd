import LockModel

extension Inventory {
  /// What of the node a guest mounts (`virDomainFSDefParseXML`).
  mutating func add(filesystem: Element) {
    let type = filesystem["type"] ?? "mount"
    // Memory that goes with the guest.
    if type == "ram" { return }
    let device = "filesystem \(filesystem.child("target")?.shown("dir") ?? "?")"
    guard let source = filesystem.child("source"),
      let place = ResourceSource(filesystem: source, type: type)
    else {
      let attributes: [StaticString] = ["dir", "file", "dev", "name", "volume"]
      let place = attributes.compactMap { filesystem.child("source")?[$0] }.first
      report(device, "filesystem of the type \(plain(type)) (\(place.map(plain) ?? "?"))")
      return
    }
    lock(
      .filesystem, device, place,
      filesystem.child("readonly") != nil ? .readOnly : place.accessWhenMounted)
  }
}

extension ResourceSource {
  fileprivate init?(filesystem source: Element, type: String) {
    // A virtiofs daemon that libvirt does not start.
    if let path = source["socket"] {
      self = .socket(path)
      return
    }
    let place: ResourceSource? =
      switch type {
      case "mount": source["dir"].map { .directory($0) }
      case "file": source["file"].map { .file($0) }
      case "block": source["dev"].map { .block($0) }
      case "volume":
        source["pool"].flatMap { pool in
          source["volume"].map { .volume(pool: pool, volume: $0) }
        }
      // A template's name means something to its driver alone; "bind" is a place inside the guest.
      default: nil
      }
    guard let place else { return nil }
    self = place
  }

  /// The node's own filesystem keeps those apart who share a directory; nothing does so for those
  /// who mount one image.
  fileprivate var accessWhenMounted: Access {
    switch self {
    case .directory, .socket: .sharedWrite
    default: .exclusiveWrite
    }
  }
}
