import LockModel

/// One line of the audit log: what the guard did, to whom, with stable field names.
public struct AuditLine: Hashable, Sendable {
  public enum Kind: String, Hashable, Sendable {
    case acquired, refused, bound, released, saved, recovered, unguarded, alarm
  }

  public let kind: Kind
  /// Absent where the line is about the node itself.
  public let domain: Domain?
  public let owner: OwnerID?
  /// What else there is to say, in the order in which it is shown.
  public let fields: [Field]

  public struct Field: Hashable, Sendable {
    public let name: String
    public let value: String
  }

  init(_ kind: Kind, _ domain: Domain?, _ owner: OwnerID?, _ fields: [(String, String)] = []) {
    self.kind = kind
    self.domain = domain
    self.owner = owner
    self.fields = fields.map { Field(name: $0.0, value: $0.1) }
  }
}
