/// Builds the body of a message.
///
/// Numbers are written seven bits a byte, the lowest first, with the high bit where more follow
/// (LEB128); texts and lists begin with their length. Whoever reads skips what a newer version has
/// appended to a list's element or to the message itself.
struct ByteWriter {
  private(set) var bytes: [UInt8] = []

  mutating func byte(_ byte: UInt8) {
    bytes.append(byte)
  }

  mutating func number(_ number: UInt64) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func text(_ text: String) {
    number(UInt64(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }

  mutating func raw(_ some: [UInt8]) {
    bytes.append(contentsOf: some)
  }

  /// Something with its length before it.
  mutating func element(_ write: (inout ByteWriter) -> Void) {
    var element = ByteWriter()
    write(&element)
    number(UInt64(element.bytes.count))
    raw(element.bytes)
  }
}
