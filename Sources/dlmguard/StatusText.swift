import AgentAPI
import LockModel

/// A node's status for a person: what needs looking at comes first.
struct StatusText {
  let status: StatusReport
  let style: Style

  var lines: [String] {
    var lines: [String] = []
    for alarm in status.alarms { lines.append(style.bold("ALARM: \(shownMessage(alarm))")) }
    if !status.alarms.isEmpty { lines.append("") }
    lines += [
      "node:    \(shown(status.node.description))",
      "engine:  \(shown(status.engine))"
        + (status.lockspace.map { ", lockspace \(shown($0))" } ?? ""),
      "agent:   dlmguard \(shown(status.version)), pid \(status.pid), up since \(status.started)",
      "",
    ]
    if status.owners.isEmpty {
      lines.append("No domain holds anything on this node.")
    } else {
      lines += owners.lines(style)
    }
    return lines + UnguardedText(owners: status.owners, style: style).lines
  }

  private var owners: Table {
    Table(
      ["DOMAIN", "PHASE", "PID", "CLAIMS", "SINCE"],
      rows: status.owners.map { owner in
        [
          shown(owner.name), shown(owner.phase), owner.pid.map(String.init) ?? "-",
          String(owner.claims.filter(\.isOfInterest).count), owner.since.description,
        ]
      })
  }
}

/// What the guard cannot lock, of all owners; no lines where there is nothing.
struct UnguardedText {
  let owners: [OwnerReport]
  let style: Style

  var lines: [String] {
    let rows = owners.flatMap { owner in
      owner.unguarded.map { [shown(owner.name), shown($0.device), shown($0.description)] }
    }
    if rows.isEmpty { return [] }
    return ["", style.bold("Not guarded, because this version cannot lock it:")]
      + Table(["DOMAIN", "DEVICE", "WHAT"], rows: rows).lines(style)
  }
}
