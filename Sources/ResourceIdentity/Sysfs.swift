import CLinux

/// A directory of sysfs or of another filesystem that the kernel makes up.
struct Sysfs {
  let path: String

  /// A directory below; `..` is the kernel's parent, also through a symlink.
  subscript(_ name: String) -> Sysfs { Sysfs(path: "\(path)/\(name)") }

  /// The first line of an attribute; nil where there is none, or an empty one.
  func line(_ name: String) -> String? {
    let line = bytes(name).prefix { $0 != UInt8(ascii: "\n") && $0 != 0 }
    return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
  }

  /// The value of `KEY=value` on one of an attribute's lines.
  func value(_ key: String, in name: String) -> String? {
    for line in String(decoding: bytes(name), as: UTF8.self).split(separator: "\n")
    where line.hasPrefix("\(key)=") {
      return String(line.dropFirst(key.utf8.count + 1))
    }
    return nil
  }

  /// What an attribute holds, at most a page: sysfs shows no more.
  func bytes(_ name: String) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = dlmguard_read_file("\(path)/\(name)", &bytes, bytes.count)
    return count > 0 ? Array(bytes[..<count]) : []
  }

  /// The names in it, in a fixed order; none where it is not there.
  var names: [String] {
    var bytes = [CChar](repeating: 0, count: 1 << 18)
    let count = dlmguard_list_directory(path, &bytes, bytes.count)
    guard count > 0 else { return [] }
    return bytes[..<count].split(separator: 0)
      .map { String(decoding: $0.map(UInt8.init(bitPattern:)), as: UTF8.self) }
      .sorted()
  }

  /// Where a symlink in it leads, as it is written; nil where there is none.
  func link(_ name: String) -> String? {
    var target = [CChar](repeating: 0, count: 4096)
    let count = dlmguard_read_link("\(path)/\(name)", &target, target.count)
    guard count > 0 else { return nil }
    return String(decoding: target[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
