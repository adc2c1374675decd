import LockModel

/// The owners of this node, found by domain and by what they claim: a node knows at most one
/// incarnation of a domain at a time.
struct OwnerTable {
  private var owners: [DomainUUID: Owner] = [:]
  private var claimants: [ResourceName: [DomainUUID]] = [:]
  /// Whose owners were set since ``takeTouched()``.
  private var touched: Set<DomainUUID> = []

  var values: Dictionary<DomainUUID, Owner>.Values { owners.values }

  subscript(domain: DomainUUID) -> Owner? {
    get { owners[domain] }
    set {
      let before = owners[domain]?.claims ?? []
      let after = newValue?.claims ?? []
      owners[domain] = newValue
      touched.insert(domain)
      if before != after { reindex(domain, before, after) }
    }
  }

  /// The owners that hold, or are asking for, a resource, in a stable order.
  func claimants(of resource: ResourceName) -> [Owner] {
    (claimants[resource] ?? []).compactMap { owners[$0] }.filter(\.isHolding)
      .sorted { $0.id < $1.id }
  }

  /// The domains whose owners may have changed since this was last asked.
  mutating func takeTouched() -> Set<DomainUUID> {
    guard !touched.isEmpty else { return [] }
    defer { touched = [] }
    return touched
  }

  private mutating func reindex(_ domain: DomainUUID, _ before: [Claim], _ after: [Claim]) {
    for claim in before {
      claimants[claim.resource]?.removeAll { $0 == domain }
      if claimants[claim.resource]?.isEmpty == true { claimants[claim.resource] = nil }
    }
    for claim in after { claimants[claim.resource, default: []].append(domain) }
  }
}
