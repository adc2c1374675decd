import DomainXML
import LockModel
import Testing

/// Memory and filesystems: what a guest keeps or shares that is no disk.
@Suite struct SharedTests {
  static let forms: [(xml: String, expected: [Resource])] = [
    ("<memory model='dimm'><source><nodemask>0</nodemask></source></memory>", []),
    ("<memory model='virtio-mem'/><memory model='sgx-epc'/>", []),
    (
      "<memory model='nvdimm' access='private'><source><path>/n</path></source></memory>",
      [
        Resource(
          kind: .memory, device: "memory 1", source: .file("/n"), access: .exclusiveWrite)
      ]
    ),
    (
      """
      <memory model='virtio-pmem' access='shared'><source><path>/p</path></source></memory>
      <memory model='nvdimm'><source><path>/n</path></source><target><readonly/></target></memory>
      """,
      [
        Resource(
          kind: .memory, device: "memory 1", source: .file("/p"), access: .exclusiveWrite),
        Resource(kind: .memory, device: "memory 2", source: .file("/n"), access: .readOnly),
      ]
    ),
    (
      "<memory model='nvdimm'><source><path>/dev/dax0.0</path><pmem/></source></memory>",
      [
        Resource(
          kind: .memory, device: "memory 1", source: .device("/dev/dax0.0"),
          access: .exclusiveWrite)
      ]
    ),
    (
      "<shmem name='s'><model type='ivshmem-plain'/><size unit='M'>4</size></shmem>",
      [
        Resource(
          kind: .sharedMemory, device: "shmem s", source: .sharedMemory(name: "s"),
          access: .sharedWrite)
      ]
    ),
    (
      "<shmem name='s'><model type='ivshmem-doorbell'/><server path='/run/s'/></shmem>",
      [
        Resource(
          kind: .sharedMemory, device: "shmem s", source: .socket("/run/s"), access: .sharedWrite)
      ]
    ),
    (
      "<shmem name='s'><model type='ivshmem-doorbell'/><server/></shmem>",
      [
        Resource(
          kind: .sharedMemory, device: "shmem s", source: .socket("/var/lib/libvirt/shmem-s-sock"),
          access: .sharedWrite)
      ]
    ),
    (
      "<pstore backend='acpi-erst'><path>/c</path><size unit='KiB'>8</size></pstore>",
      [Resource(kind: .memory, device: "pstore", source: .file("/c"), access: .exclusiveWrite)]
    ),
    (
      "<pstore backend='acpi-erst'/>",
      [
        Resource(
          kind: .memory, device: "pstore",
          source: .file("/var/lib/libvirt/qemu/nvram/vm-1_PSTORE.raw"), access: .exclusiveWrite)
      ]
    ),
    (filesystem("<source dir='/d'/>", nil), [mounted(.directory("/d"), .sharedWrite)]),
    (filesystem("<source dir='/d'/>", "mount"), [mounted(.directory("/d"), .sharedWrite)]),
    (filesystem("<source dir='/d'/><readonly/>", "mount"), [mounted(.directory("/d"), .readOnly)]),
    (filesystem("<source socket='/s'/>", "mount"), [mounted(.socket("/s"), .sharedWrite)]),
    (filesystem("<source file='/f'/>", "file"), [mounted(.file("/f"), .exclusiveWrite)]),
    (filesystem("<source file='/f'/><readonly/>", "file"), [mounted(.file("/f"), .readOnly)]),
    (filesystem("<source dev='/b'/>", "block"), [mounted(.block("/b"), .exclusiveWrite)]),
    (
      filesystem("<source pool='p' volume='v'/>", "volume"),
      [mounted(.volume(pool: "p", volume: "v"), .exclusiveWrite)]
    ),
    (filesystem("<source usage='1'/>", "ram"), []),
  ]

  @Test(arguments: forms) func everyForm(xml: String, expected: [Resource]) throws {
    let domain = try domain("<devices>\(xml)</devices>")
    #expect(domain.resources == expected)
    #expect(domain.unguarded.isEmpty)
  }

  @Test(arguments: [
    ("<memory model='nvdimm'/>", "memory", "nvdimm without a path"),
    (
      "<memory model='crystal'><source><path>/c</path></source></memory>", "memory",
      "memory of the unknown model crystal (/c)"
    ),
    ("<shmem/>", "shmem", "shared memory without a name"),
    ("<pstore backend='paper'/>", "pstore", "crash record of the unknown type paper"),
    (
      filesystem("<source name='t'/>", "template"), "filesystem tag",
      "filesystem of the type template (t)"
    ),
    (
      filesystem("<source dir='/d'/>", "bind"), "filesystem tag", "filesystem of the type bind (/d)"
    ),
    (filesystem("", "mount"), "filesystem tag", "filesystem of the type mount (?)"),
    (
      filesystem("<source dir='/d'/>", "dream"), "filesystem tag",
      "filesystem of the type dream (/d)"
    ),
  ])
  func whatCannotBeLockedIsReported(xml: String, device: String, description: String) throws {
    let domain = try domain("<devices>\(xml)</devices>")
    #expect(domain.resources.isEmpty)
    #expect(domain.unguarded == [UnguardedResource(device: device, description: description)])
  }

  private static func filesystem(_ inner: String, _ type: String?) -> String {
    "<filesystem\(type.map { " type='\($0)'" } ?? "")>\(inner)<target dir='tag'/></filesystem>"
  }

  private static func mounted(_ source: ResourceSource, _ access: Access) -> Resource {
    Resource(kind: .filesystem, device: "filesystem tag", source: source, access: access)
  }
}
