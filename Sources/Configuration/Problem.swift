extension Configuration {
  /// One mistake in a file, for a person.
  public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The path of the file, as it was given.
    public let file: String
    /// Counted from 1; nil where no line is to blame.
    public let line: Int?
    /// Begins with the key, where one is to blame: `engine: is 1, but must be …`.
    public let problem: String

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
