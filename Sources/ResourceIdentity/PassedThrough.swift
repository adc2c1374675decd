import LockModel

/// Devices of the node that a guest gets as they are.
extension Identity {
  func pci(_ address: PCIAddress) -> ResourceName { local(.pci, "\(address)") }

  /// By its place, which is all that is known once vfio has it, and by its world-wide name as long as
  /// the nvme driver shows that: then its users as a block device are met, too.
  func nvme(_ address: PCIAddress, namespace: UInt32) -> Footprint {
    let place = local(.nvme, "\(address)", "\(namespace)")
    let names = nvmeName(address, namespace: namespace).map { [ResourceName.of(.wwid, [$0])] }
    return Footprint(first: place, names ?? [], within: [pci(address)])
  }

  private func nvmeName(_ address: PCIAddress, namespace: UInt32) -> String? {
    let controllers = Sysfs(path: host.sysfs)["bus/pci/devices/\(address)/nvme"]
    for controller in controllers.names {
      let children = controllers[controller]
      for child in children.names where children[child].line("nsid") == "\(namespace)" {
        if let wwid = children[child].line("wwid") { return WorldWideID.canonical(wwid) }
      }
    }
    return nil
  }

  /// A SCSI device by where the node sees it: the disk that is there.
  ///
  /// - Parameter adapter: `scsi_host3`, or the kernel's own `host3`.
  func scsi(
    adapter: String, bus: UInt32, target: UInt32, unit: UInt64
  ) throws(Untold) -> Footprint {
    let digits = adapter.drop { !$0.isNumber }
    guard ["scsi_host", "host"].contains(adapter.prefix(upTo: digits.startIndex)),
      let number = UInt32(digits)
    else { throw .failed("its adapter \(Quoted(adapter)) is none of this node's scsi_hostN") }
    return try scsi(host: number, bus: bus, target: target, unit: unit)
  }

  func scsi(host number: UInt32, bus: UInt32, target: UInt32, unit: UInt64) throws(Untold)
    -> Footprint
  {
    let address = "\(number):\(bus):\(target):\(unit)"
    let devices = Sysfs(path: host.sysfs)["bus/scsi/devices"]
    guard devices.names.contains(address) else { throw .absent }
    let device = devices[address]
    for name in device["block"].names {
      if let disk = device["block"][name].line("dev").flatMap({ DeviceNumber($0) }) {
        return try footprint(of: disk, Descent(unidentified))
      }
    }
    // A tape, a changer: no block device, but perhaps a name.
    if let wwid = VPD.identifier(device.bytes("vpd_pg83"))
      ?? device.line("wwid").flatMap(WorldWideID.canonical)
    {
      return Footprint(.of(.wwid, [wwid]))
    }
    guard unidentified == .nodePath else {
      throw .failed(
        "other nodes could not recognise the SCSI device \(address): it has no world-wide name that "
          + "sysfs tells. If no other node can reach it, set unidentified = \"node-path\" in "
          + "dlmguard.conf")
    }
    return Footprint(local(.scsi, address))
  }
}
