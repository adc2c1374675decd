import LockModel

/// What agents say to all others, and hear from themselves too.
public enum DirectoryMessage: Hashable, Sendable {
  /// Everything that the sender's node holds follows, and nothing else counts any more once
  /// ``snapshotEnd`` has come.
  case snapshotBegin(AgentProfile)
  /// That is all. What changed meanwhile is in it.
  case snapshotEnd
  /// An owner is new, or has changed.
  case ownerSet(DirectoryEntry)
  /// It holds nothing any more.
  case ownerGone(OwnerID)
  /// The sender's profile has changed.
  case profile(AgentProfile)
  /// Asks every agent.
  ///
  /// - Parameter number: never used twice by the sender's node.
  case question(number: UInt64, HandoverQuestion, DomainUUID)
  /// Answers the question of that number.
  ///
  /// - Parameter to: the node that asked.
  case answer(number: UInt64, to: NodeID, HandoverAnswer)
  /// Asks every agent what lies at a path of its node.
  ///
  /// - Parameter number: never used twice by the sender's node for that.
  case look(number: UInt64, path: String)
  /// Answers ``look(number:path:)``.
  ///
  /// - Parameter to: the node that asked.
  case sight(number: UInt64, to: NodeID, PathIdentity)

  /// Whether a snapshot that begins after it says it again.
  public var isNews: Bool {
    switch self {
    case .snapshotBegin, .snapshotEnd, .ownerSet, .ownerGone, .profile: true
    case .question, .answer, .look, .sight: false
    }
  }
}

/// One message of an agent.
public struct Heard: Hashable, Sendable {
  /// The sender's node.
  public let node: NodeID
  /// The sender's process.
  public let agent: UInt32
  /// What the sender speaks.
  public let version: ProtocolVersion
  /// Nil for one that this agent cannot understand.
  public let message: DirectoryMessage?

  /// All of it.
  public init(
    node: NodeID, agent: UInt32, version: ProtocolVersion, message: DirectoryMessage?
  ) {
    self.node = node
    self.agent = agent
    self.version = version
    self.message = message
  }
}
