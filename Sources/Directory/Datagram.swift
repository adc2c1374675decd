import LockModel

/// One multicast: a message, or a piece of one that is too long.
///
///     0  1  `d`
///     1  1  protocol version
///     2  1  kind
///     3  1  1 in the last piece, else 0
///     4  4  which message of the sender this belongs to, big-endian
///     8  2  which piece of it this is, from 0, big-endian
///     10    a part of the body
///
/// The first ten bytes are the same in every version.
public struct Datagram: Hashable, Sendable {
  static let mark = UInt8(ascii: "d")
  static let headerLength = 10
  /// In bytes. corosync fits one of less than 1 KiB into a network frame, and interleaves them fairly.
  public static let maximumLength = 1_000
  /// The longest body, in bytes: above an owner of 5,000 disks. Its pieces can be counted in 16 bits.
  public static let maximumBody = 1 << 20

  let version: ProtocolVersion
  let kind: UInt8
  let isLast: Bool
  let serial: UInt32
  let piece: UInt16
  let body: ArraySlice<UInt8>

  /// Cuts a message into as few datagrams as it takes; none for one that is too long to be told.
  ///
  /// - Parameter serial: another one for every message of the sender in a row.
  public static func cut(
    _ message: DirectoryMessage, serial: UInt32, version: ProtocolVersion = .current
  ) -> [[UInt8]] {
    cut(kind: message.kind.rawValue, body: message.body, serial: serial, version: version)
  }

  static func cut(kind: UInt8, body: [UInt8], serial: UInt32, version: ProtocolVersion)
    -> [[UInt8]]
  {
    guard body.count <= maximumBody else { return [] }
    let room = maximumLength - headerLength
    var datagrams: [[UInt8]] = []
    var start = 0
    repeat {
      let end = min(start + room, body.count)
      let piece = datagrams.count
      var bytes: [UInt8] = [mark, version.number, kind, end == body.count ? 1 : 0]
      bytes.reserveCapacity(headerLength + end - start)
      for shift in stride(from: UInt32(24), through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: serial >> shift))
      }
      bytes += [UInt8(piece >> 8), UInt8(piece & 255)]
      bytes += body[start..<end]
      datagrams.append(bytes)
      start = end
    } while start < body.count
    return datagrams
  }

  /// Nil for what is no datagram of an agent.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= Self.headerLength, bytes[0] == Self.mark else { return nil }
    version = ProtocolVersion(bytes[1])
    kind = bytes[2]
    isLast = bytes[3] & 1 == 1
    serial = bytes[4..<8].reduce(0) { $0 << 8 | UInt32($1) }
    piece = UInt16(bytes[8]) << 8 | UInt16(bytes[9])
    body = bytes[Self.headerLength...]
  }
}
