import LockModel

/// What the agent answers. One JSON object on one line.
public enum Reply: Hashable, Sendable {
  /// Done; nothing more to say.
  case done
  /// The new owner, which the other operations want to be told.
  case registered(OwnerID)
  /// The owners that were asked about, those of this node first; none where the domain has none.
  case owners([OwnerReport])
  /// What lies at the path, and every owner that holds it, or, on this node, asks for it.
  case holders(ResourceName, [HolderReport])
  /// What lies at a path of each node, this one first.
  case places([PlaceReport])
  /// Everything about this node.
  case status(StatusReport)
  /// Everything about all nodes.
  case cluster(ClusterReport)
  /// What the agent has counted.
  case metrics([MetricFamily])
  /// From here on every line is an ``AuditEvent``.
  case subscribed
  /// The agent says no, and why.
  case refused(Refusal)
}

/// A "no", for a person and for a program.
public struct Refusal: Error, Hashable, Sendable {
  /// What kind of "no" it is; a program decides by this.
  public enum Code: String, CaseIterable, Hashable, Sendable {
    /// Another owner holds what was asked for, the domain already runs here, or the owner's phase
    /// does not allow it.
    case conflict
    /// The request makes no sense: malformed, too long, or the domain contradicts itself.
    case invalid
    /// The caller may not ask: root only.
    case forbidden
    /// There is no such owner, process or path.
    case unknown
    /// The guard cannot tell or cannot write, so it refuses.
    case unsafe
    /// A lock that a running domain relies on is known to be lost: the one "no" that a `reconnect`
    /// may get, because libvirt kills the domain for it.
    case lost
  }

  /// What a program goes by.
  public let code: Code
  /// One line for the person who asked: what, why, and what to do.
  public let message: String

  /// - Parameter message: one line; untrusted text in it must be ``Quoted``.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}

/// One owner and what it holds.
public struct OwnerReport: Hashable, Sendable {
  /// Which incarnation it is: what `add`, `acquire` and `release` want to be told.
  public let owner: OwnerID
  /// The domain's name when the owner was made. Untrusted text.
  public let name: String
  /// The node that holds the claims.
  public let node: NodeName
  /// Where it is in its life (docs/design.md §5): `prepared`, `running`, `leaving`, …
  public let phase: String
  /// The process that the claims live as long as; nil where there is none (a saved guest) or none
  /// is known yet.
  public let pid: Int32?
  /// When the owner was made, by that node's clock; a restart of the agent does not change it.
  public let since: Timestamp
  /// What it holds; while its phase is `acquiring`, also what it is asking for.
  public let claims: [Claim]
  /// What of the domain is not locked, because this version cannot; only its own node tells.
  public let unguarded: [UnguardedResource]
  /// Since when that node's agent has not answered, by the clock of the node that is asked: this is
  /// what it last said. Nil while it answers.
  public let unattendedSince: Timestamp?

  /// - Parameter phase: a word of docs/design.md §5.
  public init(
    owner: OwnerID, name: String, node: NodeName, phase: String, pid: Int32?, since: Timestamp,
    claims: [Claim], unguarded: [UnguardedResource], unattendedSince: Timestamp? = nil
  ) {
    self.owner = owner
    self.name = name
    self.node = node
    self.phase = phase
    self.pid = pid
    self.since = since
    self.claims = claims
    self.unguarded = unguarded
    self.unattendedSince = unattendedSince
  }
}

/// One owner's hold on the resource that was asked about.
public struct HolderReport: Hashable, Sendable {
  /// Which incarnation of which domain holds it.
  public let owner: OwnerID
  /// The domain's name when the owner was made. Untrusted text.
  public let name: String
  /// The node on which it is held.
  public let node: NodeName
  /// As ``OwnerReport/phase``; in `acquiring` the claim is perhaps not held yet.
  public let phase: String
  /// When the owner was made, which may be before it claimed this resource.
  public let since: Timestamp
  /// Mode, device and location by which that owner knows the resource.
  public let claim: Claim
  /// As ``OwnerReport/unattendedSince``.
  public let unattendedSince: Timestamp?

  /// - Parameter claim: of the resource that was asked about.
  public init(
    owner: OwnerID, name: String, node: NodeName, phase: String, since: Timestamp, claim: Claim,
    unattendedSince: Timestamp? = nil
  ) {
    self.owner = owner
    self.name = name
    self.node = node
    self.phase = phase
    self.since = since
    self.claim = claim
    self.unattendedSince = unattendedSince
  }
}

/// What one node sees at the path that was asked about.
public struct PlaceReport: Hashable, Sendable {
  /// Which node.
  public let node: NodeName
  /// Nil where its agent has not answered.
  public let identity: PathIdentity?

  /// - Parameter identity: nil where the node's agent has not answered.
  public init(node: NodeName, identity: PathIdentity?) {
    self.node = node
    self.identity = identity
  }
}

/// One node's whole picture.
public struct StatusReport: Hashable, Sendable {
  /// The running agent's, which is not always that of the program that asks.
  public let version: String
  /// The name by which refusals call this node.
  public let node: NodeName
  /// What keeps the locks, in the word that dlmguard.conf uses: `local`, `dlm`.
  public let engine: String
  /// The DLM's lockspace that they lie in; nil for an engine of one host.
  public let lockspace: String?
  /// The agent's own process id.
  public let pid: Int32
  /// When the agent started; owners may be older.
  public let started: Timestamp
  /// What an operator should look at, what concerns the whole node first: why nothing can be
  /// started, locks that were lost, quarantined records, guests that could not be claimed.
  public let alarms: [String]
  /// Every owner of this node, by name.
  public let owners: [OwnerReport]

  /// - Parameter owners: in the order in which people should read them.
  public init(
    version: String, node: NodeName, engine: String, lockspace: String? = nil, pid: Int32,
    started: Timestamp, alarms: [String], owners: [OwnerReport]
  ) {
    self.version = version
    self.node = node
    self.engine = engine
    self.lockspace = lockspace
    self.pid = pid
    self.started = started
    self.alarms = alarms
    self.owners = owners
  }
}
