import LockModel

extension Request {
  /// The whole message: `v`, `op` and the operation's arguments; one without a value is missing.
  public var json: JSON {
    switch self {
    case .hook(let call):
      .object(
        ("v", .integer(Self.version)), ("op", "hook"),
        ("hook", .string(call.operation.rawValue)), ("name", .string(call.name)),
        ("uuid", call.uuid.map { .string("\($0)") }), ("caller", .integer(Int64(call.caller))),
        ("resources", .array(call.resources.map(\.json))),
        ("unguarded", .array(call.unguarded.map(\.json))))
    case .register(let domain, let pid):
      .object(
        ("v", .integer(Self.version)), ("op", "register"), ("name", .string(domain.name)),
        ("uuid", .string("\(domain.uuid)")), ("pid", .integer(Int64(pid))))
    case .add(let owner, let resources):
      .object(
        ("v", .integer(Self.version)), ("op", "add"), ("owner", .string("\(owner)")),
        ("resources", .array(resources.map(\.json))))
    case .acquire(let owner): Self.plain("acquire", ("owner", .string("\(owner)")))
    case .release(let owner): Self.plain("release", ("owner", .string("\(owner)")))
    case .inquire(.uuid(let uuid)): Self.plain("inquire", ("uuid", .string("\(uuid)")))
    case .inquire(.name(let name)): Self.plain("inquire", ("name", .string(name)))
    case .who(let path): Self.plain("who", ("path", .string(path)))
    case .whoHolds(let resource): Self.plain("who", ("resource", .string("\(resource)")))
    case .identify(let path): Self.plain("identify", ("path", .string(path)))
    case .revoke(.domain(.uuid(let uuid))): Self.plain("revoke", ("uuid", .string("\(uuid)")))
    case .revoke(.domain(.name(let name))): Self.plain("revoke", ("name", .string(name)))
    case .revoke(.resource(let resource)):
      Self.plain("revoke", ("resource", .string("\(resource)")))
    case .revoke(.path(let path)): Self.plain("revoke", ("path", .string(path)))
    case .attach(let domain, let resources): Self.attachment("attach", domain, resources)
    case .detach(let domain, let resources): Self.attachment("detach", domain, resources)
    case .status: Self.plain("status", nil)
    case .cluster: Self.plain("cluster", nil)
    case .metrics: Self.plain("metrics", nil)
    case .events: Self.plain("events", nil)
    }
  }

  private static func plain(_ operation: String, _ argument: (String, JSON)?) -> JSON {
    .object(
      ("v", .integer(version)), ("op", .string(operation)),
      (argument?.0 ?? "", argument?.1))
  }

  private static func attachment(
    _ operation: String, _ domain: DomainSelector, _ resources: [Resource]
  ) -> JSON {
    let selector: (String, JSON) =
      switch domain {
      case .uuid(let uuid): ("uuid", .string("\(uuid)"))
      case .name(let name): ("name", .string(name))
      }
    return .object(
      ("v", .integer(version)), ("op", .string(operation)), (selector.0, selector.1),
      ("resources", .array(resources.map(\.json))))
  }

  /// - Throws: ``MalformedMessage`` for another version, an unknown operation, or a wrong member.
  public init(_ json: JSON) throws(MalformedMessage) {
    let version = try json.integer("v")
    guard version == Self.version else {
      throw MalformedMessage(
        field: "v", problem: "is \(version), but this agent speaks version \(Self.version)")
    }
    switch try json.string("op") {
    case "hook": self = .hook(try HookCall(json))
    case "register":
      self = .register(
        Domain(uuid: try json.uuid(), name: try json.string("name")), pid: try json.pid("pid"))
    case "add":
      self = .add(try json.owner(), try json.resources())
    case "acquire": self = .acquire(try json.owner())
    case "release": self = .release(try json.owner())
    case "inquire": self = .inquire(try DomainSelector(json))
    case "revoke": self = .revoke(try RevocationTarget(json))
    case "who":
      let resource = try json.optional("resource", "a resource name") {
        $0.stringValue.flatMap { try? ResourceName($0) }
      }
      self = if let resource { .whoHolds(resource) } else { .who(path: try json.string("path")) }
    case "identify": self = .identify(path: try json.string("path"))
    case "attach": self = .attach(try DomainSelector(json), try json.resources())
    case "detach": self = .detach(try DomainSelector(json), try json.resources())
    case "status": self = .status
    case "cluster": self = .cluster
    case "metrics": self = .metrics
    case "events": self = .events
    default: throw MalformedMessage(field: "op", problem: "is no operation of this agent")
    }
  }
}

extension DomainSelector {
  init(_ json: JSON) throws(MalformedMessage) {
    let uuid = try json.optional("uuid", "a UUID") { $0.stringValue.flatMap { DomainUUID($0) } }
    self = if let uuid { .uuid(uuid) } else { .name(try json.string("name")) }
  }
}

extension RevocationTarget {
  init(_ json: JSON) throws(MalformedMessage) {
    let resource = try json.optional("resource", "a resource name") {
      $0.stringValue.flatMap { try? ResourceName($0) }
    }
    if let resource {
      self = .resource(resource)
    } else if let path = try json.optional("path", "a path", \.stringValue) {
      self = .path(path)
    } else {
      self = .domain(try DomainSelector(json))
    }
  }
}

extension HookCall {
  init(_ json: JSON) throws(MalformedMessage) {
    self.init(
      operation: try json.require("hook", "a hook operation") { json in
        json.stringValue.flatMap { HookOperation(rawValue: $0) }
      },
      name: try json.string("name"),
      uuid: try json.optional("uuid", "a UUID") { $0.stringValue.flatMap { DomainUUID($0) } },
      caller: try json.pid("caller"),
      resources: try json.resources(),
      unguarded: try json.list("unguarded") { element throws(MalformedMessage) in
        try UnguardedResource(element)
      })
  }
}

extension JSON: ExpressibleByStringLiteral {
  /// Lets a literal stand where a JSON string is meant: `("op", "hook")`.
  public init(stringLiteral value: String) {
    self = .string(value)
  }

  func uuid(_ key: String = "uuid") throws(MalformedMessage) -> DomainUUID {
    try require(key, "a UUID") { $0.stringValue.flatMap { DomainUUID($0) } }
  }

  func resourceName(_ key: String) throws(MalformedMessage) -> ResourceName {
    try require(key, "a resource name") { $0.stringValue.flatMap { try? ResourceName($0) } }
  }

  func resources(_ key: String = "resources") throws(MalformedMessage) -> [Resource] {
    try list(key) { element throws(MalformedMessage) in try Resource(element) }
  }

  func owner(_ key: String = "owner") throws(MalformedMessage) -> OwnerID {
    try require(key, "an owner") { $0.stringValue.flatMap { OwnerID($0) } }
  }
}
