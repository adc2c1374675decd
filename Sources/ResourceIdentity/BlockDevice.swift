import CLinux
import LockModel

/// What sysfs tells of a block device (Documentation/ABI/stable/sysfs-block of the kernel).
struct BlockDevice {
  private let directory: String
  let major: UInt32
  let minor: UInt32

  init(sysfs: String, major: UInt32, minor: UInt32) {
    directory = "\(sysfs)/dev/block/\(major):\(minor)"
    self.major = major
    self.minor = minor
  }

  /// The file under a loop device: who writes one writes the other.
  var loopBackingFile: String? { attribute("loop/backing_file") }

  /// The name that device-mapper's user gave: an LVM volume's, or a multipath device's WWID.
  var mapperUUID: String? { attribute("dm/uuid") }

  /// What a SCSI or NVMe disk says of itself: the same on every path and every node.
  var worldWideID: String? { attribute("device/wwid") ?? attribute("wwid") }

  private func attribute(_ name: String) -> String? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = dlmguard_read_file("\(directory)/\(name)", &bytes, bytes.count)
    guard count > 0 else { return nil }
    let line = bytes[..<count].prefix { $0 != UInt8(ascii: "\n") && $0 != 0 }
    return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
  }
}
