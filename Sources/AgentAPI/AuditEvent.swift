import LockModel

/// One line of the log of what the guard did (docs/json.md has the words and fields).
public struct AuditEvent: Hashable, Sendable {
  /// When, by the agent's clock.
  public let time: Timestamp
  /// What the guard did: `acquired`, `refused`, … A program that does not know the word passes over it.
  public let kind: String
  /// Nil for what concerns the whole node. Its name is untrusted text.
  public let domain: Domain?
  /// Nil for a refused start, which leaves no owner, and for what concerns the whole node.
  public let owner: OwnerID?
  /// What else there is to say, in the order in which it is shown.
  public let fields: [Field]

  /// One `NAME=VALUE` of the line.
  public struct Field: Hashable, Sendable {
    /// Stable from version to version; one plain word.
    public let name: String
    /// Untrusted text in part.
    public let value: String

    /// - Parameter name: one plain word.
    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// - Parameter fields: names that differ.
  public init(
    time: Timestamp, kind: String, domain: Domain?, owner: OwnerID?, fields: [Field]
  ) {
    self.time = time
    self.kind = kind
    self.domain = domain
    self.owner = owner
    self.fields = fields
  }

  /// The last that a subscriber gets who has let too much wait to be read.
  public static func lagging(at time: Timestamp) -> AuditEvent {
    AuditEvent(
      time: time, kind: "lagging", domain: nil, owner: nil,
      fields: [
        Field(name: "reason", value: "this client reads too slowly: what follows is not sent to it")
      ])
  }

  /// Whether it is the last, because its reader was too slow.
  public var isLagging: Bool { kind == "lagging" }
}

// MARK: - JSON

extension AuditEvent {
  /// `time`, `kind`, `name` and `uuid` of the domain, `owner`, and `fields`; what there is not is missing.
  public var json: JSON {
    .object(
      ("time", time.json), ("kind", .string(kind)), ("name", domain.map { .string($0.name) }),
      ("uuid", domain.map { .string("\($0.uuid)") }), ("owner", owner.map { .string("\($0)") }),
      ("fields", .object(fields.map { JSON.Member(key: $0.name, value: .string($0.value)) })))
  }

  /// - Throws: ``MalformedMessage`` where a member is missing or wrong.
  public init(_ json: JSON) throws(MalformedMessage) {
    var domain: Domain?
    if json["uuid"] != nil {
      domain = Domain(uuid: try json.uuid(), name: try json.string("name"))
    }
    let members = try json.require("fields", "an object") { json -> [JSON.Member]? in
      if case .object(let members) = json { members } else { nil }
    }
    var fields: [Field] = []
    for member in members {
      guard let value = member.value.stringValue else {
        throw MalformedMessage(field: "fields.\(member.key)", problem: "is not text")
      }
      fields.append(Field(name: member.key, value: value))
    }
    self.init(
      time: try json.timestamp("time"), kind: try json.string("kind"), domain: domain,
      owner: json["owner"] == nil ? nil : try json.owner(), fields: fields)
  }
}

// MARK: - One line of a log

extension AuditEvent {
  /// `audit KIND domain='NAME' uuid=UUID owner=OWNER NAME=VALUE …`: as it stands in the journal, where programs may
  /// rely on the names.
  public var line: String {
    var text = "audit \(kind)"
    if let domain { text += " domain=\(Quoted(domain.name)) uuid=\(domain.uuid)" }
    if let owner { text += " owner=\(owner)" }
    for field in fields { text += " \(field.name)=\(Self.word(field.value))" }
    return text
  }

  /// Quoted where a reader could not tell the value's end.
  private static func word(_ text: String) -> String {
    isPlain(text) ? text : "\(Quoted(text, limit: 4000))"
  }

  private static func isPlain(_ text: some StringProtocol) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { $0 != 0x27 && ResourceName.isPrintable($0) }
  }

  /// Reads ``line`` back, but for what was too long for it; nil for any other line.
  public init?(line: String, at time: Timestamp) {
    var rest = line[...]
    guard rest.hasPrefix("audit ") else { return nil }
    rest = rest.dropFirst(6)
    let kind = rest.prefix { $0 != " " }
    guard Self.isPlain(kind) else { return nil }
    rest = rest.dropFirst(kind.count)
    var fields: [Field] = []
    while !rest.isEmpty {
      guard let field = Self.field(&rest) else { return nil }
      fields.append(field)
    }
    func take(_ name: String) -> String? {
      guard let field = fields.first, field.name == name else { return nil }
      fields.removeFirst()
      return field.value
    }
    var domain: Domain?
    if let name = take("domain") {
      guard let uuid = take("uuid").flatMap({ DomainUUID($0) }) else { return nil }
      domain = Domain(uuid: uuid, name: name)
    }
    var owner: OwnerID?
    if let text = take("owner") {
      owner = OwnerID(text)
      if owner == nil { return nil }
    }
    self.init(time: time, kind: String(kind), domain: domain, owner: owner, fields: fields)
  }

  /// ` NAME=VALUE` from the beginning of the text.
  private static func field(_ text: inout Substring) -> Field? {
    guard text.first == " " else { return nil }
    text.removeFirst()
    let name = text.prefix { $0 != "=" && $0 != " " }
    guard isPlain(name), text.dropFirst(name.count).first == "=" else { return nil }
    text = text.dropFirst(name.count + 1)
    guard text.first == "'" else {
      let value = text.prefix { $0 != " " }
      text = text.dropFirst(value.count)
      return Field(name: String(name), value: String(value))
    }
    guard let value = unquoted(&text) else { return nil }
    return Field(name: String(name), value: value)
  }

  /// What ``Quoted`` was made of, by scalars: a quote followed by a combining mark is a quote.
  private static func unquoted(_ text: inout Substring) -> String? {
    var scalars = text.unicodeScalars.dropFirst()
    var value = String.UnicodeScalarView()
    while let scalar = scalars.popFirst() {
      switch scalar {
      case "'":
        text = Substring(scalars)
        return String(value)
      case "\\":
        switch scalars.popFirst() {
        case "n": value.append("\n")
        case "t": value.append("\t")
        case "\\": value.append("\\")
        case "'": value.append("'")
        case "u":
          let code = scalars.dropFirst().prefix { $0 != "}" }
          guard scalars.first == "{", let number = UInt32(String(code), radix: 16),
            let scalar = Unicode.Scalar(number)
          else { return nil }
          scalars = scalars.dropFirst(code.count + 2)
          value.append(scalar)
        default: return nil
        }
      default: value.append(scalar)
      }
    }
    return nil
  }
}
