/// The names that disks have from their makers, in the kernel's form: `naa.…`, `eui.…`, `t10.…`,
/// `uuid.…`, `nvme.…`.
enum WorldWideID {
  /// One spelling of what is spelt in several; nil for nothing.
  static func canonical(_ text: String) -> String? {
    let text = text.trimmingSpaces
    let lower = text.lowercased()
    let isHexadecimal = ["naa.", "eui.", "uuid."].contains { lower.hasPrefix($0) }
    return text.isEmpty ? nil : isHexadecimal ? lower : text
  }

  /// From the WWID by which multipath names a device: udev's scsi_id puts the digit of the designator
  /// type before the name; an NVMe namespace has the kernel's form already.
  static func multipath(_ wwid: String) -> String? {
    let rest = String(wwid.dropFirst())
    let isNumber = !rest.isEmpty && rest.allSatisfy(\.isHexDigit)
    switch wwid.first {
    case "3" where isNumber: return canonical("naa.\(rest)")
    case "2" where isNumber: return canonical("eui.\(rest)")
    case "1": return canonical("t10.\(rest)")
    case "8": return canonical(rest)
    default: return canonical(wwid)
    }
  }
}

/// Vital product data of a SCSI device, as sysfs shows its pages (SPC-5, 7.7).
enum VPD {
  /// The logical unit's best designator on page 83h, in the kernel's form; nil where there is none.
  ///
  /// The kernel's own `wwid` has not always preferred the same one (`scsi_vpd_lun_id()`, changed in
  /// 5.11), and multipath prefers NAA: nodes with different kernels must agree.
  static func identifier(_ page: [UInt8]) -> String? {
    guard page.count > 4, page[1] == 0x83 else { return nil }
    var best: (rank: Int, text: String)?
    var rest = page.dropFirst(4)
    while rest.count > 4 {
      let header = Array(rest.prefix(4))
      let value = Array(rest.dropFirst(4).prefix(Int(header[3])))
      guard value.count == Int(header[3]) else { break }
      rest = rest.dropFirst(4 + value.count)
      // Others name the port or the target.
      guard header[1] & 0x30 == 0, let found = designator(type: header[1] & 0xf, value) else {
        continue
      }
      if found.rank > best?.rank ?? 0 { best = found }
    }
    return best.flatMap { WorldWideID.canonical($0.text) }
  }

  /// The longer and the more widely assigned first.
  private static func designator(type: UInt8, _ value: [UInt8]) -> (rank: Int, text: String)? {
    switch (type, value.count) {
    case (3, 16): (8, "naa.\(hexadecimal(value))")
    case (2, 16): (7, "eui.\(hexadecimal(value))")
    case (2, 12): (6, "eui.\(hexadecimal(value))")
    // 3 is a number that somebody chose without a register.
    case (3, 8): (value[0] >> 4 == 3 ? 1 : 5, "naa.\(hexadecimal(value))")
    case (2, 8): (4, "eui.\(hexadecimal(value))")
    case (8, 1...): (3, text(value))
    case (1, 1...): (2, "t10.\(text(value))")
    default: nil
    }
  }

  /// The unit's serial number on page 80h; nil where there is none.
  static func serial(_ page: [UInt8]) -> String? {
    guard page.count > 4, page[1] == 0x80 else { return nil }
    let serial = text(Array(page.dropFirst(4).prefix(Int(page[2]) << 8 | Int(page[3]))))
    return serial.isEmpty ? nil : serial
  }

  private static func text(_ bytes: [UInt8]) -> String {
    String(decoding: bytes, as: UTF8.self).trimmingSpaces
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
