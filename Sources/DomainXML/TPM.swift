import LockModel

extension Inventory {
  mutating func add(tpm: Element, of uuid: DomainUUID) {
    let backend = tpm.child("backend")
    switch backend?["type"] {
    case "emulator":
      // Where libvirt's swtpm keeps it, the XML does not say (qemu_tpm.c).
      lock(.tpm, "tpm", .tpmState(uuid), .exclusiveWrite)
      if let source = backend?.child("source") { add(tpmState: source) }
    case "passthrough":
      // VIR_DOMAIN_TPM_DEFAULT_DEVICE
      let path = backend?.child("device")?["path"] ?? "/dev/tpm0"
      // Of a TPM behind the kernel's resource manager each user has its own part.
      lock(
        .tpm, "tpm", .device(path), path.hasPrefix("/dev/tpmrm") ? .sharedWrite : .exclusiveWrite)
    case "external":
      let source = backend?.child("source")
      report("tpm", "TPM whose state another program keeps (\(source?.shown("path") ?? "?"))")
    case let type: report("tpm", "TPM of the unknown type \(plain(type ?? "?"))")
    }
  }

  /// Where an administrator put it (libvirt 10.10).
  private mutating func add(tpmState source: Element) {
    switch (source["type"], source["path"]) {
    case ("file", let path?): lock(.tpm, "tpm state", .file(path), .exclusiveWrite)
    case ("dir", let path?): lock(.tpm, "tpm state", .directory(path), .exclusiveWrite)
    default: report("tpm state", "\(source.shown("type")) (\(source.shown("path")))")
    }
  }
}
