import LockModel

extension UnguardedResource {
  /// A device, other than disk and lease, that keeps or shares data; nil for any other device.
  init?(device: Element) {
    switch device.name {
    case "filesystem": self.init(filesystem: device)
    case "hostdev": self.init(hostDevice: device)
    case "tpm": self.init(tpm: device)
    case "memory": self.init(memory: device)
    case "shmem":
      self.init(
        device: "shmem \(device.shown("name"))", description: "memory shared with other programs")
    case "pstore":
      let path = device.child("path")?.text.map(plain) ?? "a path that libvirt chooses"
      self.init(device: "pstore", description: "crash record (\(path))")
    default: return nil
    }
  }

  private init(filesystem: Element) {
    let source = filesystem.child("source")
    let attributes: [StaticString] = ["dir", "file", "dev", "socket", "name", "volume"]
    let place = attributes.compactMap { source?[$0] }
    self.init(
      device: "filesystem \(filesystem.child("target")?.shown("dir") ?? "?")",
      description: "\(filesystem.shown("type")) (\(place.first.map(plain) ?? "?"))")
  }

  private init(hostDevice: Element) {
    let kind = hostDevice.shown("type")
    let source = hostDevice.child("source")
    let address = source?.child("address")
    let what: String
    switch kind {
    case "pci": what = "PCI device \(address?.pciAddress ?? "?")"
    case "mdev": what = "mediated device \(address?.shown("uuid") ?? "?")"
    case "scsi_host": what = "vhost-scsi target \(source?.shown("wwpn") ?? "?")"
    case "scsi" where source?["protocol"] != nil:
      what = "SCSI device on the network (\(source?.networkName ?? "?"))"
    case "scsi":
      let place = (["bus", "target", "unit"] as [StaticString]).map {
        "\($0) \(address?.shown($0) ?? "?")"
      }
      what =
        "SCSI device (\(source?.child("adapter")?.shown("name") ?? "?"), "
        + "\(place.joined(separator: ", ")))"
    case "usb":
      let parts = (["vendor", "product"] as [StaticString]).compactMap {
        source?.child($0)?.shown("id")
      }
      let place = (["bus", "device"] as [StaticString]).map {
        "\($0) \(address?.shown($0) ?? "?")"
      }
      what = "USB device \((parts.isEmpty ? place : parts).joined(separator: " "))"
    default: what = "device of the unknown type \(kind)"
    }
    self.init(device: "hostdev", description: what)
  }

  private init(tpm: Element) {
    let backend = tpm.child("backend")
    let path = backend?.child("source")?["path"] ?? backend?.child("device")?["path"]
    let what =
      switch backend?["type"] {
      // libvirt keeps it by the domain's UUID and does not name the path (qemu_tpm.c).
      case "emulator": "emulated TPM, state in \(path.map(plain) ?? "libvirt's swtpm directory")"
      case "passthrough": "TPM of the host (\(path.map(plain) ?? "/dev/tpm0"))"
      case "external": "TPM of another program (\(path.map(plain) ?? "?"))"
      default: "TPM of the unknown type \(backend?.shown("type") ?? "?")"
      }
    self.init(device: "tpm", description: what)
  }

  /// Only memory that is a file survives the domain.
  private init?(memory: Element) {
    guard let path = memory.child("source")?.child("path")?.text else { return nil }
    self.init(device: "memory", description: "\(memory.shown("model")) (\(plain(path)))")
  }
}
