import CLinux
import LockModel

extension Identity {
  /// What a block device is: down through whatever only passes its blocks on, to what has a name.
  func footprint(of number: DeviceNumber, _ descent: Descent) throws(Untold) -> Footprint {
    let device = BlockDevice(sysfs: host.sysfs, number)
    let below = try descent.below()
    if let partition = device.partition {
      guard let disk = device.disk else {
        throw .failed("sysfs does not tell which disk \(called(device)) is a partition of")
      }
      return part(partition, of: try footprint(of: disk, below))
    }
    if let file = device.loopBackingFile { return try loop(device, over: file, below) }
    if let uuid = device.mapperUUID { return try mapped(device, uuid, below) }
    if let footprint = try replicated(device, below) { return footprint }
    if let name = try kernelRBD(number) { return Footprint(name) }
    if let footprint = try together(device, below) { return footprint }
    if let name = disk(device) {
      return Footprint(name, within: device.nvmeAddresses.map { local(.pci, $0) })
    }
    // No other node can reach this one's memory.
    if let name = device.name, Self.isMemory(name) { return Footprint(block(number)) }
    return try unidentified(device, descent)
  }

  /// What several devices are parts of: a name, whatever is known of them.
  func containers(_ devices: [DeviceNumber], _ descent: Descent) -> [ResourceName] {
    devices.flatMap { device in
      containers?.of(device) { container(device, descent) } ?? container(device, descent)
    }
  }

  private func container(_ device: DeviceNumber, _ descent: Descent) -> [ResourceName] {
    do throws(Untold) {
      let container = try footprint(of: device, descent.container())
      return container.itself + container.within
    } catch {
      return [block(device)]
    }
  }

  /// By what a disk says of itself.
  private func disk(_ device: BlockDevice) -> ResourceName? {
    if let wwid = device.worldWideID { return .of(.wwid, [wwid]) }
    if let serial = device.virtioSerial { return .of(.virtioSerial, [serial]) }
    return device.scsiSerial.map { .of(.scsiSerial, $0) }
  }

  /// By the disk's names: one for each, so that it is met by whichever a node knows.
  private func part(_ number: String, of disk: Footprint) -> Footprint {
    let names = disk.itself.map { ResourceName.of(.part, [$0.description, number]) }
    return Footprint(
      first: names[0], Array(names.dropFirst()), within: disk.itself + disk.within)
  }

  /// A loop device is its file, also where it shows only a piece of it: two pieces may overlap, and
  /// their users are told apart by nobody.
  private func loop(
    _ device: BlockDevice, over path: String, _ below: Descent
  ) throws(Untold) -> Footprint {
    let file: KernelFile
    do {
      file = try look(at: path)
    } catch {
      return try unidentified(device, below, because: "its file \(Quoted(path)) is not there")
    }
    // The path may have been given to another file since, or be another mount namespace's.
    var open = dlmguard_file()
    if file.isFile, let node = device.name,
      dlmguard_loop_file(
        "\(host.devices)/\(node)", device.number.major, device.number.minor, &open) == 0,
      open.inode != file.inode
        || DeviceNumber(open.device_major, open.device_minor) != file.device
    {
      return try unidentified(
        device, below, because: "its file is no longer the one that is at \(Quoted(path))")
    }
    return try footprint(ofPath: path, below)
  }

  /// A device-mapper device, by who made it.
  private func mapped(
    _ device: BlockDevice, _ uuid: String, _ below: Descent
  ) throws(Untold) -> Footprint {
    let slaves = device.slaves.map(\.number)
    if uuid.hasPrefix("LVM-") {
      // LVM gives no extent to two volumes; snapshots and thin volumes share pools in its own way.
      return Footprint(.of(.dm, [uuid]), within: containers(slaves, below))
    }
    if let partition = Self.kpartx(uuid), let disk = slaves.first {
      return part(partition, of: try footprint(of: disk, below))
    }
    if uuid.hasPrefix("mpath-") { return try multipath(device, uuid, slaves, below) }
    return try together(device, below) ?? Footprint(.of(.dm, [uuid]))
  }

  /// kpartx's `part3-mpath-3600…`.
  private static func kpartx(_ uuid: String) -> String? {
    guard uuid.hasPrefix("part"), let dash = uuid.firstIndex(of: "-") else { return nil }
    let number = uuid[..<dash].dropFirst(4)
    return !number.isEmpty && number.allSatisfy(\.isNumber) ? String(number) : nil
  }

  /// All paths lead to one disk, so those count that say which.
  private func multipath(
    _ device: BlockDevice, _ uuid: String, _ paths: [DeviceNumber], _ below: Descent
  ) throws(Untold) -> Footprint {
    let known = paths.filter { disk(BlockDevice(sysfs: host.sysfs, $0)) != nil }
    if !known.isEmpty { return try union(known, [], below) }
    guard let wwid = WorldWideID.multipath(String(uuid.dropFirst("mpath-".utf8.count))) else {
      return try unidentified(device, below)
    }
    return Footprint(.of(.wwid, [wwid]))
  }

  /// Whoever writes a RAID, or anything else that is made of others, writes all of them.
  private func together(
    _ device: BlockDevice, _ below: Descent
  ) throws(Untold) -> Footprint? {
    let slaves = device.slaves
    let whole = slaves.filter { !$0.isCache }.map(\.number)
    guard !whole.isEmpty else { return nil }
    return try union(whole, slaves.filter(\.isCache).map(\.number), below)
  }

  /// - Parameter shared: of these each has only some blocks.
  private func union(
    _ devices: [DeviceNumber], _ shared: [DeviceNumber], _ below: Descent
  ) throws(Untold) -> Footprint {
    var itself: [ResourceName] = []
    var within: [ResourceName] = []
    for device in devices {
      let footprint = try footprint(of: device, below)
      itself += footprint.itself
      within += footprint.within
    }
    return Footprint(
      first: itself[0], Array(itself.dropFirst()), within: within + containers(shared, below))
  }

  /// DRBD: by resource and volume, which debugfs tells (`drbd_debugfs_device_add()`), beside this
  /// node's own disk under it; nil for every other device.
  private func replicated(
    _ device: BlockDevice, _ below: Descent
  ) throws(Untold) -> Footprint? {
    guard device.number.major == 147 else { return nil }
    let minors = Sysfs(path: host.sysfs)["kernel/debug/drbd/minors"]
    let steps = minors.link("\(device.number.minor)")?.split(separator: "/") ?? []
    // ../resources/RESOURCE/volumes/VOLUME
    guard steps.count >= 4, steps[steps.count - 4] == "resources" else {
      return try unidentified(
        device, below,
        because: "\(minors.path) does not tell its DRBD resource (is debugfs mounted?)")
    }
    let name = ResourceName.of(
      .drbd, [String(steps[steps.count - 3]), String(steps[steps.count - 1])])
    // The name is enough for the other nodes; the disk only keeps this node's others away.
    guard let disk = try? together(device, below) else { return Footprint(name) }
    return Footprint(first: name, disk.itself, within: disk.within)
  }

  /// The kernel's rbd devices (Documentation/ABI/testing/sysfs-bus-rbd): under the name of the image.
  private func kernelRBD(_ number: DeviceNumber) throws(Untold) -> ResourceName? {
    let devices = Sysfs(path: host.sysfs)["bus/rbd/devices"]
    for id in devices.names {
      let device = devices[id]
      guard device.line("major") == "\(number.major)",
        device.line("minor") == "\(number.minor)",
        let pool = device.line("pool"), let image = device.line("name")
      else { continue }
      let snapshot = device.line("current_snap").flatMap { $0 == "-" ? nil : $0 }
      let monitors = device.line("config_info")?.split(separator: " ").first?.split(separator: ",")
      let servers = (monitors ?? []).map { monitor in
        let (host, port) = Server.split(String(monitor))
        return Server(host, port: port ?? NetworkImage.NetworkProtocol.rbd.defaultPort)
      }
      let cluster = device.line("cluster_fsid").map { [Server($0, port: 0)] } ?? []
      return try rbd(
        [pool] + (device.line("pool_ns").map { [$0] } ?? []) + [image], snapshot: snapshot,
        servers: servers + cluster)
    }
    return nil
  }

  private static func isMemory(_ name: String) -> Bool {
    ["ram", "zram", "pmem"].contains {
      name.hasPrefix($0) && name.dropFirst($0.count).first?.isNumber == true
    }
  }

  private func unidentified(
    _ device: BlockDevice, _ descent: Descent,
    because reason: String = "it has no serial number and no world-wide name (WWN) that sysfs tells"
  ) throws(Untold) -> Footprint {
    guard descent.unidentified == .refuse else { return Footprint(block(device.number)) }
    throw .failed(
      "other nodes could not recognise \(called(device)): \(reason). Give the disk a serial number "
        + "or a WWN; or, if no other node can reach it, set unidentified = \"node-path\" in "
        + "dlmguard.conf")
  }

  private func called(_ device: BlockDevice) -> String {
    device.name.map { "/dev/\($0) (\(device.number))" } ?? "block device \(device.number)"
  }
}
