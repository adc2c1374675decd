import LockModel

/// One line of the audit log: what the guard did, to whom, with stable field names.
public struct AuditLine: Hashable, Sendable {
  /// What the guard did. The words stand in the log, where programs may look for them.
  public enum Kind: String, CaseIterable, Hashable, Sendable {
    case acquired, refused, bound, released, saved, recovered, unguarded, alarm
    /// What would have been refused, where `mode = "observe"` refuses nothing.
    case observed
    /// Locks of an owner are gone that it never gave back.
    case lost
    /// A process that must not go on was sent SIGTERM or SIGKILL, and why.
    case killed
    /// A process that was to be killed is gone.
    case dead
    /// A guest whose CPUs must stand still.
    case paused
    /// A guest that no hook has told of, found running.
    case discovered
    /// A running guest uses what it could not lock.
    case contested
    /// What was contested is held now, or not used any more.
    case settled
    /// A guest is coming from another node; ended by `arrived`, or by `released` where it does not.
    case incoming, arrived
    /// A guest is going to another node; ended by `released`, or by `stayed` where it does not.
    case outgoing, stayed
    /// An administrator has taken a guest's locks away.
    case revoked
    /// The agent cannot keep locks yet; ended by `ready`.
    case unready, ready
    /// Nothing new may be locked; ended by `unimpeded`.
    case impeded, unimpeded
    /// Locks cannot be trusted; ended by `resumed`.
    case suspended, resumed
    /// The cluster may take this node for failed; ended by `rejoined`.
    case isolated, rejoined
  }

  /// The word after `audit`; the log's priority follows from it.
  public let kind: Kind
  /// Nil for what concerns the whole node.
  public let domain: Domain?
  /// Nil for a refused start, which leaves no owner, and for what concerns the whole node.
  public let owner: OwnerID?
  /// What else there is to say, in the order in which it is shown.
  public let fields: [Field]

  /// One `NAME=VALUE` of the line.
  public struct Field: Hashable, Sendable {
    /// Stable from version to version; one plain word.
    public let name: String
    /// Untrusted text in part: whoever writes the line quotes it.
    public let value: String
  }

  init(_ kind: Kind, _ domain: Domain?, _ owner: OwnerID?, _ fields: [(String, String)] = []) {
    self.kind = kind
    self.domain = domain
    self.owner = owner
    self.fields = fields.map { Field(name: $0.0, value: $0.1) }
  }
}
