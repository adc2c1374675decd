import LockModel

/// What the ledger keeps of an owner, so that its claims outlive the agent.
public struct OwnerRecord: Hashable, Sendable {
  /// How much of its life the owner had reached when the record was written.
  public enum Stage: String, CaseIterable, Hashable, Sendable {
    /// A start is under way, and nobody has written down what was granted; the keeper is libvirt's daemon,
    /// if it is known.
    case starting
    /// The same, and what it claims is granted, but for ``OwnerRecord/asked``.
    case prepared
    /// The keeper is the process that uses the resources.
    case running
    /// No process: a managed save image holds the domain.
    case saved
    /// No process: the domain was saved to a file that only its owner knows.
    case exported
  }

  /// Who asked for the owner.
  public enum Origin: String, CaseIterable, Hashable, Sendable {
    /// libvirt's hook: the owner is a domain, its process a QEMU.
    case hook
    /// Nobody: the domain was found running. Otherwise as ``hook``.
    case found
    /// The operations on the socket: the owner lives as long as the process it named.
    case client

    /// Whether the owner is a domain of libvirt's.
    var isDomain: Bool { self != .client }
  }

  /// Where a guest moves.
  public enum Handover: Hashable, Sendable {
    /// It comes from that node: its claims wait for those there.
    case from(NodeID)
    /// It goes to that node: its claims go when those there wait for them.
    case to(NodeID)
  }

  /// Which owner; also names its file in the ledger.
  public let owner: OwnerID
  /// The domain's name when the owner was made (``Domain/name``). Untrusted text.
  public let name: String
  /// Who asked for it: only a hook's owner may be taken over by a QEMU that a restart finds.
  public let origin: Origin
  /// Where it was in its life; a restart looks at the host again before it believes this.
  public let stage: Stage
  /// The process whose end ends the owner; nil where none was known, for a saved domain, and in a
  /// record of an earlier boot of the host.
  public let keeper: ProcessRef?
  /// When the owner was made; a restart of the agent does not change it.
  public let since: Timestamp
  /// What it holds and what the engine is about to be asked for: recorded before it is held.
  public let claims: [Claim]
  /// What an administrator has given a running domain to hold beside what its description names, for each
  /// thing by itself: in modes that ``claims`` cover.
  public let attached: [Claim]
  /// What of that was only asked for: perhaps it was never granted. Of a ``Stage/starting`` owner, all is.
  public let asked: Set<ResourceName>
  /// What of that is held already in a lesser mode, from which the claim is to be raised.
  public let former: [Claim]
  /// The node that its guest comes from or goes to; nil for one that stays.
  public let handover: Handover?
  /// What of the domain this version cannot lock, for `status` after a restart.
  public let unguarded: [UnguardedResource]

  /// - Parameter keeper: nil where no process keeps the owner, or none is known.
  /// - Parameter claims: everything that must be held again after a restart of the agent.
  public init(
    owner: OwnerID, name: String, origin: Origin, stage: Stage, keeper: ProcessRef?,
    since: Timestamp, claims: [Claim], attached: [Claim] = [], asked: Set<ResourceName> = [],
    former: [Claim] = [], unguarded: [UnguardedResource], handover: Handover? = nil
  ) {
    self.owner = owner
    self.name = name
    self.origin = origin
    self.stage = stage
    self.keeper = keeper
    self.since = since
    self.claims = claims
    self.attached = attached
    self.asked = asked
    self.former = former
    self.unguarded = unguarded
    self.handover = handover
  }

  /// The claims that were certainly held when this was written.
  var held: [Claim] {
    stage == .starting ? [] : claims.filter { !asked.contains($0.resource) } + former
  }
}
