import LockModel

extension Inventory {
  /// A device of the node that the guest drives by itself (`virDomainHostdevDefParseXML`).
  mutating func add(hostDevice device: Element) {
    let type = device.shown("type")
    let source = device.child("source")
    switch (device["mode"] ?? "subsystem", type) {
    case ("subsystem", "pci"): add(pci: source?.child("address"), as: "hostdev")
    case ("subsystem", "scsi") where source?["protocol"] ?? "adapter" == "adapter":
      add(scsi: source, Access(hostDevice: device))
    case ("subsystem", "scsi"): add(iscsi: source, Access(hostDevice: device))
    case ("subsystem", "scsi_host"): add(vhostSCSI: source)
    case ("subsystem", "mdev"): add(mediatedDevice: source?.child("address"))
    case ("subsystem", "usb"): report("hostdev", "USB device \(source?.shownUSBDevice ?? "?")")
    case ("subsystem", _): report("hostdev", "device of the unknown type \(type)")
    case (let mode, _):
      let place = source?.child("block") ?? source?.child("char") ?? source?.child("interface")
      report(
        "hostdev", "\(type) of the mode \(plain(mode)) (\(place?.text.map(plain) ?? "?"))")
    }
  }

  /// A network card is one more PCI device, and its address no proof that it is a network card.
  mutating func add(interface: Element) {
    // Only the status file tells what a network gave apart from what was asked for.
    let given = interface.child("actual") ?? interface
    guard given["type"] == "hostdev" else { return }
    let source = given.child("source")
    let address = source?.child("address")
    // Without a type a vendor means USB (virDomainActualNetDefParseXML).
    switch address?["type"] ?? (source?.child("vendor") == nil ? "pci" : "usb") {
    case "pci": add(pci: address, as: "interface")
    case "usb": report("interface", "USB device \(source?.shownUSBDevice ?? "?")")
    case let type: report("interface", "device of the unknown type \(plain(type))")
    }
  }

  private mutating func add(pci address: Element?, as device: String) {
    guard let pci = address.flatMap({ PCIAddress($0) }) else {
      report(device, "PCI device \(address?.shownPCIAddress ?? "?")")
      return
    }
    lock(.pci, "\(device) \(pci)", .pci(pci), .exclusiveWrite)
  }

  private mutating func add(scsi source: Element?, _ access: Access) {
    let address = source?.child("address")
    guard let adapter = source?.child("adapter")?["name"], let address,
      address["bus"] != nil, let bus: UInt32 = address.number("bus"),
      address["target"] != nil, let target: UInt32 = address.number("target"),
      address["unit"] != nil, let unit: UInt64 = address.number("unit")
    else {
      report(
        "hostdev",
        "SCSI device (\(source?.child("adapter")?.shown("name") ?? "?"), bus "
          + "\(address?.shown("bus") ?? "?"), target \(address?.shown("target") ?? "?"), unit "
          + "\(address?.shown("unit") ?? "?"))")
      return
    }
    lock(
      .scsi, "hostdev \(plain(adapter)):\(bus):\(target):\(unit)",
      .scsiDevice(adapter: adapter, bus: bus, target: target, unit: unit), access)
  }

  private mutating func add(iscsi source: Element?, _ access: Access) {
    guard let source, let image = NetworkImage(source), image.networkProtocol == .iscsi else {
      report("hostdev", "SCSI device on the network (\(source?.networkName ?? "?"))")
      return
    }
    lock(.iscsi, "hostdev \(plain(image.name))", .network(image), access)
  }

  private mutating func add(vhostSCSI source: Element?) {
    guard source?["protocol"] == "vhost", let wwpn = source?["wwpn"] else {
      report(
        "hostdev",
        "SCSI host (\(source?.shown("protocol") ?? "?"), \(source?.shown("wwpn") ?? "?"))")
      return
    }
    lock(.scsiHost, "hostdev \(plain(wwpn))", .vhostSCSI(wwpn: wwpn), .exclusiveWrite)
  }

  private mutating func add(mediatedDevice address: Element?) {
    guard let uuid = address?["uuid"].flatMap({ DomainUUID($0) }) else {
      report("hostdev", "mediated device \(address?.shown("uuid") ?? "?")")
      return
    }
    lock(.mediatedDevice, "hostdev \(uuid)", .mediatedDevice(uuid), .exclusiveWrite)
  }
}

extension Access {
  fileprivate init(hostDevice: Element) {
    if hostDevice.child("readonly") != nil {
      self = .readOnly
    } else if hostDevice.child("shareable") != nil {
      self = .sharedWrite
    } else {
      self = .exclusiveWrite
    }
  }
}

extension Element {
  /// `0x1234 0xbeef`, or `bus 1 device 2`, of a USB `<source>`.
  fileprivate var shownUSBDevice: String {
    if let vendor = child("vendor")?.shown("id") {
      return "\(vendor) \(child("product")?.shown("id") ?? "?")"
    }
    let address = child("address")
    return "bus \(address?.shown("bus") ?? "?") device \(address?.shown("device") ?? "?")"
  }
}
