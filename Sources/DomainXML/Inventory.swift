import LockModel

/// Gathers what a domain uses.
struct Inventory {
  private(set) var resources: [Resource] = []
  private(set) var unguarded: [UnguardedResource] = []

  init(of domain: Element, named name: String) {
    for device in domain.child("devices")?.children ?? Children() {
      if device.isNamed("disk") {
        add(disk: device, domainName: name)
      } else if device.isNamed("lease") {
        add(lease: device)
      } else if let other = UnguardedResource(device: device) {
        unguarded.append(other)
      }
    }
    unguarded += UnguardedResource.firmware(of: domain)
    unguarded += UnguardedResource.commandLine(of: domain)
  }

  private mutating func add(lease: Element) {
    guard let key = lease.child("key")?.text else {
      unguarded.append(UnguardedResource(device: "lease", description: "lease without a key"))
      return
    }
    resources.append(
      Resource(
        kind: .lease, device: "lease \(plain(key))",
        source: .lease(lockspace: lease.child("lockspace")?.text ?? "", key: key),
        access: .exclusiveWrite))
  }

  private mutating func add(disk: Element, domainName: String) {
    let target = plain(disk.child("target")?["dev"] ?? "of no name")
    add(
      layer: disk, device: "disk \(target)", partOf: target,
      access: Access(disk: disk, domainName: domainName))
    addChain(below: disk, of: target)
    // A block job writes it (live XML only). In an active commit it is a file of the chain too.
    if let mirror = disk.child("mirror") {
      add(
        layer: mirror, device: "mirror of \(target)", partOf: "mirror of \(target)",
        access: .exclusiveWrite)
      addChain(below: mirror, of: "mirror of \(target)")
    }
  }

  private mutating func addChain(below top: Element, of disk: String) {
    var next = top.child("backingStore")
    var depth = 1
    while let layer = next {
      let device = "backing file \(depth) of \(disk)"
      add(layer: layer, device: device, partOf: device, access: .backing)
      next = layer.child("backingStore")
      depth += 1
    }
  }

  /// One image of a disk, and the data file that a qcow2 image may keep its guest's data in.
  private mutating func add(
    layer: Element, device: String, partOf owner: String, access: Access
  ) {
    add(Image(layer), device: device, access: access)
    if let data = layer.child("source")?.child("dataStore") {
      add(Image(data), device: "data file of \(owner)", access: access)
    }
  }

  private mutating func add(_ image: Image?, device: String, access: Access) {
    switch image {
    case .lockable(let source):
      resources.append(
        Resource(kind: source.kind(access), device: device, source: source, access: access))
    case .other(let description):
      unguarded.append(UnguardedResource(device: device, description: description))
    case nil: break
    }
  }
}

extension ResourceSource {
  fileprivate func kind(_ access: Access) -> ResourceKind {
    switch self {
    case _ where access == .backing: .backing
    case .block: .block
    case .directory: .directory
    default: .file
    }
  }
}
