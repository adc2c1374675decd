import AgentAPI
import LockModel
import TOMLKit

// The kinds of values that settings have.
extension Setting {
  static func text(_ value: any TOMLValueConvertible) throws(Complaint) -> String {
    guard let text = value.string else { throw Complaint("is not text in quotes") }
    return text
  }

  static func choice<Value: RawRepresentable & CaseIterable & Sendable>(
    _ text: String, of type: Value.Type = Value.self
  ) throws(Complaint) -> Value where Value.RawValue == String {
    guard let choice = Value(rawValue: text) else {
      let choices = Value.allCases.map { "\"\($0.rawValue)\"" }
      throw Complaint("is \"\(text)\", but must be \(alternatives(choices))")
    }
    return choice
  }

  /// `a, b or c`.
  static func alternatives(_ words: [String]) -> String {
    words.count < 2
      ? words.joined() : words.dropLast().joined(separator: ", ") + " or " + (words.last ?? "")
  }

  static func number(
    _ value: any TOMLValueConvertible, in range: ClosedRange<Int64>, unit: String = ""
  ) throws(Complaint) -> Int64 {
    guard let number = value.int else { throw Complaint("is not a whole number") }
    guard range.contains(Int64(number)) else {
      throw Complaint(
        "is \(number), but must be from \(range.lowerBound) to \(range.upperBound)\(unit)")
    }
    return Int64(number)
  }

  static func absolute(_ path: String) throws(Complaint) -> String {
    guard path.hasPrefix("/") else { throw Complaint("is not an absolute path") }
    return path
  }

  /// A word of that many bytes that can be a part of resource names and paths.
  static func word(
    _ text: String, _ length: ClosedRange<Int>, without forbidden: String
  ) throws(Complaint) -> String {
    guard length.contains(text.utf8.count),
      text.utf8.allSatisfy({ ResourceName.isPrintable($0) && !forbidden.utf8.contains($0) })
    else {
      let characters = forbidden.map { "\($0) " }.joined()
      throw Complaint(
        "must be \(length.lowerBound) to \(length.upperBound) printable ASCII characters, without "
          + "\(characters)or spaces")
    }
    return text
  }
}

extension Setting {
  static func choice<Value: RawRepresentable & CaseIterable & Sendable>(
    _ key: String, _ path: Path<Value>
  ) -> Setting where Value.RawValue == String {
    Setting(key, path, shown: { .string($0[keyPath: path].rawValue) }) {
      value throws(Complaint) in try choice(try text(value))
    }
  }

  static func flag(
    _ key: String, _ path: Path<Bool>
  ) -> Setting {
    Setting(key, path, shown: { .bool($0[keyPath: path]) }) { value throws(Complaint) in
      guard let flag = value.bool else { throw Complaint("is not true or false") }
      return flag
    }
  }

  static func milliseconds(
    _ key: String, _ range: ClosedRange<Int64>,
    _ path: Path<Int64>
  ) -> Setting {
    Setting(key, path, shown: { .integer($0[keyPath: path]) }) { value throws(Complaint) in
      try number(value, in: range, unit: " (ms)")
    }
  }

  static func text(
    _ key: String, _ path: Path<String>
  ) -> Setting {
    Setting(key, path, shown: { .string($0[keyPath: path]) }) { value throws(Complaint) in
      let text = try text(value)
      guard !text.isEmpty, !text.utf8.contains(0) else { throw Complaint("is empty") }
      return text
    }
  }

  static func path(
    _ key: String, _ path: Path<String>
  ) -> Setting {
    Setting(key, path, shown: { .string($0[keyPath: path]) }) { value throws(Complaint) in
      try absolute(try text(value))
    }
  }
}
