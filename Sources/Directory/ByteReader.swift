/// Reads what ``ByteWriter`` wrote, or what only looks like it: nil everywhere where it cannot be.
struct ByteReader {
  private let bytes: [UInt8]
  private(set) var position: Int
  private let end: Int

  init(_ bytes: [UInt8]) {
    self.init(bytes, 0..<bytes.count)
  }

  private init(_ bytes: [UInt8], _ range: Range<Int>) {
    self.bytes = bytes
    position = range.lowerBound
    end = range.upperBound
  }

  var isAtEnd: Bool { position >= end }

  mutating func byte() -> UInt8? {
    guard position < end else { return nil }
    defer { position += 1 }
    return bytes[position]
  }

  mutating func number() -> UInt64? {
    var number: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard let byte = byte() else { return nil }
      let part = UInt64(byte & 0x7f)
      guard (part << shift) >> shift == part else { return nil }
      number |= part << shift
      if byte & 0x80 == 0 { return number }
    }
    return nil
  }

  /// The range of the next that many bytes, gone past.
  private mutating func range(_ count: UInt64) -> Range<Int>? {
    guard count <= UInt64(end - position) else { return nil }
    defer { position += Int(count) }
    return position..<position + Int(count)
  }

  mutating func raw(_ count: Int) -> ArraySlice<UInt8>? {
    range(UInt64(count)).map { bytes[$0] }
  }

  /// A text's bytes, which need not be UTF-8.
  mutating func textBytes() -> ArraySlice<UInt8>? {
    number().flatMap { range($0) }.map { bytes[$0] }
  }

  mutating func text() -> String? {
    textBytes().flatMap { String(validating: $0, as: UTF8.self) }
  }

  /// A reader of the next element alone.
  mutating func element() -> ByteReader? {
    number().flatMap { range($0) }.map { ByteReader(bytes, $0) }
  }
}
