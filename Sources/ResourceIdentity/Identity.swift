import LockModel

/// Looks at this node's storage to find out what a resource really is, whatever path leads to it:
/// a symlink, a hard link, a bind mount or another device node gives the same name.
///
/// Every call may hang for as long as the storage does (a dead NFS server), so callers run it on a
/// thread that they can spare. docs/resources.md is the contract: what gives which name.
public struct Identity: Sendable {
  /// What becomes of a block device of which nothing is known but its numbers on this node.
  public enum Unidentified: String, CaseIterable, Hashable, Sendable {
    /// It has no name: other nodes might reach the same disk and not know it.
    case refuse
    /// It is known by the node and its numbers: no other node reaches it, by the administrator's word.
    case nodePath = "node-path"
  }

  let node: NodeName
  let storages: [Storage]
  let networks: [NetworkStorage]
  let unidentified: Unidentified
  let host: HostPaths
  /// What is mounted, as it was read for a batch of looks.
  private var known: Mounts?
  /// What that batch has found out about the devices that files lie on.
  private(set) var containers: Containers?
  /// Asked before anything of a mount is touched.
  private var enter: @Sendable (_ mountPoint: String) -> Bool = { _ in true }

  /// - Parameters:
  ///   - node: begins the names of what only this node knows.
  ///   - storages: what nodes share, by the administrator's word; the first that has a file counts.
  ///   - networks: which servers are one, by the administrator's word; the first that fits counts.
  ///   - unidentified: what to do with a disk that no other node could recognise.
  ///   - host: where this node shows what it knows.
  public init(
    node: NodeName, storages: [Storage] = [], networks: [NetworkStorage] = [],
    unidentified: Unidentified = .refuse, host: HostPaths = HostPaths()
  ) {
    self.node = node
    self.storages = storages
    self.networks = networks
    self.unidentified = unidentified
    self.host = host
  }

  /// The names of a resource, or why there are none. Any thread; blocks on the storage.
  ///
  /// - Parameter enter: told each mount on the way, by its mount point, before anything in it is
  ///   touched; false where it is known to hang.
  public func identify(
    _ resource: Resource,
    _ enter: @escaping @Sendable (_ mountPoint: String) -> Bool = { _ in true }
  ) -> Identification {
    var guarded = self
    guarded.enter = enter
    let result: Identification.Result
    do throws(Untold) {
      result = .named(try guarded.footprint(of: resource.source))
    } catch {
      result = error.result
    }
    return Identification(resource: resource, result: result)
  }

  /// The same, which has read the mount table and remembers what devices are: for several looks one after the other. Any thread;
  /// never waits for storage.
  public func ready() -> Identity {
    var ready = self
    ready.known = Mounts(proc: host.proc)
    ready.containers = Containers()
    return ready
  }

  func mounts() throws(Untold) -> Mounts {
    guard let mounts = known ?? Mounts(proc: host.proc) else {
      throw .failed("\(host.proc)/self/mountinfo cannot be read")
    }
    return mounts
  }

  func footprint(of source: ResourceSource) throws(Untold) -> Footprint {
    switch source {
    case .file(let path), .block(let path), .directory(let path): try footprint(ofPath: path)
    case .device(let path): try device(path)
    case .socket(let path): Footprint(local(.socket, try socketPath(path)))
    case .network(let image): try footprint(of: image)
    case .volume(let pool, let volume): try footprint(ofVolume: volume, in: pool)
    case .nvme(let address, let namespace): nvme(address, namespace: namespace)
    case .pci(let address): Footprint(pci(address))
    case .mediatedDevice(let uuid): Footprint(local(.mdev, "\(uuid)"))
    case .scsiDevice(let adapter, let bus, let target, let unit):
      try scsi(adapter: adapter, bus: bus, target: target, unit: unit)
    case .vhostSCSI(let wwpn): Footprint(local(.vhostSCSI, wwpn.lowercased()))
    case .sharedMemory(let name): Footprint(local(.sharedMemory, name))
    case .tpmState(let uuid): Footprint(.of(.tpm, ["\(uuid)"]))
    case .lease(let lockspace, let key): Footprint(.of(.lease, [lockspace, key]))
    case .named(let name): Footprint(.of(.name, [name]))
    case .resource(let name): Footprint(name)
    }
  }

  /// What a path leads to, whatever the XML calls it.
  func footprint(ofPath path: String) throws(Untold) -> Footprint {
    try footprint(ofPath: path, Descent(unidentified))
  }

  func footprint(ofPath path: String, _ descent: Descent) throws(Untold) -> Footprint {
    let file = try look(at: path)
    if file.isFile || file.isDirectory { return try footprint(of: file, at: path, descent) }
    if file.isBlockDevice { return try footprint(of: file.number, descent) }
    throw .failed("it is neither a file, a directory nor a block device")
  }

  /// What the kernel tells of a path.
  func look(at path: String) throws(Untold) -> KernelFile {
    try approach(path)
    return try KernelFile(path)
  }

  /// Makes sure that no mount on the way to a path is known to hang.
  func approach(_ path: String) throws(Untold) {
    try Self.check(path)
    let approach = Approach(mountPoints: try mounts().points, enter: enter)
    if let barrier = approach.barrier(onTheWayTo: path) {
      throw .failed(
        "its storage, mounted at \(Quoted(barrier)), has not answered an earlier look-up either")
    }
  }
}

/// How far a look has gone down from the resource to what it is made of.
struct Descent {
  let unidentified: Identity.Unidentified
  private let depth: Int

  init(_ unidentified: Identity.Unidentified) {
    self.init(unidentified, depth: 0)
  }

  private init(_ unidentified: Identity.Unidentified, depth: Int) {
    self.unidentified = unidentified
    self.depth = depth
  }

  /// One device further down. A loop over a file of its own filesystem would have no end.
  func below() throws(Untold) -> Descent {
    guard depth < 16 else { throw .failed("more than 16 devices lie over one another there") }
    return Descent(unidentified, depth: depth + 1)
  }

  /// To what the resource is only a part of: that always has a name.
  func container() throws(Untold) -> Descent {
    Descent(.nodePath, depth: try below().depth)
  }
}
