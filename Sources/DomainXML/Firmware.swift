import LockModel

extension Inventory {
  /// Where a system libvirtd keeps the variables that it names itself (`nvramDir`, qemu_conf.c).
  static let nvramDirectory = "/var/lib/libvirt/qemu/nvram"

  /// What a guest's firmware writes. Its image is no resource where it is only read.
  mutating func add(firmwareOf domain: Element, named name: String) {
    guard let os = domain.child("os") else { return }
    if let loader = os.child("loader"), loader.isWrittenLoader {
      if let path = loader.text {
        lock(.loader, "loader", .file(path), .exclusiveWrite)
      } else {
        report("loader", "writable firmware that libvirt chooses")
      }
    }
    if let nvram = os.child("nvram") {
      add(nvram: nvram, of: os, named: name)
    } else if os.impliesNVRAM {
      lock(.firmwareVariables, "nvram", Self.ownNVRAM(of: os, named: name), .exclusiveWrite)
    }
    if let store = os.child("varstore") {
      if let path = store["path"] {
        lock(.firmwareVariables, "varstore", .file(path), .exclusiveWrite)
      } else {
        // libvirt writes the path down when the domain is defined, so this is not to be seen.
        report("varstore", "firmware variables in a place that libvirt chooses")
      }
    }
  }

  private mutating func add(nvram: Element, of os: Element, named name: String) {
    if nvram["type"] == nil {
      // libvirt writes a local file as the element's text, anything else like a disk's source.
      let source = nvram.text.map { .file($0) } ?? Self.ownNVRAM(of: os, named: name)
      lock(.firmwareVariables, "nvram", source, .exclusiveWrite)
    } else if let image = Image(nvram) {
      add(image, "nvram", .exclusiveWrite, as: .firmwareVariables)
    } else {
      report("nvram", "firmware variables (\(nvram.shown("type")) without a source)")
    }
  }

  /// The file that libvirt makes where the XML names none: before 9.2 at each start with firmware
  /// that libvirt selects, hence after the `prepare` hook (`qemuDomainNVRAMPathFormat`); later
  /// versions write it into the XML (`qemuFirmwareEnsureNVRAM`).
  private static func ownNVRAM(of os: Element, named name: String) -> ResourceSource {
    let format = os.child("nvram")?["format"] ?? os.child("loader")?["format"]
    return .file("\(nvramDirectory)/\(name)_VARS.\(format == "qcow2" ? "qcow2" : "fd")")
  }
}

extension Element {
  /// Whether QEMU opens a `<loader>` for writing: flash that nothing says is read-only is writable
  /// (`qemuDomainInitializePflashStorageSource`), also stateless flash.
  fileprivate var isWrittenLoader: Bool {
    switch self["readonly"] {
    case "yes": false
    case "no": true
    default: self["type"] == "pflash" && text != nil
    }
  }

  /// Whether an `<os>` without `<nvram>` has one all the same.
  fileprivate var impliesNVRAM: Bool {
    let loader = child("loader")
    guard loader?["stateless"] != "yes", child("varstore") == nil else { return false }
    switch loader?["type"] {
    case "pflash": return loader?["readonly"] == "yes" || self["firmware"] == "efi"
    case nil: return self["firmware"] == "efi"
    default: return false
    }
  }
}
