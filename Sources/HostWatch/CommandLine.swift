import LockModel

/// What a process says that it was started with (`/proc/PID/cmdline`). Untrusted: a process may write
/// there what it likes, and anybody may start one with any arguments.
struct CommandLine: Hashable {
  let words: [String]

  /// - Parameter bytes: words, each ended by NUL; the last one may be cut off.
  init(_ bytes: [UInt8]) {
    words = bytes.split(separator: 0, omittingEmptySubsequences: false).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  /// What follows an option of QEMU, which takes one dash or two, in order.
  func values(of option: String) -> [String] {
    zip(words, words.dropFirst()).compactMap { word, next in
      word == "-\(option)" || word == "--\(option)" ? next : nil
    }
  }

  /// The UUID that a QEMU gives its guest. The last one counts (`qemu_opts_set` in QEMU's vl.c).
  var uuid: DomainUUID? { values(of: "uuid").last.flatMap { DomainUUID($0) } }

  /// What a QEMU calls its guest: `-name NAME` or `-name guest=NAME`, among other properties.
  var guestName: String? {
    guard let properties = values(of: "name").last.map(Self.properties) else { return nil }
    for property in properties where property.hasPrefix("guest=") {
      return String(property.dropFirst("guest=".count))
    }
    return properties.first.flatMap { $0.contains("=") ? nil : $0 }
  }

  /// QEMU's properties are parted by commas; two of them stand for one in a value
  /// (`get_opt_value` in QEMU's util/qemu-option.c).
  private static func properties(_ text: String) -> [String] {
    var properties: [String] = []
    var property: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: ","), rest.first != byte {
        properties.append(String(decoding: property, as: UTF8.self))
        property = []
        continue
      }
      if byte == UInt8(ascii: ",") { rest.removeFirst() }
      property.append(byte)
    }
    return properties + [String(decoding: property, as: UTF8.self)]
  }
}
