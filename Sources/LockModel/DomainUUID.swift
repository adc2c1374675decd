/// The identity of a libvirt domain, 128 bits; the same wherever the domain runs.
public struct DomainUUID: Hashable, Sendable, Comparable {
  /// The first and the last eight bytes, big-endian.
  private let high: UInt64
  private let low: UInt64

  /// Reads 32 hexadecimal digits of either case; hyphens and spaces between them are skipped, as
  /// libvirt does (`virUUIDParse`). Nil for anything else.
  public init?(_ text: some StringProtocol) {
    var digits = 0
    var high: UInt64 = 0
    var low: UInt64 = 0
    for byte in text.utf8 where byte != UInt8(ascii: "-") && byte != UInt8(ascii: " ") {
      guard digits < 32, let value = Self.hexDigit(byte) else { return nil }
      if digits < 16 { high = high << 4 | value } else { low = low << 4 | value }
      digits += 1
    }
    guard digits == 32 else { return nil }
    (self.high, self.low) = (high, low)
  }

  /// Takes 16 bytes, the first digits first (RFC 9562); nil for another number of them.
  public init?(bytes: some Collection<UInt8>) {
    guard bytes.count == 16 else { return nil }
    high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    low = bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Its 16 bytes, the first digits first.
  public var bytes: [UInt8] {
    [high, low].flatMap { word in
      stride(from: UInt64(56), through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> $0) }
    }
  }

  private static func hexDigit(_ byte: UInt8) -> UInt64? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }

  /// The order of the canonical texts; it says nothing of age.
  public static func < (lhs: DomainUUID, rhs: DomainUUID) -> Bool {
    (lhs.high, lhs.low) < (rhs.high, rhs.low)
  }
}

extension DomainUUID: CustomStringConvertible {
  /// The canonical form: lower case, 8-4-4-4-12.
  public var description: String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(36)
    for nibble in 0..<32 {
      if [8, 12, 16, 20].contains(nibble) { text.append(UInt8(ascii: "-")) }
      let word = nibble < 16 ? high : low
      text.append(digits[Int(word >> UInt64(4 * (15 - nibble % 16)) & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}
