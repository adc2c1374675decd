/// Which version of the agents' messages to each other an agent speaks.
public struct ProtocolVersion: Hashable, Sendable, CustomStringConvertible {
  /// Counts from 1.
  public let number: UInt8

  /// - Parameter number: as it stands in a datagram.
  public init(_ number: UInt8) {
    self.number = number
  }

  /// What this agent speaks.
  public static let current = ProtocolVersion(1)

  /// Whether messages of that version mean something to a speaker of this one. One apart they do, so
  /// that the nodes of a cluster can be upgraded one after the other: what is new is skipped.
  public func understands(_ other: ProtocolVersion) -> Bool {
    max(number, other.number) - min(number, other.number) <= 1
  }

  /// The number.
  public var description: String { "\(number)" }
}
