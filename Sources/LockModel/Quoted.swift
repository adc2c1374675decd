/// Untrusted text made fit for one line of a message: control characters escaped, length bounded.
///
/// A domain's name may hold anything but a slash and a newline, a path anything but NUL; neither
/// may break a log line or paint the terminal of the person who reads it.
public struct Quoted: CustomStringConvertible {
  private let text: String
  private let limit: Int

  /// - Parameter limit: the longest result, in characters; the rest is cut and marked `…`.
  public init(_ text: String, limit: Int = 300) {
    self.text = text
    self.limit = limit
  }

  /// The text in single quotes, on one line; what is escaped reads as in Swift: `\n`, `\u{1b}`.
  public var description: String {
    var line = "'"
    for scalar in text.unicodeScalars.prefix(limit) {
      switch scalar {
      case "\n": line += "\\n"
      case "\t": line += "\\t"
      case "\\": line += "\\\\"
      case "'": line += "\\'"
      // Most text is this, and Unicode's tables are far away.
      case " "..."~": line.unicodeScalars.append(scalar)
      default:
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
          line += "\\u{\(String(scalar.value, radix: 16))}"
        default: line.unicodeScalars.append(scalar)
        }
      }
    }
    return text.unicodeScalars.count > limit ? line + "…'" : line + "'"
  }
}
