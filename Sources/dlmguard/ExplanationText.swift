import AgentAPI
import DomainXML
import GuardCore
import LockModel

/// What a start of a domain would lock.
struct ExplanationText {
  let source: DomainSource
  let unguarded: [UnguardedResource]
  let explanation: Explanation

  /// For a person: a row for each part of the domain, and below it the names that it is locked by.
  func lines(_ style: Style) -> [String] {
    let table = Table(
      ["TARGET", "KIND", "MODE", "SOURCE", "WHY"],
      rows: explanation.items.map(row)
    ).lines(style)
    var lines = [
      "domain:  \(shown(source.description.name)) (\(source.description.uuid))",
      "xml:     \(shown(source.path))", "", table[0],
    ]
    for (item, line) in zip(explanation.items, table.dropFirst()) {
      lines.append(line)
      lines += names(of: item)
      if item.outcome == .unidentified || item.outcome == .absent {
        lines += wrapped(shownMessage(item.reason), style.width)
      }
    }
    return lines + unguardedLines(style)
  }

  private func row(_ item: Explanation.Item) -> [String] {
    let mode: String
    let why: String
    switch item.outcome {
    case .locked: (mode, why) = (item.locks.first?.mode.description ?? "-", item.reason)
    case .off: (mode, why) = ("off", "")
    case .absent: (mode, why) = ("-", "not there")
    case .unidentified: (mode, why) = ("-", "not known")
    }
    return [
      shown(item.target), item.kind?.rawValue ?? "domain", mode, shown(item.source), why,
    ]
  }

  /// What only keeps users of the whole and of its parts apart is left to programs.
  private func names(of item: Explanation.Item) -> [String] {
    item.locks.filter { !$0.name.isOfParts }.map { lock in
      lock.use == .whole ? "  \(lock.name)" : "  part of  \(lock.name)"
    }
  }

  private func wrapped(_ text: String, _ width: Int?) -> [String] {
    var lines = ["  "]
    for word in text.split(separator: " ") {
      if let width, lines[lines.count - 1].count + word.count > width,
        lines[lines.count - 1].count > 2
      {
        lines.append("  ")
      }
      lines[lines.count - 1] += word + " "
    }
    return lines.map { String($0.dropLast()) }
  }

  private func unguardedLines(_ style: Style) -> [String] {
    let rows = unguarded.map { [shown($0.device), shown($0.description)] }
    if rows.isEmpty { return [] }
    return ["", style.bold("Not guarded, because this version cannot lock it:")]
      + Table(["DEVICE", "WHAT"], rows: rows).lines(style)
  }

  /// `domain` with `name` and `uuid`, the `xml` file, `entries`, `unguarded`, and `refusal` (null, or
  /// why a start would be refused whoever else runs).
  ///
  /// Each entry has `target`, `kind`, `source`, `name`, `mode` in two letters, `use` (`whole`, `part`)
  /// and `reason`; one of a part of the domain for each name that it is locked by. `name`, `mode` and
  /// `use` are null for what is not locked.
  var json: JSON {
    .object(
      (
        "domain",
        .object(
          ("name", .string(source.description.name)),
          ("uuid", .string("\(source.description.uuid)")))
      ),
      ("xml", .string(source.path)),
      ("entries", .array(explanation.items.flatMap(entries))),
      (
        "unguarded",
        .array(
          unguarded.map { resource in
            .object(
              ("target", .string(resource.device)), ("description", .string(resource.description)))
          })
      ), ("refusal", explanation.refusal.map(JSON.string) ?? .null))
  }

  private func entries(_ item: Explanation.Item) -> [JSON] {
    guard !item.locks.isEmpty else { return [entry(item, nil)] }
    return item.locks.map { entry(item, $0) }
  }

  private func entry(_ item: Explanation.Item, _ lock: Explanation.Lock?) -> JSON {
    .object(
      ("target", .string(item.target)), ("kind", .string(item.kind?.rawValue ?? "domain")),
      ("source", .string(item.source)),
      ("name", lock.map { .string("\($0.name)") } ?? .null),
      ("mode", lock.map { .string("\($0.mode)") } ?? .null),
      ("use", lock.map { .string($0.use.rawValue) } ?? .null),
      ("reason", .string(lock?.reason ?? item.reason)))
  }
}
