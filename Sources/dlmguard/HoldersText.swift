import AgentAPI
import LockModel

/// Who holds what lies at a path, for a person.
struct HoldersText {
  let path: String
  let resource: ResourceName
  let holders: [HolderReport]
  let style: Style

  var lines: [String] {
    if holders.isEmpty { return ["nobody holds \(shown(path)) (\(resource))"] }
    return ["path:      \(shown(path))", "resource:  \(resource)", ""]
      + Table(
        ["DOMAIN", "NODE", "MODE", "DEVICE", "PHASE", "SINCE"],
        rows: holders.map { holder in
          [
            shown(holder.name), shown(holder.node.description), holder.claim.purpose.words,
            shown(holder.claim.device) + (holder.claim.use == .part ? ", a part" : ""),
            shown(holder.phase), holder.since.description,
          ]
        }
      ).lines(style)
  }
}
