import CLinux
import LockModel

extension Identity {
  func footprint(
    of file: KernelFile, at path: String, _ descent: Descent
  ) throws(Untold) -> Footprint {
    let mounts = try mounts()
    let filesystem = mounts.filesystem(of: path, on: file.device)
    let name: ResourceName
    if let shared = try shared(file, at: path, mounts) {
      name = shared
    } else if let filesystem, let shared = try shared(file, at: path, on: filesystem) {
      name = shared
    } else {
      // A file's number is unique in its filesystem, and a local filesystem on its node.
      name = local(.file, String(file.filesystem, radix: 16), String(file.inode))
    }
    return Footprint(
      name, within: containers(devices(of: filesystem, file.device), descent))
  }

  /// By its place in a storage that nodes share; nil where it lies in none.
  private func shared(
    _ file: KernelFile, at path: String, _ mounts: Mounts
  ) throws(Untold) -> ResourceName? {
    guard !storages.isEmpty, let place = mounts.place(of: path) else { return nil }
    for storage in storages {
      guard let position = storage.position(of: place, in: mounts) else { continue }
      // By another of its names it would be another file.
      guard file.isDirectory || file.links < 2 else {
        throw .failed(
          "it has \(file.links) hard links, and a file of the storage \(Quoted(storage.name)) is "
            + "known by its path: remove the other names")
      }
      return .of(.storage, [storage.name, position])
    }
    return nil
  }

  /// By what all clients of a shared filesystem know of it; nil for a filesystem of this node alone.
  ///
  /// Each type has one way, which every kernel knows: two nodes must never choose differently.
  private func shared(
    _ file: KernelFile, at path: String, on filesystem: Mounts.Filesystem
  ) throws(Untold) -> ResourceName? {
    let inode = String(file.inode)
    switch filesystem.type {
    case "nfs", "nfs4":
      guard let fsid = NFSVolumes(proc: host.proc).fsid(of: file.device) else {
        throw Self.untold("\(host.proc)/fs/nfsfs/volumes does not tell the server's FSID of it")
      }
      return .of(.nfs, [fsid, inode])
    case "gfs2":
      guard let uuid = gfs2UUID(file.device) else {
        throw Self.untold("\(host.sysfs)/fs/gfs2 does not tell its filesystem's UUID")
      }
      return .of(.gfs2, [uuid, inode])
    // ocfs2_statfs() makes it of the filesystem's UUID, ceph_statfs() of the cluster's fsid.
    case "ocfs2", "ceph":
      guard let fsid = file.fsid else {
        throw Self.untold("statfs(2) does not tell its filesystem's id")
      }
      let kind: ResourceName.Kind = filesystem.type == "ceph" ? .cephfs : .ocfs2
      return .of(kind, [String(fsid, radix: 16), inode])
    case "fuse.ceph", "fuse.ceph-fuse":
      guard let fsid = attribute("ceph.cluster_fsid", of: path).flatMap(CephCluster.fsid) else {
        throw Self.untold("its attribute ceph.cluster_fsid cannot be read")
      }
      return .of(.cephfs, [String(fsid, radix: 16), inode])
    case "fuse.glusterfs":
      guard let gfid = attribute("glusterfs.gfid.string", of: path) else {
        throw Self.untold("its attribute glusterfs.gfid.string cannot be read")
      }
      return .of(.glusterFile, [gfid.lowercased()])
    case "cifs", "smb3":
      // Without serverino the client makes the numbers up.
      guard filesystem.options.contains("serverino") else {
        throw Self.untold("it is mounted without the option serverino")
      }
      let share = filesystem.source.lowercased().split { $0 == "/" || $0 == "\\" }.prefix(2)
      return .of(.smb, share.map(String.init) + [inode])
    case "lustre", "gpfs", "beegfs", "pvfs2", "afs":
      throw Self.untold("this version does not know what \(filesystem.type) tells of its files")
    default: return nil
    }
  }

  private static func untold(_ reason: String) -> Untold {
    .failed(
      "\(reason), so other nodes could not recognise it; a [[storage]] in dlmguard.conf for its "
        + "directory, on every node, makes it known by its path instead")
  }

  /// `/sys/fs/gfs2/TABLE/id` is the filesystem's device, `uuid` what mkfs.gfs2 gave it.
  private func gfs2UUID(_ device: DeviceNumber) -> String? {
    let filesystems = Sysfs(path: host.sysfs)["fs/gfs2"]
    for name in filesystems.names
    where filesystems[name].line("id").flatMap({ DeviceNumber($0) }) == device {
      return filesystems[name].line("uuid")?.lowercased()
    }
    return nil
  }

  private func attribute(_ name: String, of path: String) -> String? {
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = dlmguard_xattr(path, name, &bytes, bytes.count)
    guard count > 0 else { return nil }
    return String(decoding: bytes[..<count].prefix { $0 != 0 }, as: UTF8.self)
  }

  /// The block devices that a filesystem lies on; none for those on the network or in memory.
  ///
  /// - Parameter device: what its files have for one.
  func devices(of filesystem: Mounts.Filesystem?, _ device: DeviceNumber) -> [DeviceNumber] {
    if device.major != 0 { return [device] }
    // btrfs and others give their files a device that does not exist.
    guard let source = filesystem?.source, source.hasPrefix("/"),
      let file = try? look(at: source), file.isBlockDevice
    else { return [] }
    let others = filesystem?.type == "btrfs" ? btrfsDevices(with: file.number) : []
    return [file.number] + others.filter { $0 != file.number }
  }

  /// All devices of the btrfs that has this one (`/sys/fs/btrfs/UUID/devices`).
  private func btrfsDevices(with device: DeviceNumber) -> [DeviceNumber] {
    let filesystems = Sysfs(path: host.sysfs)["fs/btrfs"]
    for uuid in filesystems.names {
      let members = filesystems[uuid]["devices"]
      let numbers = members.names.compactMap {
        members[$0].line("dev").flatMap { DeviceNumber($0) }
      }
      if numbers.contains(device) { return numbers }
    }
    return []
  }
}

/// How the id of a Ceph cluster becomes the number that statfs(2) gives on CephFS.
enum CephCluster {
  /// The halves of the UUID, little-endian, one over the other (`ceph_statfs()`), so that a file has
  /// one name through the kernel's client and through ceph-fuse; nil for what is no UUID.
  static func fsid(_ text: String) -> UInt64? {
    guard let uuid = DomainUUID(text) else { return nil }
    let digits = uuid.description.filter { $0 != "-" }
    guard let high = UInt64(digits.prefix(16), radix: 16),
      let low = UInt64(digits.suffix(16), radix: 16)
    else { return nil }
    return (high ^ low).byteSwapped
  }
}
