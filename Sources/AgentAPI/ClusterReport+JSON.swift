import LockModel

extension ClusterReport {
  /// The payload of `cluster`; `lockspace` is missing where there is none.
  public var json: JSON {
    .object(
      ("node", .string("\(node)")), ("lockspace", lockspace.map { .string($0) }),
      ("connected", .bool(isConnected)), ("alarms", .array(alarms.map { .string($0) })),
      ("nodes", .array(nodes.map(\.json))))
  }

  init(_ json: JSON) throws(MalformedMessage) {
    self.init(
      node: NodeName(try json.string("node")),
      lockspace: try json.optional("lockspace", "a lockspace", { $0.stringValue }),
      isConnected: try json.require("connected", "true or false", { $0.boolValue }),
      alarms: try json.texts("alarms"),
      nodes: try json.list("nodes") { json throws(MalformedMessage) in try NodeReport(json) })
  }
}

extension NodeReport {
  /// One element of `nodes`. `state` is `answering`, `joining`, `silent` (with `unattended`), `absent`
  /// or `foreign`; what is not known is missing.
  public var json: JSON {
    .object(
      ("node", .string("\(node)")), ("id", id.map { .integer(Int64($0.number)) }),
      ("version", version.map { .string($0) }), ("protocol", protocolVersion.map { .integer($0) }),
      ("state", .string(state.word)), ("unattended", state.since?.json),
      ("differences", .array(differences.map { .string($0) })),
      ("owners", .array(owners.map(\.json))))
  }

  init(_ json: JSON) throws(MalformedMessage) {
    let since = try json.optionalTimestamp("unattended")
    self.init(
      node: NodeName(try json.string("node")),
      id: try json.optional("id", "a node's number") { json in
        json.integerValue.flatMap { UInt32(exactly: $0) }.flatMap { NodeID($0) }
      },
      version: try json.optional("version", "a version", { $0.stringValue }),
      protocolVersion: try json.optional("protocol", "a number", { $0.integerValue }),
      state: try json.require("state", "a node's state") { json in
        json.stringValue.flatMap { State(word: $0, since: since) }
      },
      differences: try json.texts("differences"),
      owners: try json.list("owners") { json throws(MalformedMessage) in try OwnerSummary(json) })
  }
}

extension NodeReport.State {
  /// By which programs know it.
  var word: String {
    switch self {
    case .answering: "answering"
    case .joining: "joining"
    case .silent: "silent"
    case .absent: "absent"
    case .foreign: "foreign"
    }
  }

  fileprivate var since: Timestamp? {
    if case .silent(let since) = self { since } else { nil }
  }

  fileprivate init?(word: String, since: Timestamp?) {
    let plain: [Self] = [.answering, .joining, .absent, .foreign]
    if let state = plain.first(where: { $0.word == word }) {
      self = state
    } else if word == "silent", let since {
      self = .silent(since: since)
    } else {
      return nil
    }
  }
}

extension OwnerSummary {
  /// One element of a node's `owners`; `claims` is their number.
  public var json: JSON {
    .object(
      ("owner", .string("\(owner)")), ("uuid", .string("\(owner.domain)")),
      ("name", .string(name)), ("phase", .string(phase)), ("since", since.json),
      ("claims", .integer(Int64(claims))))
  }

  init(_ json: JSON) throws(MalformedMessage) {
    self.init(
      owner: try json.owner(), name: try json.string("name"), phase: try json.string("phase"),
      since: try json.timestamp("since"),
      count: try json.require("claims", "a number") { json in
        json.integerValue.flatMap { Int(exactly: $0) }
      })
  }
}

extension JSON {
  fileprivate func texts(_ key: String) throws(MalformedMessage) -> [String] {
    try list(key) { json throws(MalformedMessage) in
      guard let text = json.stringValue else {
        throw MalformedMessage(field: "", problem: "is not text")
      }
      return text
    }
  }
}
