import GuardCore
import LockModel

/// A false alarm costs a guest, or the trust in the next one: whoever says that a lock is lost has had it. But
/// for a node that only observes: there guests go on without what they were refused, and a later agent
/// cannot tell that from what they had.
struct FalseAlarms {
  /// Guests that come: what one of them loses was its former node's, perhaps.
  private var coming: Set<Coming> = []

  private struct Coming: Hashable {
    let node: Int
    let owner: OwnerID
  }

  /// An owner's claims are to wait for those of its former node.
  mutating func expect(_ owner: OwnerID, on node: Node) {
    coming.insert(Coming(node: node.index, owner: owner))
  }

  /// What an agent says it did.
  mutating func hear(_ line: AuditLine, on node: Node, _ world: World) {
    guard let owner = line.owner, !node.isObserving else { return }
    let whom = Coming(node: node.index, owner: owner)
    switch line.kind {
    case .arrived: coming.remove(whom)
    case .lost where !coming.contains(whom): checkLost(line, on: node, world)
    default: break
    }
  }

  private func checkLost(_ line: AuditLine, on node: Node, _ world: World) {
    let claims = line.fields.first { $0.name == "claims" }?.value ?? ""
    for claim in claims.split(separator: " ") {
      let parts = claim.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, let mode = LockMode(parts[0]),
        let resource = try? ResourceName(String(parts[1]))
      else { return world.fail("audit lost: \(claim) is no claim") }
      if !world.locks.hasHeld(resource, mode, on: node.index) {
        world.fail(
          "false alarm: \(node.name) says that \(line.domain?.name ?? "nobody") has lost \(mode) on "
            + "\(world.words(resource)), and never had it")
      }
    }
  }
}
