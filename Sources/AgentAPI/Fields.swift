/// A message that is JSON but not what it should be.
public struct MalformedMessage: Error, Hashable, Sendable, CustomStringConvertible {
  /// The member that is missing or wrong.
  public let field: String
  /// What is wrong with it: reads on after the field, `is missing`.
  public let problem: String

  /// - Parameter field: a path where the member lies deeper: `resources[2].access`.
  public init(field: String, problem: String) {
    self.field = field
    self.problem = problem
  }

  /// `resources[2].access: is missing`.
  public var description: String { "\(field): \(problem)" }
}

extension JSON {
  /// The member of that name, read by `read`.
  ///
  /// - Throws: ``MalformedMessage`` where it is missing or `read` answers nil.
  package func require<Value>(
    _ key: String, _ kind: String, _ read: (JSON) -> Value?
  ) throws(MalformedMessage) -> Value {
    guard let member = self[key] else {
      throw MalformedMessage(field: key, problem: "is missing")
    }
    guard let value = read(member) else {
      throw MalformedMessage(field: key, problem: "is not \(kind)")
    }
    return value
  }

  /// The same for a member that may be missing or null.
  package func optional<Value>(
    _ key: String, _ kind: String, _ read: (JSON) -> Value?
  ) throws(MalformedMessage) -> Value? {
    switch self[key] {
    case nil, .null?: nil
    default: try require(key, kind, read)
    }
  }

  package func string(_ key: String) throws(MalformedMessage) -> String {
    try require(key, "text") { $0.stringValue }
  }

  package func integer(_ key: String) throws(MalformedMessage) -> Int64 {
    try require(key, "a whole number") { $0.integerValue }
  }

  package func pid(_ key: String) throws(MalformedMessage) -> Int32 {
    try require(key, "a process id") { json in
      json.integerValue.flatMap { Int32(exactly: $0) }.flatMap { $0 > 0 ? $0 : nil }
    }
  }

  /// The elements of an array, each read by `read`; an absent array is an empty one.
  package func list<Element>(
    _ key: String, _ read: (JSON) throws(MalformedMessage) -> Element
  ) throws(MalformedMessage) -> [Element] {
    guard let array = try optional(key, "a list", { $0.arrayValue }) else { return [] }
    var elements: [Element] = []
    for (index, element) in array.enumerated() {
      do throws(MalformedMessage) {
        elements.append(try read(element))
      } catch {
        throw MalformedMessage(field: "\(key)[\(index)].\(error.field)", problem: error.problem)
      }
    }
    return elements
  }

  /// A member that has members of its own, read by `read`.
  package func nested<Value>(
    _ key: String, _ read: (JSON) throws(MalformedMessage) -> Value
  ) throws(MalformedMessage) -> Value {
    let member = try require(key, "an object") { $0 }
    do throws(MalformedMessage) {
      return try read(member)
    } catch {
      throw MalformedMessage(field: "\(key).\(error.field)", problem: error.problem)
    }
  }

  package var stringValue: String? { if case .string(let value) = self { value } else { nil } }
  package var integerValue: Int64? { if case .integer(let value) = self { value } else { nil } }
  package var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }
  package var arrayValue: [JSON]? { if case .array(let value) = self { value } else { nil } }
}
