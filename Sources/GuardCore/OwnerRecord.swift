import LockModel

/// What the ledger keeps of an owner, so that its claims outlive the agent.
public struct OwnerRecord: Hashable, Sendable {
  /// How much of its life the owner had reached when the record was written.
  public enum Stage: String, CaseIterable, Hashable, Sendable {
    /// A start is under way; the keeper is libvirt's daemon, if it is known.
    case starting
    /// The keeper is the process that uses the resources.
    case running
    /// No process: a managed save image holds the domain.
    case saved
  }

  /// Who asked for the owner.
  public enum Origin: String, CaseIterable, Hashable, Sendable {
    /// libvirt's hook: the owner is a domain, its process a QEMU.
    case hook
    /// The operations on the socket: the owner lives as long as the process it named.
    case client
  }

  public let owner: OwnerID
  public let name: String
  public let origin: Origin
  public let stage: Stage
  public let keeper: ProcessRef?
  public let since: Timestamp
  public let claims: [Claim]
  public let unguarded: [UnguardedResource]

  public init(
    owner: OwnerID, name: String, origin: Origin, stage: Stage, keeper: ProcessRef?,
    since: Timestamp, claims: [Claim], unguarded: [UnguardedResource]
  ) {
    self.owner = owner
    self.name = name
    self.origin = origin
    self.stage = stage
    self.keeper = keeper
    self.since = since
    self.claims = claims
    self.unguarded = unguarded
  }
}
