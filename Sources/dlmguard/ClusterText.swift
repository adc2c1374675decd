import AgentAPI
import LockModel

/// All nodes of the cluster, for a person: what needs looking at comes first.
struct ClusterText {
  let cluster: ClusterReport
  let style: Style

  var lines: [String] {
    var lines = cluster.alarms.map { style.bold("ALARM: \(shownMessage($0))") }
    if !cluster.isConnected {
      lines.append(
        style.bold(
          "This node does not hear the other agents now: corosync-cfgtool -s, journalctl -u dlmguardd"
        )
      )
    }
    if !lines.isEmpty { lines.append("") }
    if let lockspace = cluster.lockspace { lines += ["lockspace: \(shown(lockspace))", ""] }
    lines += nodes.lines(style)
    let rows = cluster.nodes.flatMap { node in node.owners.map { row($0, on: node) } }
    lines.append("")
    if rows.isEmpty {
      lines.append("No domain holds anything.")
    } else {
      lines += Table(["DOMAIN", "NODE", "PHASE", "CLAIMS", "SINCE"], rows: rows).lines(style)
    }
    return lines
  }

  private var nodes: Table {
    Table(
      ["NODE", "ID", "AGENT", "PROTOCOL", "DOMAINS", "STATE"],
      rows: cluster.nodes.map { node in
        [
          shown(node.node.description), node.id.map { String($0.number) } ?? "-",
          node.version.map(shown) ?? "-", node.protocolVersion.map(String.init) ?? "-",
          node.state.isKnown ? String(node.owners.count) : "?", state(node),
        ]
      })
  }

  private func state(_ node: NodeReport) -> String {
    let word =
      switch node.state {
      case .answering: "answers"
      case .joining: "has just come"
      case .silent(let since): "its agent does not answer since \(since)"
      case .absent: "no agent has been heard"
      case .foreign: "speaks another protocol"
      }
    guard !node.differences.isEmpty else { return word }
    return "\(word); other settings: \(node.differences.joined(separator: ", "))"
  }

  private func row(_ owner: OwnerSummary, on node: NodeReport) -> [String] {
    [
      shown(owner.name), shown(node.node.description),
      shown(owner.phase) + (node.state.isAttended ? "" : " (unattended)"), String(owner.claims),
      owner.since.description,
    ]
  }
}

extension NodeReport.State {
  fileprivate var isKnown: Bool {
    switch self {
    case .answering, .silent: true
    case .joining, .absent, .foreign: false
    }
  }

  fileprivate var isAttended: Bool {
    if case .silent = self { false } else { true }
  }
}
