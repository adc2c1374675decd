/// What a reader promised and did not keep.
public struct BrokenPromise: Error, CustomStringConvertible {
  /// For whoever looks into the finding.
  public let description: String

  init(_ description: String) {
    self.description = description
  }
}

func expect(_ isKept: Bool, _ promise: @autoclosure () -> String) throws(BrokenPromise) {
  guard isKept else { throw BrokenPromise(promise()) }
}

/// A text of ours that stands in messages and logs: one short line that cannot paint a terminal.
func expectLine(_ text: String, _ what: String) throws(BrokenPromise) {
  // Four quoted texts of 300 characters, each of them escaped, and what is said of them.
  try expect(text.unicodeScalars.count <= 12_000, "\(what) is \(text.unicodeScalars.count) long")
  for scalar in text.unicodeScalars {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator:
      throw BrokenPromise("\(what) holds U+\(String(scalar.value, radix: 16)): \(text)")
    default: break
    }
  }
}
