import LockModel

/// What an agent tells the others of one owner of its node.
public struct DirectoryEntry: Hashable, Sendable {
  /// Which incarnation of which domain; unique on its node.
  public let owner: OwnerID
  /// The domain's name when the owner was made. Untrusted text.
  public let name: String
  /// A word of docs/design.md §5: `prepared`, `running`, …
  public let phase: String
  /// The process, of that node, that the claims live as long as; nil where none is known.
  public let pid: Int32?
  /// When the owner was made, by that node's clock.
  public let since: Timestamp
  /// What it holds.
  public let claims: [Claim]

  /// All of it.
  public init(
    owner: OwnerID, name: String, phase: String, pid: Int32?, since: Timestamp, claims: [Claim]
  ) {
    self.owner = owner
    self.name = name
    self.phase = phase
    self.pid = pid
    self.since = since
    self.claims = claims
  }
}
