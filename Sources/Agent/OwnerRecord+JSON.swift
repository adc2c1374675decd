import AgentAPI
import GuardCore
import LockModel

/// The ledger's file format. A record of a newer version is not understood, and says so.
extension OwnerRecord {
  static let version: Int64 = 1

  /// - Parameters:
  ///   - node: the name that went into the names of local files.
  ///   - boot: this boot of the kernel: a pid means nothing after the next one.
  func json(node: NodeName, boot: String) -> JSON {
    .object(
      ("version", .integer(Self.version)), ("owner", .string("\(owner)")), ("name", .string(name)),
      ("origin", .string(origin.rawValue)), ("stage", .string(stage.rawValue)),
      ("node", .string("\(node)")),
      ("boot", .string(boot)), ("pid", keeper.map { .integer(Int64($0.pid)) }),
      ("start_time", keeper.map { .integer(Int64(clamping: $0.startTime)) }),
      ("since", .integer(since.milliseconds)), ("claims", .array(claims.map(\.json))),
      ("attached", attached.isEmpty ? nil : .array(attached.map(\.json))),
      ("asked", asked.isEmpty ? nil : .array(asked.sorted().map { .string("\($0)") })),
      ("former", former.isEmpty ? nil : .array(former.map(\.json))),
      ("unguarded", .array(unguarded.map(\.json))),
      ("from", handover?.source.map { .integer(Int64($0.number)) }),
      ("to", handover?.destination.map { .integer(Int64($0.number)) }))
  }

  /// - Throws: ``MalformedMessage`` where a member is missing or wrong.
  init(_ json: JSON, boot: String) throws(MalformedMessage) {
    let version = try json.integer("version")
    guard version == Self.version else {
      throw MalformedMessage(
        field: "version", problem: "is \(version), but this agent reads version \(Self.version)")
    }
    let isThisBoot = try json.string("boot") == boot
    var keeper: ProcessRef?
    if json["pid"] != nil {
      let process = ProcessRef(
        pid: try json.pid("pid"), startTime: UInt64(clamping: try json.integer("start_time")))
      keeper = isThisBoot ? process : nil
    }
    self.init(
      owner: try json.require("owner", "an owner") { $0.stringValue.flatMap { OwnerID($0) } },
      name: try json.string("name"),
      origin: try json.require("origin", "an origin") { json in
        json.stringValue.flatMap { Origin(rawValue: $0) }
      },
      stage: try json.require("stage", "a stage") { json in
        json.stringValue.flatMap { Stage(rawValue: $0) }
      },
      keeper: keeper, since: Timestamp(milliseconds: try json.integer("since")),
      claims: try json.list("claims") { json throws(MalformedMessage) in try Claim(json) },
      attached: try json.list("attached") { json throws(MalformedMessage) in try Claim(json) },
      asked: Set(
        json["asked"] == nil
          ? []
          : try json.list("asked") { json throws(MalformedMessage) in try ResourceName(asked: json)
          }),
      former: json["former"] == nil
        ? []
        : try json.list("former") { json throws(MalformedMessage) in try Claim(json) },
      unguarded: try json.list("unguarded") { json throws(MalformedMessage) in
        try UnguardedResource(json)
      },
      handover: try Handover(json))
  }
}

extension OwnerRecord.Handover {
  fileprivate var source: NodeID? { if case .from(let node) = self { node } else { nil } }
  fileprivate var destination: NodeID? { if case .to(let node) = self { node } else { nil } }

  /// Nil for an owner that stays.
  fileprivate init?(_ json: JSON) throws(MalformedMessage) {
    if json["from"] != nil {
      self = .from(try json.nodeID("from"))
    } else if json["to"] != nil {
      self = .to(try json.nodeID("to"))
    } else {
      return nil
    }
  }
}

extension JSON {
  fileprivate func nodeID(_ field: String) throws(MalformedMessage) -> NodeID {
    guard let node = UInt32(exactly: try integer(field)).flatMap({ NodeID($0) }) else {
      throw MalformedMessage(field: field, problem: "is no node's number")
    }
    return node
  }
}

extension ResourceName {
  fileprivate init(asked json: JSON) throws(MalformedMessage) {
    guard let text = json.stringValue, let name = try? ResourceName(text) else {
      throw MalformedMessage(field: "asked", problem: "holds no name of a resource")
    }
    self = name
  }
}
