import LockModel

extension UnguardedResource {
  /// `device` and `description`.
  public var json: JSON {
    .object(("device", .string(device)), ("description", .string(description)))
  }

  /// - Throws: ``MalformedMessage`` where a member is missing or wrong.
  public init(_ json: JSON) throws(MalformedMessage) {
    self.init(device: try json.string("device"), description: try json.string("description"))
  }
}

extension Claim {
  /// `resource`, `mode` in two letters, `device` and `location`; for a part of the resource also `use`
  /// (`part`), and `purpose`: the mode that the part is used in. The ledger keeps claims so, too.
  public var json: JSON {
    .object(
      ("resource", .string("\(resource)")), ("mode", .string("\(mode)")),
      ("use", use == .whole ? nil : .string(use.rawValue)),
      ("purpose", purpose == mode ? nil : .string("\(purpose)")),
      ("device", .string(device)), ("location", .string(location)))
  }

  /// - Throws: ``MalformedMessage`` where a member is missing or wrong.
  public init(_ json: JSON) throws(MalformedMessage) {
    self.init(
      resource: try json.require("resource", "a resource name") { json in
        json.stringValue.flatMap { try? ResourceName($0) }
      },
      mode: try json.require("mode", "a lock mode") { $0.stringValue.flatMap { LockMode($0) } },
      use: try json.optional("use", "whole or part") {
        $0.stringValue.flatMap { Use(rawValue: $0) }
      }
        ?? .whole,
      purpose: try json.optional("purpose", "a lock mode") {
        $0.stringValue.flatMap { LockMode($0) }
      },
      device: try json.string("device"), location: try json.string("location"))
  }
}
