import LockModel

/// Untrusted text as a word among others: as it is where that cannot mislead, else quoted with
/// its control characters escaped.
func shown(_ text: String) -> String {
  let quoted = Quoted(text, limit: .max).description
  let isHarmless =
    quoted == "'\(text)'" && !text.isEmpty && !text.hasPrefix(" ") && !text.hasSuffix(" ")
    && !text.contains("  ")
  return isHarmless ? text : quoted
}

/// A whole message of the agent: the same, except that it may well quote something itself.
func shownMessage(_ text: String) -> String {
  let unquoted = text.filter { $0 != "'" && $0 != "\\" }
  return Quoted(unquoted, limit: .max).description == "'\(unquoted)'"
    ? text : Quoted(text, limit: .max).description
}
