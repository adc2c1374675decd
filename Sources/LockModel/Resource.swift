/// How a domain uses a resource. The core turns it into a ``LockMode`` by policy.
public enum Access: String, CaseIterable, Hashable, Sendable {
  /// A default disk: this domain alone writes it.
  case exclusiveWrite = "exclusive-write"
  /// `<shareable/>`: several domains write it, and know that they do.
  case sharedWrite = "shared-write"
  /// `<readonly/>`, a CD: this domain only reads it.
  case readOnly = "read-only"
  /// A backing file: nobody may write it, whatever the policy for readers says, because whoever
  /// rewrites a base image corrupts every overlay.
  case backing = "backing"
  /// Nobody else may even look on: what an administrator asks for whom no domain's description binds.
  case exclusive = "exclusive"
}

/// Where a resource lies, as the domain XML says it; not yet an identity.
public enum ResourceSource: Hashable, Sendable {
  /// An image file, by path.
  case file(String)
  /// A block device, by the path of its node.
  case block(String)
  /// A directory that QEMU shows as a FAT disk, by path.
  case directory(String)
  /// A libvirt `<lease>`: a name that an administrator gave.
  case lease(lockspace: String, key: String)
  /// A disk on the network.
  case network(NetworkImage)
  /// A volume of a libvirt storage pool, by the names of both.
  case volume(pool: String, volume: String)
  /// A namespace, counted from 1, of the NVMe device at an address.
  case nvme(PCIAddress, namespace: UInt32)
  /// What another process serves at a Unix socket, by path.
  case socket(String)
  /// A character device of the node, by path: a vDPA device, a TPM.
  case device(String)
  /// The state that libvirt's swtpm keeps for a domain, wherever libvirt puts it.
  case tpmState(DomainUUID)
  /// A SCSI device by where the node sees it: `scsi_host3`, and the numbers of its address.
  case scsiDevice(adapter: String, bus: UInt32, target: UInt32, unit: UInt64)
  /// A vhost-scsi target, by its world-wide port name.
  case vhostSCSI(wwpn: String)
  /// A PCI device of the node.
  case pci(PCIAddress)
  /// A mediated device of the node, by its own UUID.
  case mediatedDevice(DomainUUID)
  /// Memory shared by name between programs of the node.
  case sharedMemory(name: String)
  /// A name that an administrator gave in the domain's metadata: the same on every node.
  case named(String)
  /// What has that very name in the cluster, as tables and messages show it.
  case resource(ResourceName)

  /// What people read in messages: the path, or the lease's name.
  public var location: String {
    switch self {
    case .file(let path), .block(let path), .directory(let path): path
    case .lease(let lockspace, let key): "\(lockspace)/\(key)"
    case .network(let image): image.location
    case .volume(let pool, let volume): "\(pool)/\(volume)"
    case .nvme(let address, let namespace): "\(address) namespace \(namespace)"
    case .socket(let path), .device(let path): path
    case .tpmState(let uuid): "TPM state of \(uuid)"
    case .scsiDevice(let adapter, let bus, let target, let unit):
      "\(adapter):\(bus):\(target):\(unit)"
    case .vhostSCSI(let wwpn): wwpn
    case .pci(let address): "\(address)"
    case .mediatedDevice(let uuid): "\(uuid)"
    case .sharedMemory(let name), .named(let name): name
    case .resource(let name): "\(name)"
    }
  }
}

/// One thing of a domain that is to be locked.
public struct Resource: Hashable, Sendable {
  /// What it is to the domain: the configuration says which kinds are locked.
  public let kind: ResourceKind
  /// Which part of the domain uses it: `disk vda`, `backing file 1 of vda`, `lease db`.
  public let device: String
  /// Where this node's XML says that it lies; another node may call it otherwise.
  public let source: ResourceSource
  /// What the domain does with it, before policy makes a mode of that.
  public let access: Access

  /// - Parameter device: stands in messages; untrusted parts of it must be made plain before.
  public init(kind: ResourceKind, device: String, source: ResourceSource, access: Access) {
    self.kind = kind
    self.device = device
    self.source = source
    self.access = access
  }
}

/// One thing of a domain that this version cannot lock: reported, never dropped silently.
public struct UnguardedResource: Hashable, Sendable {
  /// Which part of the domain it is: `disk vdb`, `nvram`.
  public let device: String
  /// What it is and where, for a person: `network disk (rbd pool/image)`.
  public let description: String

  /// - Parameter description: by which a person finds it in the XML.
  public init(device: String, description: String) {
    self.device = device
    self.description = description
  }
}
