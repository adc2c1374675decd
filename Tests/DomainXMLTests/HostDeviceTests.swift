import DomainXML
import LockModel
import Testing

@Suite struct HostDeviceTests {
  static let pci = PCIAddress(domain: 0, bus: 1, slot: 0, function: 0)
  static let mdev = DomainUUID("c2177883-f1bb-47f0-914d-32a22e3a8804")!
  static let lun = ResourceSource.scsiDevice(adapter: "scsi_host3", bus: 0, target: 1, unit: 2)
  static let address = "<address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>"
  static let scsi =
    "<source><adapter name='scsi_host3'/><address bus='0' target='1' unit='2'/></source>"
  static let iscsi = NetworkImage(.iscsi, name: "iqn.x:t/1", hosts: [.tcp("san", port: 3260)])

  static let forms: [(xml: String, expected: Resource)] = [
    (
      "<hostdev mode='subsystem' type='pci' managed='yes'><source>\(address)</source></hostdev>",
      Resource(
        kind: .pci, device: "hostdev 0000:01:00.0", source: .pci(pci), access: .exclusiveWrite)
    ),
    (
      "<hostdev type='pci'><source>\(address)</source><address type='unassigned'/></hostdev>",
      Resource(
        kind: .pci, device: "hostdev 0000:01:00.0", source: .pci(pci), access: .exclusiveWrite)
    ),
    (
      "<hostdev mode='subsystem' type='scsi'>\(scsi)</hostdev>",
      Resource(
        kind: .scsi, device: "hostdev scsi_host3:0:1:2", source: lun, access: .exclusiveWrite)
    ),
    (
      "<hostdev mode='subsystem' type='scsi'>\(scsi)<shareable/></hostdev>",
      Resource(kind: .scsi, device: "hostdev scsi_host3:0:1:2", source: lun, access: .sharedWrite)
    ),
    (
      "<hostdev mode='subsystem' type='scsi'>\(scsi)<readonly/><shareable/></hostdev>",
      Resource(kind: .scsi, device: "hostdev scsi_host3:0:1:2", source: lun, access: .readOnly)
    ),
    (
      "<hostdev mode='subsystem' type='scsi'><source protocol='iscsi' name='iqn.x:t/1'>"
        + "<host name='san' port='3260'/></source><shareable/></hostdev>",
      Resource(
        kind: .iscsi, device: "hostdev iqn.x:t/1", source: .network(iscsi), access: .sharedWrite)
    ),
    (
      "<hostdev mode='subsystem' type='scsi_host'><source protocol='vhost' wwpn='naa.1'/></hostdev>",
      Resource(
        kind: .scsiHost, device: "hostdev naa.1", source: .vhostSCSI(wwpn: "naa.1"),
        access: .exclusiveWrite)
    ),
    (
      "<hostdev mode='subsystem' type='mdev'><source><address uuid='\(mdev)'/></source></hostdev>",
      Resource(
        kind: .mediatedDevice, device: "hostdev \(mdev)", source: .mediatedDevice(mdev),
        access: .exclusiveWrite)
    ),
    (
      "<interface type='hostdev'><source><address type='pci' bus='1'/></source></interface>",
      Resource(
        kind: .pci, device: "interface 0000:01:00.0", source: .pci(pci), access: .exclusiveWrite)
    ),
    // As a status file has it.
    (
      "<interface type='network'><source network='vfs'/><actual type='hostdev'><source>"
        + "<address type='pci' bus='1'/></source></actual></interface>",
      Resource(
        kind: .pci, device: "interface 0000:01:00.0", source: .pci(pci), access: .exclusiveWrite)
    ),
  ]

  @Test(arguments: forms) func everyForm(xml: String, expected: Resource) throws {
    let domain = try domain("<devices>\(xml)</devices>")
    #expect(domain.resources == [expected])
    #expect(domain.unguarded.isEmpty)
  }

  @Test(arguments: [
    ("<hostdev type='pci'><source/></hostdev>", "PCI device ?"),
    ("<hostdev type='pci'><source><address/></source></hostdev>", "PCI device ?:?:?.?"),
    (
      "<hostdev type='pci'><source><address bus='0x100'/></source></hostdev>",
      "PCI device ?:0x100:?.?"
    ),
    (
      "<hostdev type='scsi'><source><adapter name='a'/><address bus='0' unit='1'/></source></hostdev>",
      "SCSI device (a, bus 0, target ?, unit 1)"
    ),
    ("<hostdev type='scsi'/>", "SCSI device (?, bus ?, target ?, unit ?)"),
    (
      "<hostdev type='scsi'><source protocol='pigeon' name='n'/></hostdev>",
      "SCSI device on the network (pigeon n)"
    ),
    (
      "<hostdev type='scsi'><source protocol='nbd' name='n'/></hostdev>",
      "SCSI device on the network (nbd n)"
    ),
    (
      "<hostdev type='scsi_host'><source protocol='vhost'/></hostdev>", "SCSI host (vhost, ?)"
    ),
    ("<hostdev type='mdev'><source><address uuid='x'/></source></hostdev>", "mediated device x"),
    ("<hostdev type='soul'/>", "device of the unknown type soul"),
    (
      "<hostdev mode='capabilities' type='storage'><source><block>/dev/sdb</block></source></hostdev>",
      "storage of the mode capabilities (/dev/sdb)"
    ),
    (
      "<hostdev mode='capabilities' type='misc'><source><char>/dev/input</char></source></hostdev>",
      "misc of the mode capabilities (/dev/input)"
    ),
    (
      "<hostdev type='usb'><source><address bus='1' device='2'/></source></hostdev>",
      "USB device bus 1 device 2"
    ),
    (
      "<hostdev type='usb'><source><vendor id='0x1'/><product id='0x2'/></source></hostdev>",
      "USB device 0x1 0x2"
    ),
  ])
  func whatCannotBeLockedIsReported(xml: String, description: String) throws {
    let domain = try domain("<devices>\(xml)</devices>")
    #expect(domain.resources.isEmpty)
    #expect(domain.unguarded == [UnguardedResource(device: "hostdev", description: description)])
  }

  @Test(arguments: [
    ("<interface type='hostdev'><source/></interface>", ["interface"]),
    (
      "<interface type='hostdev'><source><vendor id='0x1'/></source></interface>", ["interface"]
    ),
    ("<interface type='bridge'><source bridge='br0'/></interface>", []),
    ("<interface type='network'><source network='vfs'/></interface>", []),
    ("<interface type='vdpa'><source dev='/dev/vhost-vdpa-0'/></interface>", []),
  ])
  func networkCards(xml: String, unguarded: [String]) throws {
    let domain = try domain("<devices>\(xml)</devices>")
    #expect(domain.resources.isEmpty)
    #expect(domain.unguarded.map(\.device) == unguarded)
  }
}
