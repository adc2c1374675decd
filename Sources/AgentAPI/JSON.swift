/// A JSON value (RFC 8259), with its own reader and writer.
///
/// The hook may link nothing but Glibc and libxml2, and one message format deserves one reader on
/// both ends of the socket; so this is written here, and tested against Foundation's.
public enum JSON: Hashable, Sendable {
  case null
  case bool(Bool)
  /// A number without fraction and exponent that fits 64 bits.
  case integer(Int64)
  /// Any other number; what is not finite is written as null.
  case number(Double)
  case string(String)
  case array([JSON])
  /// Members in the order in which they were written; a repeated key is refused when read.
  case object([Member])

  /// One `"key": value` of an object.
  public struct Member: Hashable, Sendable {
    /// Without escapes; no other member of an object that was read has the same.
    public let key: String
    /// ``JSON/null`` only where that was written: a member without a value is left out.
    public let value: JSON

    /// - Parameter key: one that no other member of the object has.
    public init(key: String, value: JSON) {
      self.key = key
      self.value = value
    }
  }

  /// An object from pairs; members whose value is nil are left out.
  public static func object(_ members: (String, JSON?)...) -> JSON {
    .object(members.compactMap { key, value in value.map { Member(key: key, value: $0) } })
  }

  /// The member of that name, or nil where there is none or this is no object.
  public subscript(key: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }
}

// MARK: - Writing

extension JSON {
  /// The value on one line, as UTF-8 without a trailing newline.
  public var bytes: [UInt8] {
    var output: [UInt8] = []
    write(to: &output, indent: nil)
    return output
  }

  /// The value over several lines, for people.
  public var pretty: String {
    var output: [UInt8] = []
    write(to: &output, indent: 0)
    return String(decoding: output, as: UTF8.self)
  }

  private func write(to output: inout [UInt8], indent: Int?) {
    switch self {
    case .null: output += "null".utf8
    case .bool(let value): output += (value ? "true" : "false").utf8
    case .integer(let value): output += String(value).utf8
    // JSON has no infinity and no not-a-number.
    case .number(let value): output += (value.isFinite ? "\(value)" : "null").utf8
    case .string(let value): Self.write(value, to: &output)
    case .array(let values):
      Self.write(values, between: ("[", "]"), to: &output, indent: indent) {
        value, output, deeper in
        value.write(to: &output, indent: deeper)
      }
    case .object(let members):
      Self.write(members, between: ("{", "}"), to: &output, indent: indent) {
        member, output, deeper in
        Self.write(member.key, to: &output)
        output += (deeper == nil ? ":" : ": ").utf8
        member.value.write(to: &output, indent: deeper)
      }
    }
  }

  private static func write<Element>(
    _ elements: [Element], between brackets: (open: String, close: String),
    to output: inout [UInt8], indent: Int?, element: (Element, inout [UInt8], Int?) -> Void
  ) {
    let deeper = indent.map { $0 + 1 }
    output += brackets.open.utf8
    for (index, value) in elements.enumerated() {
      if index > 0 { output.append(UInt8(ascii: ",")) }
      newline(deeper, to: &output)
      element(value, &output, deeper)
    }
    if !elements.isEmpty { newline(indent, to: &output) }
    output += brackets.close.utf8
  }

  private static func newline(_ indent: Int?, to output: inout [UInt8]) {
    guard let indent else { return }
    output.append(UInt8(ascii: "\n"))
    output += repeatElement(UInt8(ascii: " "), count: 2 * indent)
  }

  private static func write(_ text: String, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): output += "\\\"".utf8
      case UInt8(ascii: "\\"): output += "\\\\".utf8
      case UInt8(ascii: "\n"): output += "\\n".utf8
      case UInt8(ascii: "\r"): output += "\\r".utf8
      case UInt8(ascii: "\t"): output += "\\t".utf8
      case 0..<0x20, 0x7f:
        output += (byte < 0x10 ? "\\u000" : "\\u00").utf8
        output += String(byte, radix: 16).utf8
      default: output.append(byte)
      }
    }
    output.append(UInt8(ascii: "\""))
  }
}
