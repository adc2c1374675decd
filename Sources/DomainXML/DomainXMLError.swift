/// Why domain XML could not be read.
public struct DomainXMLError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Where in the document, counted from 1; nil where no one line is to blame.
  public let line: Int?
  /// What is wrong, in one line.
  public let reason: String

  init(line: Int? = nil, _ reason: String) {
    self.line = line
    self.reason = reason
  }

  /// `line 12: REASON`, or the reason alone where no one line is to blame.
  public var description: String { line.map { "line \($0): \(reason)" } ?? reason }
}
