import LockModel

extension Resource {
  /// `device`, `access`, and where it lies: `file`, `block`, `directory`, or `lockspace` and `key`.
  public var json: JSON {
    let access = ("access", JSON.string(self.access.rawValue))
    let device = ("device", JSON.string(self.device))
    return switch source {
    case .file(let path): .object(device, ("file", .string(path)), access)
    case .block(let path): .object(device, ("block", .string(path)), access)
    case .directory(let path): .object(device, ("directory", .string(path)), access)
    case .lease(let lockspace, let key):
      .object(device, ("lockspace", .string(lockspace)), ("key", .string(key)), access)
    default: .null
    }
  }

  /// - Throws: ``MalformedMessage`` where a member is missing or wrong.
  public init(_ json: JSON) throws(MalformedMessage) {
    let source: ResourceSource
    if let path = try json.optional("file", "a path", { $0.stringValue }) {
      source = .file(path)
    } else if let path = try json.optional("block", "a path", { $0.stringValue }) {
      source = .block(path)
    } else if let path = try json.optional("directory", "a path", { $0.stringValue }) {
      source = .directory(path)
    } else if json["lockspace"] != nil {
      source = .lease(lockspace: try json.string("lockspace"), key: try json.string("key"))
    } else {
      throw MalformedMessage(field: "source", problem: "is missing")
    }
    self.init(
      kind: .file, device: try json.string("device"), source: source,
      access: try json.require("access", "an access") { json in
        json.stringValue.flatMap { Access(rawValue: $0) }
      })
  }
}

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
