import LockModel

/// Gathers what a domain uses: devices first, because whoever reads of a conflict thinks of a disk
/// before its firmware.
struct Inventory {
  private(set) var resources: [Resource] = []
  private(set) var unguarded: [UnguardedResource] = []

  /// - Throws: ``DomainXMLError`` for an entry of the metadata that makes no sense. Everything else
  ///   that is not understood is reported.
  init(
    of domain: Element, named name: String, uuid: DomainUUID
  ) throws(DomainXMLError) {
    for device in domain.child("devices")?.children ?? Children() {
      switch device.ownName {
      case "disk": add(disk: device, domainName: name)
      case "lease": add(lease: device)
      case "filesystem": add(filesystem: device)
      case "hostdev": add(hostDevice: device)
      case "interface": add(interface: device)
      case "tpm": add(tpm: device, of: uuid)
      case "memory": add(memory: device)
      case "shmem": add(sharedMemory: device)
      case "pstore": add(crashRecord: device, domainName: name)
      default: break
      }
    }
    add(firmwareOf: domain, named: name)
    try add(metadataOf: domain)
    add(argumentsOf: domain)
  }

  mutating func lock(
    _ kind: ResourceKind, _ device: String, _ source: ResourceSource, _ access: Access
  ) {
    resources.append(Resource(kind: kind, device: device, source: source, access: access))
  }

  /// What cannot be locked is never dropped silently.
  mutating func report(_ device: String, _ description: String) {
    unguarded.append(UnguardedResource(device: device, description: description))
  }

  /// One image.
  ///
  /// - Parameter kind: nil for a disk's, whose type tells it.
  mutating func add(
    _ image: Image?, _ device: String, _ access: Access, as kind: ResourceKind? = nil
  ) {
    switch image {
    case .lockable(let source):
      lock(kind ?? source.kind(access), device, source, access)
    case .passed(let source, let group):
      lock(kind ?? source.kind(access), device, source, access)
      report(
        device,
        "QEMU is handed open descriptors (group \(plain(group))): the lock is on the path by which "
          + "they are called, \(plain(source.location))")
    case .other(let description): report(device, description)
    case nil: break
    }
  }
}

extension ResourceSource {
  /// What a disk is that lies there.
  fileprivate func kind(_ access: Access) -> ResourceKind {
    switch self {
    case _ where access == .backing: .backing
    case .block: .block
    case .directory: .directory
    case .network: .network
    case .volume: .volume
    case .nvme: .nvme
    case .socket: .vhostUser
    case .device: .vhostVDPA
    default: .file
    }
  }
}
