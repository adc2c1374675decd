import Glibc

/// How text is laid out for where it goes.
struct Style: Hashable {
  /// The longest line, in characters; nil where a program may read it, which wants all of it.
  let width: Int?
  let isBold: Bool
  /// Whether what was written before can be written over.
  var isScreen = false

  static let plain = Style(width: nil, isBold: false)

  /// For stdout: a person's terminal, or not. `NO_COLOR` (no-color.org) and a terminal that knows
  /// nothing are respected.
  static var standardOutput: Style {
    guard isatty(STDOUT_FILENO) == 1 else { return plain }
    let noColor = getenv("NO_COLOR").map { String(cString: $0) } ?? ""
    let terminal = getenv("TERM").map { String(cString: $0) } ?? "dumb"
    return Style(
      width: 80, isBold: noColor.isEmpty && terminal != "dumb", isScreen: terminal != "dumb")
  }

  func bold(_ line: String) -> String {
    isBold ? "\u{1b}[1m\(line)\u{1b}[0m" : line
  }
}

extension String {
  /// At most `width` characters, where `…` stands for what is missing from the middle: names and paths are
  /// told apart by their ends.
  func cut(to width: Int) -> String {
    if count <= width { return self }
    let kept = max(0, width - 1)
    return prefix(kept / 2) + "…" + suffix(kept - kept / 2)
  }
}
