import LockModel

extension Inventory {
  /// Memory that is a file, and so outlives the domain.
  mutating func add(memory: Element) {
    let path = memory.child("source")?.child("path")?.text
    let number = resources.reduce(1) { $1.kind == .memory ? $0 + 1 : $0 }
    switch (memory["model"], path) {
    case ("nvdimm", let path?), ("virtio-pmem", let path?):
      // Otherwise exclusive even where the guest's writes stay private (access='private'): QEMU
      // opens the file for writing then, too, and gives an empty one its length.
      lock(
        .memory, "memory \(number)", path.hasPrefix("/dev/dax") ? .device(path) : .file(path),
        memory.child("target")?.child("readonly") == nil ? .exclusiveWrite : .readOnly)
    case ("nvdimm", nil), ("virtio-pmem", nil):
      report("memory", "\(memory.shown("model")) without a path")
    case (_, let path?):
      report("memory", "memory of the unknown model \(memory.shown("model")) (\(plain(path)))")
    case (_, nil): break
    }
  }

  /// Sharing is what it is for, so nobody has it alone.
  mutating func add(sharedMemory: Element) {
    guard let name = sharedMemory["name"] else {
      report("shmem", "shared memory without a name")
      return
    }
    // A server brings memory of its own; its socket's default is qemuDomainPrepareShmemChardev's.
    let source =
      sharedMemory.child("server").map { server in
        ResourceSource.socket(server["path"] ?? "/var/lib/libvirt/shmem-\(name)-sock")
      } ?? .sharedMemory(name: name)
    lock(.sharedMemory, "shmem \(plain(name))", source, .sharedWrite)
  }

  /// Where a guest that crashes leaves its last words for the next start.
  mutating func add(crashRecord store: Element, domainName: String) {
    // qemuDomainPstoreDefPostParse names it where nobody has.
    let path = store.child("path")?.text ?? "\(Self.nvramDirectory)/\(domainName)_PSTORE.raw"
    if store["backend"] == "acpi-erst" {
      lock(.memory, "pstore", .file(path), .exclusiveWrite)
    } else {
      report("pstore", "crash record of the unknown type \(store.shown("backend"))")
    }
  }
}
