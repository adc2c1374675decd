import LockModel

extension Reply {
  /// The whole message: `v`, `ok`, and a payload if there is one; `code` and `message` of a refusal.
  public var json: JSON {
    switch self {
    case .done: Self.success("done", nil)
    case .registered(let owner): Self.success("owner", .string("\(owner)"))
    case .owners(let owners): Self.success("owners", .array(owners.map(\.json)))
    case .holders(let resource, let holders):
      .object(
        ("v", .integer(Request.version)), ("ok", .bool(true)),
        ("resource", .string("\(resource)")), ("holders", .array(holders.map(\.json))))
    case .places(let places): Self.success("places", .array(places.map(\.json)))
    case .status(let status): Self.success("status", status.json)
    case .cluster(let cluster): Self.success("cluster", cluster.json)
    case .metrics(let families): Self.success("metrics", .array(families.map(\.json)))
    case .subscribed: Self.success("events", "subscribed")
    case .refused(let refusal):
      .object(
        ("v", .integer(Request.version)), ("ok", .bool(false)),
        ("code", .string(refusal.code.rawValue)), ("message", .string(refusal.message)))
    }
  }

  private static func success(_ key: String, _ payload: JSON?) -> JSON {
    .object(("v", .integer(Request.version)), ("ok", .bool(true)), (key, payload))
  }

  /// - Throws: ``MalformedMessage`` for another version or a wrong member.
  public init(_ json: JSON) throws(MalformedMessage) {
    let version = try json.integer("v")
    guard version == Request.version else {
      throw MalformedMessage(
        field: "v", problem: "is \(version), but this program speaks version \(Request.version)")
    }
    guard try json.require("ok", "true or false", { $0.boolValue }) else {
      self = .refused(
        Refusal(
          try json.require("code", "a refusal's code") { json in
            json.stringValue.flatMap { Refusal.Code(rawValue: $0) }
          },
          try json.string("message")))
      return
    }
    if json["owner"] != nil {
      self = .registered(try json.owner())
    } else if json["owners"] != nil {
      self = .owners(
        try json.list("owners") { json throws(MalformedMessage) in try OwnerReport(json) })
    } else if json["holders"] != nil {
      self = .holders(
        try json.require("resource", "a resource name") { json in
          json.stringValue.flatMap { try? ResourceName($0) }
        },
        try json.list("holders") { json throws(MalformedMessage) in try HolderReport(json) })
    } else if json["places"] != nil {
      self = .places(
        try json.list("places") { json throws(MalformedMessage) in try PlaceReport(json) })
    } else if json["metrics"] != nil {
      self = .metrics(
        try json.list("metrics") { json throws(MalformedMessage) in try MetricFamily(json) })
    } else if json["events"] != nil {
      self = .subscribed
    } else if let status = json["status"] {
      self = .status(try StatusReport(status))
    } else if let cluster = json["cluster"] {
      self = .cluster(try ClusterReport(cluster))
    } else {
      self = .done
    }
  }
}

extension OwnerReport {
  /// One element of `owners`; `pid` is missing where there is none, `unattended` where the agent of its
  /// node answers.
  public var json: JSON {
    .object(
      ("owner", .string("\(owner)")), ("uuid", .string("\(owner.domain)")),
      ("name", .string(name)), ("node", .string("\(node)")), ("phase", .string(phase)),
      ("pid", pid.map { .integer(Int64($0)) }), ("since", since.json),
      ("claims", .array(claims.map(\.json))), ("unguarded", .array(unguarded.map(\.json))),
      ("unattended", unattendedSince?.json))
  }

  init(_ json: JSON) throws(MalformedMessage) {
    self.init(
      owner: try json.owner(), name: try json.string("name"),
      node: NodeName(try json.string("node")), phase: try json.string("phase"),
      pid: try json.optional("pid", "a process id") { json in
        json.integerValue.flatMap { Int32(exactly: $0) }
      },
      since: try json.timestamp("since"),
      claims: try json.list("claims") { json throws(MalformedMessage) in try Claim(json) },
      unguarded: try json.list("unguarded") { json throws(MalformedMessage) in
        try UnguardedResource(json)
      },
      unattendedSince: try json.optionalTimestamp("unattended"))
  }
}

extension HolderReport {
  /// One element of `holders`.
  public var json: JSON {
    .object(
      ("owner", .string("\(owner)")), ("uuid", .string("\(owner.domain)")),
      ("name", .string(name)), ("node", .string("\(node)")), ("phase", .string(phase)),
      ("since", since.json), ("claim", claim.json), ("unattended", unattendedSince?.json))
  }

  init(_ json: JSON) throws(MalformedMessage) {
    self.init(
      owner: try json.owner(), name: try json.string("name"),
      node: NodeName(try json.string("node")), phase: try json.string("phase"),
      since: try json.timestamp("since"), claim: try Claim(json["claim"] ?? .null),
      unattendedSince: try json.optionalTimestamp("unattended"))
  }
}

extension PlaceReport {
  /// One element of `places`: `names` where something is there, `problem` where that could not be told,
  /// `answers` false where the node's agent did not say; none of them where nothing is there.
  public var json: JSON {
    switch identity {
    case .named(let names):
      .object(
        ("node", .string("\(node)")), ("answers", .bool(true)),
        ("names", .array(names.map { .string("\($0)") })))
    case .absent: .object(("node", .string("\(node)")), ("answers", .bool(true)))
    case .failed(let reason):
      .object(
        ("node", .string("\(node)")), ("answers", .bool(true)), ("problem", .string(reason)))
    case nil: .object(("node", .string("\(node)")), ("answers", .bool(false)))
    }
  }

  init(_ json: JSON) throws(MalformedMessage) {
    let answers = try json.require("answers", "true or false") { $0.boolValue }
    let identity: PathIdentity?
    if !answers {
      identity = nil
    } else if let problem = try json.optional("problem", "text", \.stringValue) {
      identity = .failed(problem)
    } else if json["names"] != nil {
      identity = .named(
        try json.list("names") { json throws(MalformedMessage) in
          guard let name = json.stringValue.flatMap({ try? ResourceName($0) }) else {
            throw MalformedMessage(field: "names", problem: "is not a list of resource names")
          }
          return name
        })
    } else {
      identity = .absent
    }
    self.init(node: NodeName(try json.string("node")), identity: identity)
  }
}

extension StatusReport {
  /// The payload of `status`; `lockspace` is missing where there is none.
  public var json: JSON {
    .object(
      ("version", .string(version)), ("node", .string("\(node)")), ("engine", .string(engine)),
      ("lockspace", lockspace.map { .string($0) }), ("pid", .integer(Int64(pid))),
      ("started", started.json),
      ("alarms", .array(alarms.map { .string($0) })), ("owners", .array(owners.map(\.json))))
  }

  init(_ json: JSON) throws(MalformedMessage) {
    self.init(
      version: try json.string("version"), node: NodeName(try json.string("node")),
      engine: try json.string("engine"),
      lockspace: try json.optional("lockspace", "a lockspace", { $0.stringValue }),
      pid: try json.pid("pid"),
      started: try json.timestamp("started"),
      alarms: try json.list("alarms") { json throws(MalformedMessage) in
        guard let text = json.stringValue else {
          throw MalformedMessage(field: "alarm", problem: "is not text")
        }
        return text
      },
      owners: try json.list("owners") { json throws(MalformedMessage) in try OwnerReport(json) })
  }
}

extension Timestamp {
  /// Milliseconds after 1970, and the same in words for whoever reads the JSON.
  public var json: JSON {
    .object(("ms", .integer(milliseconds)), ("utc", .string("\(self)")))
  }
}

extension JSON {
  func timestamp(_ key: String) throws(MalformedMessage) -> Timestamp {
    try require(key, "a time") { json in
      json["ms"]?.integerValue.map { Timestamp(milliseconds: $0) }
    }
  }
  func optionalTimestamp(_ key: String) throws(MalformedMessage) -> Timestamp? {
    try optional(key, "a time") { json in
      json["ms"]?.integerValue.map { Timestamp(milliseconds: $0) }
    }
  }
}
