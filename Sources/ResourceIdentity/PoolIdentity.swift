import LockModel

extension Identity {
  /// A volume is what its pool makes of its name, on this node; the pool's own name means nothing
  /// elsewhere.
  func footprint(ofVolume volume: String, in pool: String) throws(Untold) -> Footprint {
    let definition = try PoolDefinition.read(pool, host)
    switch definition.type {
    case "dir", "fs", "netfs", "vstorage", "logical", "zfs":
      return try footprint(ofPath: Self.needed(definition.targetPath, "target path") + "/" + volume)
    case "disk", "mpath":
      return try footprint(ofPath: device(volume))
    case "scsi":
      return try scsi(
        hosts: scsiHosts(of: try Self.needed(definition.adapter, "adapter")), unit: volume)
    case "iscsi":
      let target = try Self.needed(definition.sourceDevice, "source device")
      return try scsi(hosts: iscsiHosts(of: target), unit: volume)
    case "iscsi-direct":
      let target = try Self.needed(definition.sourceDevice, "source device")
      let unit = try Self.unit(volume).unit
      return try network(.iscsi, "\(target)/\(unit)", definition)
    case "rbd":
      return try network(
        .rbd, Self.needed(definition.sourceName, "name") + "/" + volume, definition)
    case "gluster":
      let name = try Self.needed(definition.sourceName, "name")
      return try network(.gluster, "\(name)/\(definition.sourceDirectory)/\(volume)", definition)
    case "sheepdog": return try network(.sheepdog, volume, definition)
    default:
      throw .failed(
        "its pool is of the type \(Quoted(definition.type)), which this version does not know: give "
          + "the disk its path")
    }
  }

  private func network(
    _ networkProtocol: NetworkImage.NetworkProtocol, _ name: String, _ pool: PoolDefinition
  ) throws(Untold) -> Footprint {
    try footprint(of: NetworkImage(networkProtocol, name: name, hosts: pool.hosts))
  }

  private static func needed<Value>(_ value: Value?, _ what: String) throws(Untold) -> Value {
    guard let value else { throw .failed("the definition of its pool has no \(what)") }
    return value
  }

  /// `sdb1`, `mpatha1` or `dm-3`: what parted and device-mapper call it.
  private func device(_ volume: String) throws(Untold) -> String {
    guard !volume.contains("/") else { throw .failed("a volume of its pool has no / in its name") }
    let path = "\(host.devices)/\(volume)"
    do {
      _ = try look(at: path)
      return path
    } catch .absent {
      return "\(host.devices)/mapper/\(volume)"
    }
  }

  /// `unit:BUS:TARGET:LUN` (`virStorageBackendSCSINewLun()`).
  private static func unit(
    _ volume: String
  ) throws(Untold) -> (bus: UInt32, target: UInt32, unit: UInt64) {
    let fields = volume.split(separator: ":")
    guard fields.count == 4, fields[0] == "unit", let bus = UInt32(fields[1]),
      let target = UInt32(fields[2]), let unit = UInt64(fields[3])
    else { throw .failed("\(Quoted(volume)) is not unit:BUS:TARGET:LUN") }
    return (bus, target, unit)
  }

  /// By the first adapter that shows it: all lead to one disk.
  private func scsi(hosts: [UInt32], unit volume: String) throws(Untold) -> Footprint {
    let unit = try Self.unit(volume)
    for host in hosts {
      do {
        return try scsi(host: host, bus: unit.bus, target: unit.target, unit: unit.unit)
      } catch .absent {
        continue
      }
    }
    throw .absent
  }

  /// The adapters that a SCSI pool may mean: by name, by PCI address and number, or by the names of a
  /// Fibre Channel port.
  private func scsiHosts(of adapter: XMLElement) -> [UInt32] {
    let hosts = Sysfs(path: host.sysfs)["class/scsi_host"]
    if let name = adapter["name"] { return UInt32(name.drop { !$0.isNumber }).map { [$0] } ?? [] }
    if let parent = adapter.child("parentaddr"), let address = parent.child("address") {
      let numbers = ["domain", "bus", "slot", "function"].map { name in
        address[name].flatMap {
          UInt32($0.hasPrefix("0x") ? String($0.dropFirst(2)) : $0, radix: 16)
        }
      }
      guard
        case let (domain?, bus?, slot?, function?) = (
          numbers[0], numbers[1], numbers[2], numbers[3]
        )
      else { return [] }
      let device = PCIAddress(
        domain: domain, bus: UInt8(truncatingIfNeeded: bus), slot: UInt8(truncatingIfNeeded: slot),
        function: UInt8(truncatingIfNeeded: function))
      return Self.numbers(
        hosts.names.filter { name in
          (parent["unique_id"] == nil || hosts[name].line("unique_id") == parent["unique_id"])
            && resolve(hosts[name].path)?.contains("/\(device)/") == true
        })
    }
    let ports = Sysfs(path: host.sysfs)["class/fc_host"]
    return Self.numbers(
      ports.names.filter { name in
        [("port_name", "wwpn"), ("node_name", "wwnn")].allSatisfy { attribute, key in
          ports[name].line(attribute)?.lowercased() == adapter[key].map { "0x\($0.lowercased())" }
        }
      })
  }

  /// The adapters of the sessions with an iSCSI target.
  private func iscsiHosts(of target: String) -> [UInt32] {
    let sessions = Sysfs(path: host.sysfs)["class/iscsi_session"]
    return sessions.names.filter { sessions[$0].line("targetname") == target }.flatMap { name in
      Self.numbers((resolve(sessions[name].path) ?? "").split(separator: "/").map(String.init))
    }
  }

  /// The N of every `hostN`.
  private static func numbers(_ names: [String]) -> [UInt32] {
    names.compactMap { $0.hasPrefix("host") ? UInt32($0.dropFirst(4)) : nil }
  }
}
