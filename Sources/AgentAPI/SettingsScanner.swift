/// Walks over TOML text, key by key, table by table (toml.io, v1.0.0).
///
/// It knows just enough of the other values (strings of four kinds, arrays and inline tables over
/// many lines, comments) never to take the inside of one for a key. Text that is no TOML may be
/// misread: the agent, which reads it with a full parser, refuses to start on it.
package struct SettingsScanner {
  enum Value {
    case text(String)
    case number(Int)
    case other
  }

  private let bytes: [UInt8]
  private var position = 0
  /// The line that is being read, counted from 1.
  package private(set) var line = 1
  /// The first line on which a value that was passed over has a date or a time.
  package private(set) var dateLine: Int?

  /// Begins before the first key.
  package init(_ text: String) {
    bytes = Array(text.utf8)
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
  }

  /// The next key, up to its `=`; nil where a table begins, and at the end.
  package mutating func nextKey() -> String? {
    while let byte = peek {
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"): advance()
      case UInt8(ascii: "#"): skipLine()
      case UInt8(ascii: "["): return nil
      default:
        if let key = key() { return key }
      }
    }
    return nil
  }

  /// The name between the brackets of the table that begins here, and whether they are those of a list
  /// of tables; nil at the end.
  package mutating func nextTable() -> (name: String, isList: Bool)? {
    guard peek == UInt8(ascii: "[") else { return nil }
    advance()
    let isList = peek == UInt8(ascii: "[")
    if isList { advance() }
    let start = position
    while let byte = peek, byte != UInt8(ascii: "]"), byte != UInt8(ascii: "\n") {
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        skipString(byte)
      } else {
        advance()
      }
    }
    let name = String(decoding: bytes[start..<position], as: UTF8.self)
    while peek == UInt8(ascii: "]") { advance() }
    return (name, isList)
  }

  /// What follows the `=`, to the end of the line, where it is one basic string without escapes or
  /// one decimal integer.
  mutating func plainValue() -> Value {
    skipBlanks()
    let start = position
    if peek == UInt8(ascii: "\"") {
      advance()
      while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20,
        byte != 0x7f
      { advance() }
      guard peek == UInt8(ascii: "\"") else { return .other }
      let text = String(decoding: bytes[(start + 1)..<position], as: UTF8.self)
      advance()
      return endOfLine() ? .text(text) : .other
    }
    while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { advance() }
    let digits = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let number = Int(digits), String(number) == digits, endOfLine() else { return .other }
    return .number(number)
  }

  /// Passes over any value.
  package mutating func skipValue() {
    var depth = 0
    while let byte = peek {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "'"): skipString(byte)
      case UInt8(ascii: "#"): skipLine()
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        depth += 1
        advance()
      case UInt8(ascii: "]"), UInt8(ascii: "}"):
        depth -= 1
        advance()
      case UInt8(ascii: "\n") where depth <= 0: return
      case UInt8(ascii: "-") where isAfterDigit, UInt8(ascii: ":") where isAfterDigit:
        dateLine = dateLine ?? line
        advance()
      default: advance()
      }
    }
  }

  private var isAfterDigit: Bool {
    position > 0
      && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position - 1])
  }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func advance() {
    if bytes[position] == UInt8(ascii: "\n") { line += 1 }
    position += 1
  }

  private mutating func skipBlanks() {
    while peek == UInt8(ascii: " ") || peek == UInt8(ascii: "\t") { advance() }
  }

  private mutating func skipLine() {
    while let byte = peek, byte != UInt8(ascii: "\n") { advance() }
  }

  /// Nil for a line without `=`, which is then passed over. A quoted key is itself, so that
  /// `"socket" = …` is `socket`, as in TOML.
  private mutating func key() -> String? {
    let start = position
    while let byte = peek, byte != UInt8(ascii: "=") {
      if byte == UInt8(ascii: "\n") { return nil }
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        skipString(byte)
      } else {
        advance()
      }
    }
    guard peek != nil else { return nil }
    var text = bytes[start..<position]
    advance()
    while text.last == UInt8(ascii: " ") || text.last == UInt8(ascii: "\t") { text.removeLast() }
    if text.count >= 2, let quote = text.first, quote == text.last,
      quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'")
    {
      text = text.dropFirst().dropLast()
    }
    return String(decoding: text, as: UTF8.self)
  }

  private mutating func endOfLine() -> Bool {
    skipBlanks()
    if peek == UInt8(ascii: "#") { skipLine() }
    if peek == UInt8(ascii: "\r") { advance() }
    return peek == nil || peek == UInt8(ascii: "\n")
  }

  /// A string of one line ends there, closed or not; one of three quotes ends at three quotes.
  private mutating func skipString(_ quote: UInt8) {
    let long = startsWithThree(quote)
    for _ in 0..<(long ? 3 : 1) { advance() }
    while let byte = peek {
      if byte == UInt8(ascii: "\n") && !long { return }
      if byte == quote && (!long || startsWithThree(quote)) {
        for _ in 0..<(long ? 3 : 1) { advance() }
        // Up to two more quotes may stand right before the three that close it.
        while long && peek == quote { advance() }
        return
      }
      advance()
      if byte == UInt8(ascii: "\\") && quote == UInt8(ascii: "\"") && peek != nil { advance() }
    }
  }

  private func startsWithThree(_ quote: UInt8) -> Bool {
    bytes[position...].prefix(3).elementsEqual([quote, quote, quote])
  }
}
