import AgentAPI
import LockModel

/// Who holds what was asked about, for a person.
struct HoldersText {
  /// What was asked about, and by what name it is locked, as `path` and its path.
  let subject: [(key: String, value: String)]
  let holders: [HolderReport]
  let style: Style

  var lines: [String] {
    if holders.isEmpty {
      let (first, rest) = (subject.first?.value ?? "", subject.dropFirst().map(\.value))
      return ["nobody holds \(first)" + (rest.isEmpty ? "" : " (\(rest.joined(separator: ", ")))")]
    }
    return subject.map { "\($0.key):".padded(to: 11) + $0.value } + [""]
      + Table(
        ["DOMAIN", "NODE", "MODE", "DEVICE", "PHASE", "SINCE"],
        rows: holders.map { holder in
          [
            shown(holder.name), shown(holder.node.description), holder.claim.purpose.words,
            shown(holder.claim.device) + (holder.claim.use == .part ? ", a part" : ""),
            shown(holder.phase) + (holder.unattendedSince == nil ? "" : " (unattended)"),
            holder.since.description,
          ]
        }
      ).lines(style)
      + UnattendedText(holders.map { ($0.node, $0.unattendedSince) }).lines
  }
}

/// Which nodes' agents do not answer, so that what is shown of these nodes may be old.
struct UnattendedText {
  private let nodes: [NodeName: Timestamp]

  init(_ shown: [(NodeName, Timestamp?)]) {
    nodes = Dictionary(
      shown.compactMap { node, since in since.map { (node, $0) } }, uniquingKeysWith: min)
  }

  /// One for each node; none where all answer.
  var lines: [String] {
    let lines = nodes.sorted { $0.key.description < $1.key.description }.map { node, since in
      "The agent of \(shown(node.description)) does not answer since \(since): this is what it last said."
    }
    return lines.isEmpty ? [] : [""] + lines
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
