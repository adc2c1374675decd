import DomainXML
import LockModel
import Testing

@Suite struct FirmwareTests {
  static let own = "/var/lib/libvirt/qemu/nvram/vm-1_VARS"

  static let forms: [(os: String, expected: [String])] = [
    ("<os><type>hvm</type></os>", []),
    ("<os firmware='bios'/>", []),
    ("<os><loader type='rom'>/f</loader></os>", []),
    ("<os><loader>/usr/lib/xen/boot/hvmloader</loader></os>", []),
    ("<os><loader readonly='yes' type='pflash' stateless='yes'>/f</loader></os>", []),
    ("<os firmware='efi'><loader stateless='yes'/></os>", []),
    ("<os firmware='efi'><loader type='rom'>/f</loader></os>", []),
    ("<os><loader readonly='no' type='pflash'>/f</loader></os>", ["loader /f"]),
    // Flash is writable unless something says that it is not.
    ("<os><loader type='pflash'>/f</loader></os>", ["loader /f"]),
    (
      "<os><loader readonly='yes' type='pflash'>/f</loader><nvram template='/t'>/n</nvram></os>",
      ["nvram /n"]
    ),
    ("<os><nvram type='file'><source file='/n'/></nvram></os>", ["nvram /n"]),
    ("<os><nvram type='block'><source dev='/dev/n'/></nvram></os>", ["nvram /dev/n"]),
    (
      "<os><nvram type='network'><source protocol='iscsi' name='iqn/0'><host name='san'/></source>"
        + "</nvram></os>",
      ["nvram iscsi:iqn/0 (san)"]
    ),
    ("<os><loader type='rom'>/f</loader><varstore path='/v' template='/t'/></os>", ["varstore /v"]),
    // Not named, so libvirt names it.
    ("<os><loader readonly='yes' type='pflash'>/f</loader></os>", ["nvram \(own).fd"]),
    (
      "<os><loader readonly='yes' type='pflash'>/f</loader><nvram template='/t'/></os>",
      ["nvram \(own).fd"]
    ),
    (
      "<os><loader readonly='yes' type='pflash' format='qcow2'>/f</loader></os>",
      ["nvram \(own).qcow2"]
    ),
    ("<os firmware='efi'><nvram format='qcow2'/></os>", ["nvram \(own).qcow2"]),
    ("<os firmware='efi'/>", ["nvram \(own).fd"]),
    ("<os firmware='efi'><loader secure='yes'/></os>", ["nvram \(own).fd"]),
  ]

  @Test(arguments: forms) func whatItWrites(os: String, expected: [String]) throws {
    let domain = try domain(os)
    #expect(domain.resources.map { "\($0.device) \($0.source.location)" } == expected)
    for resource in domain.resources {
      #expect(resource.access == .exclusiveWrite)
      #expect(resource.kind == (resource.device == "loader" ? .loader : .firmwareVariables))
    }
    #expect(domain.unguarded.isEmpty)
  }

  @Test(arguments: [
    ("<os firmware='efi'><loader readonly='no'/><nvram>/n</nvram></os>", "loader"),
    ("<os><nvram type='file'/></os>", "nvram"),
    ("<os><nvram type='network'><source protocol='pigeon'/></nvram></os>", "nvram"),
    ("<os><nvram type='hologram'><source file='/n'/></nvram></os>", "nvram"),
    ("<os><varstore template='/t'/></os>", "varstore"),
  ])
  func whatCannotBeKnownIsReported(os: String, device: String) throws {
    #expect(try domain(os).unguarded.map(\.device) == [device])
  }

  static let uuid = DomainUUID("83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7")!

  static let tpms: [(backend: String, sources: [ResourceSource], access: Access)] = [
    ("<backend type='emulator' version='2.0'/>", [.tpmState(uuid)], .exclusiveWrite),
    (
      "<backend type='emulator'><source type='file' path='/t'/></backend>",
      [.tpmState(uuid), .file("/t")], .exclusiveWrite
    ),
    (
      "<backend type='emulator'><source type='dir' path='/t'/></backend>",
      [.tpmState(uuid), .directory("/t")], .exclusiveWrite
    ),
    ("<backend type='passthrough'/>", [.device("/dev/tpm0")], .exclusiveWrite),
    (
      "<backend type='passthrough'><device path='/dev/tpm1'/></backend>", [.device("/dev/tpm1")],
      .exclusiveWrite
    ),
    (
      "<backend type='passthrough'><device path='/dev/tpmrm0'/></backend>",
      [.device("/dev/tpmrm0")], .sharedWrite
    ),
  ]

  @Test(arguments: tpms)
  func everyTPM(backend: String, sources: [ResourceSource], access: Access) throws {
    let domain = try domain("<devices><tpm>\(backend)</tpm></devices>")
    #expect(domain.resources.map(\.source) == sources)
    #expect(
      domain.resources.map(\.device) == Array(["tpm", "tpm state"].prefix(sources.count)))
    for resource in domain.resources {
      #expect(resource.kind == .tpm && resource.access == access)
    }
    #expect(domain.unguarded.isEmpty)
  }

  @Test(arguments: [
    (
      "<tpm><backend type='external'><source type='unix' path='/s'/></backend></tpm>", "tpm",
      "TPM whose state another program keeps (/s)"
    ),
    ("<tpm><backend type='dream'/></tpm>", "tpm", "TPM of the unknown type dream"),
    ("<tpm/>", "tpm", "TPM of the unknown type ?"),
    (
      "<tpm><backend type='emulator'><source type='cloud' path='/t'/></backend></tpm>",
      "tpm state", "cloud (/t)"
    ),
  ])
  func whatKeepsItsStateElsewhere(tpm: String, device: String, description: String) throws {
    #expect(
      try domain("<devices>\(tpm)</devices>").unguarded == [
        UnguardedResource(device: device, description: description)
      ])
  }
}
