import LockModel

/// What an agent tells the others of itself.
public struct AgentProfile: Hashable, Sendable {
  /// What its node is called in its own messages. Untrusted text.
  public let node: NodeName
  /// The agent's version, for people.
  public let version: String
  /// What it was configured to, as far as all nodes must agree.
  public let settings: SettingsDigest

  /// All of it.
  public init(node: NodeName, version: String, settings: SettingsDigest) {
    self.node = node
    self.version = version
    self.settings = settings
  }
}
