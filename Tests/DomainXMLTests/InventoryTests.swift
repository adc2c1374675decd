import DomainXML
import LockModel
import Testing

/// Every kind of storage that libvirt knows, in one domain.
@Suite struct InventoryTests {
  let domain: DomainDescription

  init() throws {
    domain = try DomainDescription(xml: try fixture("everything.xml"))
  }

  @Test func whoItIs() {
    #expect(domain.name == "web \"01\" ä")
    #expect("\(domain.uuid)" == "4dea22b3-1d52-d8f3-2516-782e98ab3fa0")
    #expect(domain.id == 7)
  }

  @Test func whatCanBeLocked() {
    let expected: [Resource] = [
      Resource(
        kind: .block, device: "disk sda", source: .block("/dev/mapper/lun1"),
        access: .exclusiveWrite),
      Resource(
        kind: .file, device: "disk fda", source: .file("/srv/floppy.img"), access: .exclusiveWrite),
      Resource(
        kind: .directory, device: "disk vdd", source: .directory("/srv/fat"), access: .readOnly),
      Resource(kind: .file, device: "disk vde", source: .file("/srv/both.raw"), access: .readOnly),
      Resource(
        kind: .file, device: "disk vdf", source: .file("/srv/transient.qcow2"),
        access: .exclusiveWrite),
      Resource(
        kind: .backing, device: "disk vdg", source: .file("/srv/base.qcow2"), access: .backing),
      Resource(
        kind: .file, device: "disk vdh", source: .file("/srv/base.qcow2.TRANSIENT-web \"01\" ä"),
        access: .exclusiveWrite),
      Resource(
        kind: .file, device: "disk vda", source: .file("/srv/data & \"more\".qcow2"),
        access: .sharedWrite),
      Resource(
        kind: .block, device: "data file of vda", source: .block("/dev/vg/data"),
        access: .sharedWrite),
      Resource(
        kind: .backing, device: "backing file 1 of vda", source: .file("/srv/layer.qcow2"),
        access: .backing),
      Resource(
        kind: .backing, device: "data file of backing file 1 of vda",
        source: .file("/srv/layer.raw"),
        access: .backing),
      Resource(
        kind: .backing, device: "backing file 3 of vda", source: .block("/dev/vg/base"),
        access: .backing),
      Resource(
        kind: .file, device: "mirror of vda", source: .file("/srv/copy.qcow2"),
        access: .exclusiveWrite),
      Resource(
        kind: .backing, device: "backing file 1 of mirror of vda",
        source: .file("/srv/copy-base.qcow2"),
        access: .backing),
      Resource(
        kind: .lease, device: "lease somekey",
        source: .lease(lockspace: "somearea", key: "somekey"),
        access: .exclusiveWrite),
      Resource(
        kind: .lease, device: "lease lonely", source: .lease(lockspace: "", key: "lonely"),
        access: .exclusiveWrite),
    ]
    for (got, want) in zip(domain.resources, expected) { #expect(got == want) }
    #expect(domain.resources.count == expected.count)
  }

  @Test(arguments: [
    ("backing file 2 of vda", "network disk (nbd base at store)"),
    ("disk vdb", "network disk (rbd pool/image)"),
    ("disk vdc", "storage pool volume (tank / web.qcow2)"),
    ("disk vdi", "NVMe disk (0000:01:00.0, namespace 1)"),
    ("disk vdj", "vhost-user disk (/run/vhost.sock)"),
    ("disk vdk", "vhost-vDPA disk (/dev/vhost-vdpa-0)"),
    ("disk vdl", "disk of the unknown type hologram"),
    ("disk vdm", "file passed as open descriptors (group g1, /srv/passed)"),
    ("lease", "lease without a key"),
    ("filesystem tag", "mount (/export)"),
    ("hostdev", "PCI device 0000:06:02.1"),
    ("hostdev", "SCSI device (scsi_host0, bus 0, target 1, unit 2)"),
    ("hostdev", "SCSI device on the network (iscsi iqn.2014-08.org.example:t/1 at san)"),
    ("hostdev", "vhost-scsi target naa.5123456789abcde0"),
    ("hostdev", "mediated device c2177883-f1bb-47f0-914d-32a22e3a8804"),
    ("hostdev", "USB device 0x1234 0xbeef"),
    ("tpm", "emulated TPM, state in libvirt's swtpm directory"),
    ("tpm", "TPM of the host (/dev/tpm1)"),
    ("tpm", "TPM of another program (/run/tpm.sock)"),
    ("memory", "nvdimm (/srv/nvdimm)"),
    ("shmem ivshmem0", "memory shared with other programs"),
    ("pstore", "crash record (/srv/pstore)"),
    ("loader", "writable firmware (/usr/share/OVMF/OVMF.fd)"),
    ("nvram", "firmware variables (/var/lib/libvirt/qemu/nvram/web_VARS.fd)"),
    ("varstore", "firmware variables (/var/lib/libvirt/qemu/varstore/web.json)"),
    ("qemu:commandline", "QEMU argument -drive file=/srv/hidden.img,if=virtio"),
    ("qemu:commandline", "QEMU argument --blockdev 'node-name=a\\nb'"),
    ("qemu:commandline", "QEMU argument -hda"),
  ])
  func whatCannot(device: String, description: String) {
    #expect(domain.unguarded.contains(UnguardedResource(device: device, description: description)))
  }

  @Test func nothingElseIsReported() {
    #expect(domain.unguarded.count == 28)
  }

  @Test func anNVRAMThatIsNoFile() throws {
    let nvram = """
      <os><nvram type='network'><source protocol='iscsi' name='iqn/0'><host name='san'/></source>\
      </nvram></os>
      """
    #expect(
      try DomainXMLTests.domain(nvram).unguarded == [
        UnguardedResource(
          device: "nvram", description: "firmware variables (network disk (iscsi iqn/0 at san))")
      ])
  }
}
