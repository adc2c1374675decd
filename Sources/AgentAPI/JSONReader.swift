extension JSON {
  /// Why bytes are not JSON, and where.
  public struct SyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Bytes before the one that cannot stand there.
    public let offset: Int
    /// For a person; quotes nothing of the bytes, which may come from anybody.
    public let problem: String

    /// `byte 17: PROBLEM`.
    public var description: String { "byte \(offset): \(problem)" }
  }

  /// Reads one value that fills all the bytes.
  ///
  /// - Throws: ``SyntaxError`` for anything that RFC 8259 does not allow, for a key that an object
  ///   repeats, for text that is not UTF-8, for nesting deeper than 32, and for an object of more than
  ///   64 members.
  public init(_ bytes: [UInt8]) throws(SyntaxError) {
    var reader = JSONReader(bytes: bytes)
    self = try reader.document()
  }
}

/// A recursive-descent reader whose depth is bounded: the bytes may come from anybody.
private struct JSONReader {
  private static let maximumDepth = 32
  /// Several times what the largest message has. Each key is compared with those before it, and the
  /// agent answers nobody else meanwhile.
  private static let maximumMembers = 64

  let bytes: [UInt8]
  var position = 0
  var depth = 0

  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  mutating func document() throws(JSON.SyntaxError) -> JSON {
    let value = try value()
    skipSpace()
    guard position == bytes.count else { throw problem("more after the end of the value") }
    return value
  }

  private func problem(_ text: String) -> JSON.SyntaxError {
    JSON.SyntaxError(offset: position, problem: text)
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d {
      position += 1
    }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func value() throws(JSON.SyntaxError) -> JSON {
    skipSpace()
    switch next {
    case UInt8(ascii: "{"):
      return try nested { reader throws(JSON.SyntaxError) in try reader.object() }
    case UInt8(ascii: "["):
      return try nested { reader throws(JSON.SyntaxError) in try reader.array() }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    case let byte? where byte == UInt8(ascii: "-") || Self.isDigit(byte): return try number()
    case nil: throw problem("the value ends too early")
    default: throw problem("no JSON value starts like this")
    }
  }

  private mutating func nested(
    _ read: (inout JSONReader) throws(JSON.SyntaxError) -> JSON
  ) throws(JSON.SyntaxError) -> JSON {
    guard depth < Self.maximumDepth else { throw problem("nested too deeply") }
    depth += 1
    defer { depth -= 1 }
    position += 1
    return try read(&self)
  }

  private mutating func literal(_ text: StaticString, _ value: JSON) throws(JSON.SyntaxError)
    -> JSON
  {
    for byte in "\(text)".utf8 {
      guard next == byte else { throw problem("expected \(text)") }
      position += 1
    }
    return value
  }

  private mutating func array() throws(JSON.SyntaxError) -> JSON {
    var values: [JSON] = []
    skipSpace()
    if take("]") { return .array([]) }
    while true {
      values.append(try value())
      skipSpace()
      if take("]") { return .array(values) }
      guard take(",") else { throw problem("expected ',' or ']'") }
    }
  }

  private mutating func object() throws(JSON.SyntaxError) -> JSON {
    var members: [JSON.Member] = []
    skipSpace()
    if take("}") { return .object([]) }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw problem("expected a key") }
      guard members.count < Self.maximumMembers else { throw problem("an object too wide") }
      let key = try string()
      guard !members.contains(where: { $0.key == key }) else {
        throw problem("a key stands twice")
      }
      skipSpace()
      guard take(":") else { throw problem("expected ':'") }
      members.append(JSON.Member(key: key, value: try value()))
      skipSpace()
      if take("}") { return .object(members) }
      guard take(",") else { throw problem("expected ',' or '}'") }
    }
  }

  private mutating func number() throws(JSON.SyntaxError) -> JSON {
    let start = position
    var isInteger = true
    _ = take("-")
    // "01" is not a number, "0" and "0.5" are.
    if !take("0") { try digits() }
    if take(".") {
      isInteger = false
      try digits()
    }
    if take("e") || take("E") {
      isInteger = false
      if !take("+") { _ = take("-") }
      try digits()
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isInteger, let integer = Int64(text) { return .integer(integer) }
    guard let number = Double(text), number.isFinite else { throw problem("number out of range") }
    return .number(number)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private mutating func digits() throws(JSON.SyntaxError) {
    let start = position
    while let byte = next, Self.isDigit(byte) { position += 1 }
    if position == start { throw problem("expected a digit") }
  }

  private mutating func string() throws(JSON.SyntaxError) -> String {
    position += 1
    var text: [UInt8] = []
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else {
          throw problem("text is not UTF-8")
        }
        position += 1
        return string
      case UInt8(ascii: "\\"):
        position += 1
        try escape(into: &text)
      case 0..<0x20: throw problem("a control character in a string")
      default:
        text.append(byte)
        position += 1
      }
    }
    throw problem("a string without an end")
  }

  private mutating func escape(into text: inout [UInt8]) throws(JSON.SyntaxError) {
    guard let byte = next else { throw problem("a string without an end") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"): text += String(try escapedScalar()).utf8
    default: throw problem("an unknown escape")
    }
  }

  private mutating func escapedScalar() throws(JSON.SyntaxError) -> Character {
    let first = try hexadecimal()
    var value = UInt32(first)
    if (0xd800..<0xdc00).contains(first) {
      guard take("\\"), take("u") else { throw problem("half a surrogate pair") }
      let second = try hexadecimal()
      guard (0xdc00..<0xe000).contains(second) else { throw problem("half a surrogate pair") }
      value = 0x10000 + (UInt32(first) - 0xd800) << 10 + (UInt32(second) - 0xdc00)
    }
    guard let scalar = Unicode.Scalar(value) else { throw problem("half a surrogate pair") }
    return Character(scalar)
  }

  private mutating func hexadecimal() throws(JSON.SyntaxError) -> UInt16 {
    var value: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw problem("expected four hexadecimal digits")
      }
      value = value << 4 | UInt16(digit)
      position += 1
    }
    return value
  }
}
