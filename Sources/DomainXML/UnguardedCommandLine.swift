import LockModel

extension UnguardedResource {
  /// The namespace of arguments that libvirt hands to QEMU unread (`QEMU_NAMESPACE_HREF`).
  private static let qemu: StaticString = "http://libvirt.org/schemas/domain/qemu/1.0"

  /// QEMU's options that open storage (qemu(1)), without their dashes.
  private static let storageOptions: Set<String> = [
    "drive", "blockdev", "hda", "hdb", "hdc", "hdd", "cdrom", "fda", "fdb", "sd", "pflash",
    "mtdblock", "fsdev", "virtfs", "readconfig",
  ]

  /// Storage that somebody added behind libvirt's back.
  static func commandLine(of domain: Element) -> [UnguardedResource] {
    let arguments = domain.children("commandline", namespace: qemu)
      .flatMap { $0.children("arg", namespace: qemu) }
      .map { $0["value"] ?? "" }
    return arguments.enumerated().compactMap { index, argument in
      // QEMU takes one dash or two.
      guard argument.hasPrefix("-"),
        storageOptions.contains(String(argument.drop { $0 == "-" }))
      else { return nil }
      let value = index + 1 < arguments.count ? " \(plain(arguments[index + 1]))" : ""
      return UnguardedResource(
        device: "qemu:commandline", description: "QEMU argument \(argument)\(value)")
    }
  }
}
