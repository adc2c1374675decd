import AgentAPI
import LockModel

/// What the doctor found, for a person: what is well in a line each, what is not with its reason and what mends it.
struct DoctorText {
  let findings: [Finding]
  let style: Style

  var lines: [String] {
    let width = findings.map(\.check.count).max() ?? 0
    return findings.flatMap { lines(of: $0, width) } + ["", verdict]
  }

  private var verdict: String {
    func count(_ result: Finding.Result) -> Int { findings.count { $0.result == result } }
    let (failures, warnings) = (count(.failure), count(.warning))
    if failures + warnings == 0 { return "Everything is well." }
    return style.bold(
      "\(failures) failure\(failures == 1 ? "" : "s"), \(warnings) warning\(warnings == 1 ? "" : "s")."
    )
  }

  private func lines(of finding: Finding, _ width: Int) -> [String] {
    let word: String =
      switch finding.result {
      case .ok: "ok      "
      case .warning: "WARNING "
      case .failure: "FAILURE "
      }
    let check = finding.check + String(repeating: " ", count: width - finding.check.count)
    let head = "\(word) \(check)  "
    let indent = String(repeating: " ", count: head.count)
    let why = shownMessage(finding.why)
    if finding.result == .ok {
      return [head + (style.width.map { why.cut(to: $0 - head.count) } ?? why)]
    }
    var lines = wrapped(why, after: head, indent)
    lines[0] = style.bold(lines[0])
    if let remedy = finding.remedy {
      lines += wrapped("→ \(shownMessage(remedy))", after: indent, indent + "  ")
    }
    return lines
  }

  /// A command that is longer than a line is not broken, only moved to the next.
  private func wrapped(_ text: String, after head: String, _ indent: String) -> [String] {
    guard let width = style.width else { return [head + text] }
    var lines = [head]
    var isEmpty = true
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
      if !isEmpty, lines[lines.count - 1].count + 1 + word.count > width {
        lines.append(indent)
        isEmpty = true
      }
      lines[lines.count - 1] += (isEmpty ? "" : " ") + word
      isEmpty = false
    }
    return lines
  }

  /// `result`, the worst of all, and `checks`.
  static func json(_ examination: Examination) -> JSON {
    .object(
      ("result", .string(examination.worst.rawValue)),
      ("checks", .array(examination.findings.map(\.json))))
  }
}
