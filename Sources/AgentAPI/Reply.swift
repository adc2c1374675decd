import LockModel

/// What the agent answers. One JSON object on one line.
public enum Reply: Hashable, Sendable {
  /// Done; nothing more to say.
  case done
  case registered(OwnerID)
  case owners([OwnerReport])
  case holders(ResourceName, [HolderReport])
  case status(StatusReport)
  case refused(Refusal)
}

/// A "no", for a person and for a program.
public struct Refusal: Error, Hashable, Sendable {
  /// What kind of "no" it is; a program decides by this.
  public enum Code: String, CaseIterable, Hashable, Sendable {
    /// Another owner holds what was asked for, or the domain already runs here.
    case conflict
    /// The request makes no sense: malformed, too long, or the domain contradicts itself.
    case invalid
    /// The caller may not ask: root only.
    case forbidden
    /// There is no such owner, domain or path.
    case unknown
    /// The guard cannot tell or cannot write, so it refuses.
    case unsafe
    /// A lock that a running domain relies on is known to be lost: the one "no" that a `reconnect`
    /// may get, because libvirt kills the domain for it.
    case lost
  }

  public let code: Code
  /// One line for the person who asked: what, why, and what to do.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}

/// One owner and what it holds.
public struct OwnerReport: Hashable, Sendable {
  public let owner: OwnerID
  public let name: String
  public let node: NodeName
  /// Where it is in its life (docs/design.md §5): `prepared`, `running`, `leaving`, …
  public let phase: String
  /// The process that the claims live as long as; nil for a saved guest.
  public let pid: Int32?
  public let since: Timestamp
  public let claims: [Claim]
  public let unguarded: [UnguardedResource]

  public init(
    owner: OwnerID, name: String, node: NodeName, phase: String, pid: Int32?, since: Timestamp,
    claims: [Claim], unguarded: [UnguardedResource]
  ) {
    self.owner = owner
    self.name = name
    self.node = node
    self.phase = phase
    self.pid = pid
    self.since = since
    self.claims = claims
    self.unguarded = unguarded
  }
}

/// One owner's hold on the resource that was asked about.
public struct HolderReport: Hashable, Sendable {
  public let owner: OwnerID
  public let name: String
  public let node: NodeName
  public let phase: String
  public let since: Timestamp
  public let claim: Claim

  public init(
    owner: OwnerID, name: String, node: NodeName, phase: String, since: Timestamp, claim: Claim
  ) {
    self.owner = owner
    self.name = name
    self.node = node
    self.phase = phase
    self.since = since
    self.claim = claim
  }
}

/// One node's whole picture.
public struct StatusReport: Hashable, Sendable {
  public let version: String
  public let node: NodeName
  public let engine: String
  public let pid: Int32
  public let started: Timestamp
  /// What an operator should look at: quarantined records, guests that could not be claimed.
  public let alarms: [String]
  public let owners: [OwnerReport]

  public init(
    version: String, node: NodeName, engine: String, pid: Int32, started: Timestamp,
    alarms: [String], owners: [OwnerReport]
  ) {
    self.version = version
    self.node = node
    self.engine = engine
    self.pid = pid
    self.started = started
    self.alarms = alarms
    self.owners = owners
  }
}
