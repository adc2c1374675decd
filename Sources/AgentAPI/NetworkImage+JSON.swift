import LockModel

extension NetworkImage {
  /// `protocol`, `name`, `hosts`, and `snapshot` and `config` where there are any.
  var json: JSON {
    .object(
      ("protocol", .string(networkProtocol.rawValue)), ("name", .string(name)),
      ("hosts", .array(hosts.map(\.json))), ("snapshot", snapshot.map { .string($0) }),
      ("config", configuration.map { .string($0) }))
  }

  init(_ json: JSON) throws(MalformedMessage) {
    self.init(
      try json.require("protocol", "a network protocol") { json in
        json.stringValue.flatMap { NetworkProtocol(rawValue: $0) }
      },
      name: try json.string("name"),
      hosts: try json.list("hosts") { element throws(MalformedMessage) in try Host(element) },
      snapshot: try json.optional("snapshot", "text") { $0.stringValue },
      configuration: try json.optional("config", "text") { $0.stringValue })
  }
}

extension NetworkImage.Host {
  /// `host`, with `port` where it is not the protocol's own, or `unix`.
  fileprivate var json: JSON {
    switch self {
    case .tcp(let name, let port):
      .object(("host", .string(name)), ("port", port.map { .integer(Int64($0)) }))
    case .unix(let path): .object(("unix", .string(path)))
    }
  }

  fileprivate init(_ json: JSON) throws(MalformedMessage) {
    if let path = try json.optional("unix", "a path", { $0.stringValue }) {
      self = .unix(path)
    } else {
      self = .tcp(
        try json.string("host"),
        port: try json.optional("port", "a port") { json in
          json.integerValue.flatMap { UInt16(exactly: $0) }
        })
    }
  }
}
