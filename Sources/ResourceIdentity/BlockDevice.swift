import LockModel

/// What sysfs tells of a block device (Documentation/ABI/stable/sysfs-block of the kernel).
struct BlockDevice {
  let number: DeviceNumber
  private let directory: Sysfs

  init(sysfs: String, _ number: DeviceNumber) {
    directory = Sysfs(path: "\(sysfs)/dev/block/\(number)")
    self.number = number
  }

  /// The kernel's name of it, without `/dev/`.
  var name: String? { directory.value("DEVNAME", in: "uevent") }

  /// Which partition of its disk it is; nil for a whole disk.
  var partition: String? { directory.line("partition") }

  /// The disk of a partition.
  var disk: DeviceNumber? { directory[".."].line("dev").flatMap { DeviceNumber($0) } }

  /// The file under a loop device: who writes one writes the other.
  var loopBackingFile: String? { directory.line("loop/backing_file") }

  /// The name that device-mapper's user gave: an LVM volume's, or a multipath device's WWID.
  var mapperUUID: String? { directory.line("dm/uuid") }

  /// The devices that it is made of, in a fixed order.
  var slaves: [(number: DeviceNumber, isCache: Bool)] {
    let slaves = directory["slaves"]
    return slaves.names.compactMap { name in
      guard let number = slaves[name].line("dev").flatMap({ DeviceNumber($0) }) else { return nil }
      // What only a bcache cache set has (Documentation/admin-guide/bcache.rst).
      return (number, slaves[name].line("bcache/cache_replacement_policy") != nil)
    }
  }

  /// What a SCSI or NVMe disk says of itself: the same on every path and every node.
  var worldWideID: String? {
    VPD.identifier(directory.bytes("device/vpd_pg83"))
      ?? (directory.line("device/wwid") ?? directory.line("wwid")).flatMap(WorldWideID.canonical)
  }

  /// The serial number of a virtio disk: whatever whoever runs this machine has set.
  var virtioSerial: String? {
    directory.line("serial").flatMap { $0.trimmingSpaces.isEmpty ? nil : $0.trimmingSpaces }
  }

  /// Vendor, model and serial number of a SCSI disk that has no world-wide name.
  var scsiSerial: [String]? {
    guard let serial = VPD.serial(directory.bytes("device/vpd_pg80")) else { return nil }
    return [directory.line("device/vendor"), directory.line("device/model"), serial].map {
      $0?.trimmingSpaces ?? "-"
    }
  }

  /// The PCI devices by which an NVMe namespace is reached: several with native multipath, none over
  /// a fabric.
  var nvmeAddresses: [String] {
    let parent = directory["device"]
    let controllers = [parent] + parent.names.filter { $0.hasPrefix("nvme") }.map { parent[$0] }
    return controllers.compactMap { $0.line("transport") == "pcie" ? $0.line("address") : nil }
  }
}

extension String {
  /// Without the spaces with which SCSI fills its fields up.
  var trimmingSpaces: String {
    let inner = drop { $0 == " " || $0 == "\0" }
    guard let last = inner.lastIndex(where: { $0 != " " && $0 != "\0" }) else { return "" }
    return String(inner[...last])
  }
}
