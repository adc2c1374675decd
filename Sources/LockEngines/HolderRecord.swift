import LockModel

// What a writer leaves in the value block of what it holds, so that it can be named on any node,
// also while its own agent is down: version, mode, 2 bytes of zero, node (4 bytes), domain (16), time
// (8 bytes); numbers are little-endian.
extension Holder {
  private static let version: UInt8 = 1

  /// Nil for a block that says "free", for one of another version, and for one that makes no sense.
  init?(_ value: LockValue) {
    let bytes = value.bytes
    guard bytes[0] == Self.version, let mode = LockMode(rawValue: bytes[1]), mode.writesValue,
      bytes[2] == 0, bytes[3] == 0,
      let node = NodeID(UInt32(truncatingIfNeeded: Self.number(bytes[4..<8]))),
      let domain = DomainUUID(bytes: bytes[8..<24])
    else { return nil }
    let milliseconds = Int64(bitPattern: Self.number(bytes[24..<32]))
    self.init(
      node: node, domain: domain, mode: mode, since: Timestamp(milliseconds: milliseconds))
  }

  /// The block that says so.
  var value: LockValue {
    var block = SIMD32<UInt8>.zero
    block[0] = Self.version
    block[1] = mode.rawValue
    for (index, byte) in zip(8..<24, domain.bytes) { block[index] = byte }
    for index in 0..<4 { block[4 + index] = UInt8(truncatingIfNeeded: node.number >> (8 * index)) }
    for index in 0..<8 {
      block[24 + index] = UInt8(truncatingIfNeeded: since.milliseconds >> (8 * index))
    }
    return LockValue(block: block)
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
