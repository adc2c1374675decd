import DomainXML
import LockModel
import Testing

@Suite struct DiskTests {
  /// A disk's type, what is in it, and what becomes of it.
  static let forms: [(type: String, inner: String, kind: ResourceKind, source: ResourceSource)] = [
    ("file", "<source file='/a b'/>", .file, .file("/a b")),
    ("block", "<source dev='/dev/sda' index='1'/>", .block, .block("/dev/sda")),
    ("dir", "<source dir='/srv'/>", .directory, .directory("/srv")),
    (
      "volume", "<source pool='p' volume='v' mode='direct'/>", .volume,
      .volume(pool: "p", volume: "v")
    ),
    (
      "nvme",
      "<source type='pci' namespace='3'><address domain='0x10000' bus='0xe1' slot='0x1f' "
        + "function='0x7'/></source>",
      .nvme, .nvme(PCIAddress(domain: 0x10000, bus: 0xe1, slot: 0x1f, function: 7), namespace: 3)
    ),
    (
      "nvme",
      "<source type='pci' namespace='1'><address bus='010' slot='2'/></source>",
      .nvme, .nvme(PCIAddress(domain: 0, bus: 8, slot: 2, function: 0), namespace: 1)
    ),
    ("vhostuser", "<source type='unix' path='/run/s'/>", .vhostUser, .socket("/run/s")),
    ("vhostvdpa", "<source dev='/dev/vhost-vdpa-1'/>", .vhostVDPA, .device("/dev/vhost-vdpa-1")),
    // A slice is the whole image.
    (
      "file",
      "<source file='/a'><slices><slice type='storage' offset='0' size='9'/></slices></source>",
      .file, .file("/a")
    ),
  ]

  @Test(arguments: forms)
  func everyType(
    type: String, inner: String, kind: ResourceKind, source: ResourceSource
  ) throws {
    for device in ["disk", "lun", "floppy"] {
      let domain = try Self.domain(disk: inner, type: type, device: device)
      #expect(
        domain.resources == [
          Resource(kind: kind, device: "disk vda", source: source, access: .exclusiveWrite)
        ])
      #expect(domain.unguarded.isEmpty)
    }
    #expect(
      try Self.domain(disk: inner, type: type, device: "cdrom").resources.map(\.access)
        == [.readOnly])
    let layer = "<backingStore type='\(type)'>\(inner)</backingStore>"
    #expect(
      try Self.domain(disk: "<source file='/top'/>" + layer).resources.last
        == Resource(
          kind: .backing, device: "backing file 1 of vda", source: source, access: .backing))
  }

  @Test(arguments: [
    ("", Access.exclusiveWrite), ("<shareable/>", .sharedWrite), ("<readonly/>", .readOnly),
    ("<readonly/><shareable/>", .readOnly), ("<transient/>", .exclusiveWrite),
    ("<transient shareBacking='yes'/>", .backing), ("<readonly/><transient/>", .readOnly),
  ])
  func whatIsDoneWithIt(flags: String, access: Access) throws {
    let disk = "<source file='/a'><dataStore type='block'><source dev='/b'/></dataStore></source>"
    let domain = try Self.domain(disk: disk + flags)
    #expect(domain.resources.map(\.access) == [access, access])
    #expect(domain.resources.map(\.device) == ["disk vda", "data file of vda"])
  }

  @Test(arguments: [
    ("file", ""), ("file", "<source/>"), ("file", "<source file=''/>"), ("block", "<source/>"),
    ("dir", "<source dir=''/>"), ("volume", "<source/>"), ("volume", ""), ("network", ""),
    ("nvme", ""), ("vhostuser", ""), ("vhostvdpa", ""),
  ])
  func anEmptyDriveIsNothing(type: String, source: String) throws {
    let domain = try Self.domain(disk: source, type: type, device: "cdrom")
    #expect(domain.resources.isEmpty && domain.unguarded.isEmpty)
  }

  @Test(arguments: [
    ("hologram", "<source file='/h'/>", "disk of the unknown type hologram"),
    ("hologram", "", "disk of the unknown type hologram"),
    ("network", "<source protocol='pigeon' name='x'/>", "network disk (pigeon x)"),
    ("network", "<source/>", "network disk (?)"),
    ("volume", "<source pool='p'/>", "storage pool volume (p / ?)"),
    ("nvme", "<source type='pci' namespace='1'/>", "NVMe disk (unknown address, namespace 1)"),
    (
      "nvme", "<source type='pci' namespace='x'><address bus='1'/></source>",
      "NVMe disk (0000:01:00.0, namespace x)"
    ),
    (
      "nvme", "<source type='pci' namespace='1'><address slot='0x20'/></source>",
      "NVMe disk (?:?:0x20.?, namespace 1)"
    ),
    ("vhostuser", "<source type='unix'/>", "vhost-user disk without a path"),
    ("vhostvdpa", "<source/>", "vhost-vDPA disk without a device"),
    (
      "file", "<source fdgroup='g'/>", "file passed as open descriptors (group g)"
    ),
  ])
  func whatIsNotUnderstoodIsReported(type: String, source: String, description: String) throws {
    let domain = try Self.domain(disk: source, type: type)
    #expect(domain.resources.isEmpty)
    #expect(
      domain.unguarded == [UnguardedResource(device: "disk vda", description: description)])
  }

  /// libvirt reads these two so; older versions wrote them.
  @Test func oldForms() throws {
    let untyped = "<devices><disk><source file='/a'/></disk></devices>"
    #expect(try DomainXMLTests.domain(untyped).resources.map(\.device) == ["disk of no name"])
    let mirror = try Self.domain(disk: "<source file='/a'/><mirror file='/m' format='raw'/>")
    #expect(
      mirror.resources.last
        == Resource(
          kind: .file, device: "mirror of vda", source: .file("/m"), access: .exclusiveWrite))
  }

  /// In an active commit the layer that is written is one of the chain.
  @Test func aMirrorMayBeALayer() throws {
    let domain = try Self.domain(
      disk: """
        <source file='/top'/><backingStore type='file'><source file='/base'/></backingStore>
        <mirror type='file' job='active-commit'><source file='/base'/></mirror>
        """)
    #expect(
      domain.resources.filter { $0.source == .file("/base") }.map(\.access)
        == [.backing, .exclusiveWrite])
  }

  static func domain(
    disk inner: String, type: String = "file", device: String = "disk"
  ) throws -> DomainDescription {
    try DomainXMLTests.domain(
      "<devices><disk type='\(type)' device='\(device)'>\(inner)<target dev='vda'/></disk></devices>"
    )
  }
}
