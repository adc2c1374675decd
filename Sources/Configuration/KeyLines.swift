import AgentAPI

/// On which line each key of a TOML text stands: the TOML library does not tell.
///
/// Keys go by their full names, `resources.pci`; those of the first `[[storage]]` are called
/// `storage.0.name`, as in ``Layer``.
struct KeyLines {
  /// A key that stands there twice, which TOML forbids.
  struct Repetition {
    let key: String
    let line: Int
    let first: Int
  }

  private var lines: [String: Int] = [:]
  private(set) var repetition: Repetition?
  /// The first line on which a table begins that has no name.
  private(set) var namelessTable: Int?
  /// The first line with a date or a time.
  private(set) var date: Int?

  init(_ text: String) {
    var scanner = SettingsScanner(text)
    var table = ""
    var counts: [String: Int] = [:]
    repeat {
      while let key = scanner.nextKey() {
        note(table + Self.plain(key), scanner.line)
        scanner.skipValue()
      }
      date = scanner.dateLine
      guard let header = scanner.nextTable() else { return }
      if namelessTable == nil, !Self.beginsAKey(header.name) { namelessTable = scanner.line }
      var name = Self.plain(header.name)
      if header.isList {
        let index = counts[name, default: 0]
        counts[name] = index + 1
        if index == 0 { note(name, scanner.line) }
        name += ".\(index)"
      }
      note(name, scanner.line)
      table = name + "."
    } while true
  }

  /// The line of a key, or of the nearest table or list around it that is written as one.
  subscript(key: String) -> Int? {
    var key = Substring(key)
    while true {
      if let line = lines[String(key)] { return line }
      guard let dot = key.lastIndex(of: ".") else { return nil }
      key = key[..<dot]
    }
  }

  private mutating func note(_ key: String, _ line: Int) {
    if let first = lines[key] {
      if repetition == nil { repetition = Repetition(key: key, line: line, first: first) }
    } else {
      lines[key] = line
    }
  }

  /// Whether a key of TOML can begin so, blanks aside.
  private static func beginsAKey(_ text: String) -> Bool {
    let blanks = [UInt8(ascii: " "), UInt8(ascii: "\t")]
    guard let first = text.utf8.first(where: { !blanks.contains($0) }) else { return false }
    return switch first {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
      UInt8(ascii: "\""), UInt8(ascii: "'"):
      true
    default: false
    }
  }

  /// `resources."pci"` and `resources . pci` are `resources.pci`.
  private static func plain(_ key: String) -> String {
    key.filter { !" \t\"'".contains($0) }
  }
}
