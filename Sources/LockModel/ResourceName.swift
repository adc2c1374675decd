/// The name of a lockable thing, the same on every node of a cluster.
///
/// At most 64 bytes, the kernel's limit (`DLM_RESNAME_MAXLEN`), of printable ASCII: it stands in
/// logs, in debugfs and in tables. `ResourceIdentity` computes names; nothing else should make one
/// up.
public struct ResourceName: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The kernel's limit, in bytes (`include/uapi/linux/dlmconstants.h`, `DLM_RESNAME_MAXLEN`).
  public static let maximumLength = 64

  /// Why a string cannot name a resource.
  public enum Invalid: Error, Hashable, Sendable {
    /// No bytes at all.
    case empty
    /// More than ``ResourceName/maximumLength`` bytes; the length is given.
    case tooLong(Int)
    /// A byte outside the printable ASCII range (0x21 to 0x7e).
    case unprintable
  }

  /// The name itself, as the kernel and every table show it.
  public let description: String

  /// Takes a name as it is.
  ///
  /// - Throws: ``Invalid`` where the kernel or a reader could not take it.
  public init(_ name: String) throws(Invalid) {
    if name.isEmpty { throw .empty }
    if name.utf8.count > Self.maximumLength { throw .tooLong(name.utf8.count) }
    if !name.utf8.allSatisfy(Self.isPrintable) { throw .unprintable }
    description = name
  }

  /// The name of a domain itself: claimed exclusively by whoever runs it, anywhere.
  public init(domain uuid: DomainUUID) {
    description = "domain:\(uuid)"
  }

  /// The name of what all parts of this thing share, beside the thing itself; nil where the name is
  /// so long already that there is none. Names that `ResourceIdentity` computes leave room for it,
  /// and none of them ends so.
  public var parts: ResourceName? {
    try? ResourceName(description + "#")
  }

  /// Whether it is the ``parts`` of another name.
  public var isOfParts: Bool { description.utf8.last == UInt8(ascii: "#") }

  /// Whether a byte may stand in a name.
  public static func isPrintable(_ byte: UInt8) -> Bool {
    (0x21...0x7e).contains(byte)
  }

  /// The global order in which competing nodes ask for a set of names: by bytes.
  public static func < (lhs: ResourceName, rhs: ResourceName) -> Bool {
    lhs.description.utf8.lexicographicallyPrecedes(rhs.description.utf8)
  }
}
