import LockModel

extension Inventory {
  /// The namespace of what libvirt hands to QEMU unread (`QEMU_NAMESPACE_HREF`).
  private static let qemu: StaticString = "http://libvirt.org/schemas/domain/qemu/1.0"

  /// QEMU's options that open storage for more than reading once (qemu-options.hx), without dashes.
  private static let storageOptions: Set<String> = [
    "drive", "blockdev", "hda", "hdb", "hdc", "hdd", "cdrom", "fda", "fdb", "sd", "pflash",
    "mtdblock", "fsdev", "virtfs", "readconfig", "mem-path", "tpmdev",
  ]

  /// Options that do so only with some values, and what those values hold. A `-device` is a guest's
  /// end as a rule, and its storage what another option opened.
  private static let conditions: [String: [String]] = [
    "device": ["vfio-", "vhost-scsi", "vhost-vdpa", "usb-mtp"],
    "object": ["mem-path"],
    // Of what libvirt itself opens (-blockdev) it can change nothing.
    "set": ["drive."],
  ]

  /// Properties by which a device takes something of the node other than what its XML says.
  private static let takingProperties: Set<String> = [
    "drive", "memdev", "chardev", "host", "sysfsdev", "vhostdev", "wwpn", "rootdir",
  ]

  /// Storage that somebody added behind libvirt's back. The environment (`qemu:env`) names none.
  mutating func add(argumentsOf domain: Element) {
    for commandLine in domain.children("commandline", namespace: Self.qemu) {
      add(arguments: commandLine.children("arg", namespace: Self.qemu).map { $0["value"] ?? "" })
    }
    for override in domain.children("override", namespace: Self.qemu) {
      for device in override.children("device", namespace: Self.qemu) { add(override: device) }
    }
  }

  private mutating func add(arguments: [String]) {
    for (index, argument) in arguments.enumerated() {
      let next = index + 1 < arguments.count ? arguments[index + 1] : nil
      guard argument.hasPrefix("-") else {
        // QEMU takes for a disk what follows neither an option nor libvirt's last argument.
        if index == 0 || !arguments[index - 1].hasPrefix("-") {
          report("qemu:commandline", "QEMU argument \(plain(argument))")
        }
        continue
      }
      // QEMU takes one dash or two.
      let option = String(argument.drop { $0 == "-" })
      let opensStorage =
        Self.storageOptions.contains(option)
        || Self.conditions[option]?.contains { next?.holds($0) ?? false } ?? false
      if opensStorage {
        report(
          "qemu:commandline",
          "QEMU argument \(plain(argument))\(next.map { " \(plain($0))" } ?? "")")
      }
    }
  }

  private mutating func add(override device: Element) {
    for frontend in device.children("frontend", namespace: Self.qemu) {
      for property in frontend.children("property", namespace: Self.qemu) {
        guard let name = property["name"], Self.takingProperties.contains(name) else { continue }
        report(
          "qemu:override",
          "QEMU property \(name) of \(device.shown("alias")) (\(property.shown("value")))")
      }
    }
  }
}

extension String {
  /// Whether a text of ASCII stands somewhere in it.
  fileprivate func holds(_ part: String) -> Bool {
    var rest = utf8[...]
    while !rest.isEmpty {
      if rest.starts(with: part.utf8) { return true }
      rest.removeFirst()
    }
    return false
  }
}
