import LockModel

extension Access {
  /// How QEMU will use the image that a `<disk>` names.
  init(disk: Element, domainName: String) {
    if disk.child("readonly") != nil || disk["device"] == "cdrom" {
      self = .readOnly
    } else if let transient = disk.child("transient") {
      // libvirt writes to an overlay `PATH.TRANSIENT-NAME` that it makes itself. That overlay is
      // the source once the domain runs (qemuSnapshotGetTransientDiskDef in qemu_snapshot.c).
      let overlay = disk.child("source")?["file"]?.hasSuffix(".TRANSIENT-\(domainName)") ?? false
      // Without shareBacking QEMU opens the base for writing first, and only then the overlay.
      self = transient["shareBacking"] == "yes" && !overlay ? .backing : .exclusiveWrite
    } else if disk.child("shareable") != nil {
      self = .sharedWrite
    } else {
      self = .exclusiveWrite
    }
  }
}
