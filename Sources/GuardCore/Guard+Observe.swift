import AgentAPI
import LockModel

// `mode = "observe"`: what a start would be refused for is told and nothing is refused; what can be
// locked is, so that the next one is told of it.
extension Guard {
  /// Whether an operation goes on whatever there is against it. What no hook asks for is never observed:
  /// whoever asks for a lock by name wants to know whether it was had.
  func isObserved(_ operation: HookOperation?) -> Bool {
    policy.mode == .observe && operation != nil
  }

  mutating func observed(_ operation: HookOperation?, _ domain: Domain, _ message: String) {
    effects.append(
      .audit(
        AuditLine(
          .observed, domain, nil,
          [("operation", operation?.rawValue ?? ""), ("reason", "not refused: \(message)")])))
  }

  /// Goes on with the claims that are left once some were refused.
  mutating func settleFor(
    _ owner: Owner, _ admission: Owner.Admission, without refused: [ResourceName]
  ) {
    let refused = Set(refused)
    var admission = admission
    admission.claims.removeAll { refused.contains($0.resource) }
    let former = admission.former?.claims ?? []
    let claims = owner.claims.compactMap { claim in
      refused.contains(claim.resource)
        ? former.first { $0.resource == claim.resource } : claim
    }
    update(owner.id) { owner in
      owner.claims = claims
      owner.phase = .acquiring(admission)
    }
    guard let settled = self.owner(owner.id) else { return }
    effects.append(.record(settled.record(admission.stage), .noted))
    if admission.claims.isEmpty {
      granted(settled, admission)
    } else {
      ask(for: admission.claims, of: settled)
    }
  }
}
