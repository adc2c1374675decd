extension Configuration {
  /// One mistake in a file, for a person.
  public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The path of the file, as it was given.
    public let file: String
    /// Counted from 1; nil where no line is to blame.
    public let line: Int?
    /// Begins with the key, where one is to blame: `engine: is 1, but must be …`.
    public let problem: String

    /// - Parameter problem: may quote the file; what would not fit in one line of a log is made to.
    init(file: String, line: Int?, problem: String) {
      self.file = file
      self.line = line
      self.problem = Self.oneLine(problem)
    }

    /// A key may be anything that stands in quotes.
    private static func oneLine(_ text: String) -> String {
      var line = String.UnicodeScalarView()
      for scalar in text.unicodeScalars.prefix(2_000) {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: line.append("\u{fffd}")
        default: line.append(scalar)
        }
      }
      return String(line)
    }

    /// `FILE:LINE: PROBLEM`, as compilers write it, or without the line where none is to blame.
    public var description: String {
      line.map { "\(file):\($0): \(problem)" } ?? "\(file): \(problem)"
    }
  }

  /// Everything that is wrong with the files: they are not to be guessed at.
  public struct Mistakes: Error, Hashable, Sendable, CustomStringConvertible {
    /// At least one, in the order of the files and lines.
    public let problems: [Problem]

    /// A line for each problem.
    public var description: String {
      problems.map(\.description).joined(separator: "\n")
    }
  }

  /// Where a setting stands.
  public struct Place: Hashable, Sendable, CustomStringConvertible {
    /// The path of the file, as it was given.
    public let file: String
    /// Counted from 1; nil where it cannot be told.
    public let line: Int?

    /// `FILE:LINE`.
    public var description: String { line.map { "\(file):\($0)" } ?? file }
  }
}
