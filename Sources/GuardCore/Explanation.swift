import LockModel

/// What a start of a domain would lock, and why, before anybody else is asked: what
/// `dlmguard explain` shows.
public struct Explanation: Hashable, Sendable {
  /// The domain itself, or one thing of it.
  public struct Item: Hashable, Sendable {
    /// What becomes of it.
    public enum Outcome: String, CaseIterable, Hashable, Sendable {
      /// It is locked, under one name or several.
      case locked
      /// `[resources]` says that its kind is not locked.
      case off
      /// There is nothing to lock yet.
      case absent
      /// It cannot be told what it is, and a start is refused for that.
      case unidentified
    }

    /// Which part of the domain it is (``Resource/device``); `domain` for the domain itself.
    public let target: String
    /// Nil for the domain itself, which is always locked.
    public let kind: ResourceKind?
    /// Where it lies on this node (``ResourceSource/location``); the domain's name for the domain.
    public let source: String
    /// What becomes of it.
    public let outcome: Outcome
    /// Why, in a few words: `the domain alone writes it`.
    public let reason: String
    /// None where it is not locked. First of itself, then of what it is a part of.
    public let locks: [Lock]
  }

  /// One name that would be locked.
  public struct Lock: Hashable, Sendable {
    /// The same on every node.
    public let name: ResourceName
    /// What the domain would hold it in: strong enough for all its uses of it.
    public let mode: LockMode
    /// Whether the item is all of it, or a part.
    public let use: Claim.Use
    /// Why, in a few words.
    public let reason: String
  }

  /// The domain itself, then the resources, in the order in which they were given.
  public let items: [Item]
  /// Why a start would be refused whoever else runs, for a person; nil where it would not. What is
  /// ``Item/Outcome/absent`` is no reason: libvirt may still create it.
  public let refusal: String?

  /// - Parameters:
  ///   - identifications: what the node's storage says of each resource.
  ///   - unguarded: what of the domain cannot be locked.
  public init(
    of domain: Domain, _ identifications: [Identification], unguarded: [UnguardedResource],
    policy: Policy
  ) {
    var modes: [ResourceName: LockMode] = [:]
    var refusal = policy.refusal(of: domain, with: unguarded)
    do throws(Inadmissible) {
      for claim in try claims(identifications, policy: policy, needsAll: false) {
        modes[claim.resource] = claim.mode
      }
    } catch {
      refusal = error.text(of: domain)
    }
    self.refusal = refusal
    items = [Item(domain)] + identifications.map { Item($0, policy, held: modes) }
  }
}

extension Explanation.Item {
  fileprivate init(_ domain: Domain) {
    let claim = Claim(domain)
    let reason = "it runs once in the cluster"
    self.init(
      target: claim.device, kind: nil, source: claim.location, outcome: .locked, reason: reason,
      locks: [.init(name: claim.resource, mode: claim.mode, use: .whole, reason: reason)])
  }

  fileprivate init(
    _ identification: Identification, _ policy: Policy, held: [ResourceName: LockMode]
  ) {
    let given = identification.resource
    let outcome: Outcome
    var locks: [Explanation.Lock] = []
    let reason: String
    switch (policy.resources.ruled(given), identification.result) {
    case (nil, _):
      outcome = .off
      reason = "off"
    case (let resource?, .named(let footprint)):
      outcome = .locked
      var words = Self.reason(resource.access, policy)
      if case .always = policy.resources[given.kind] {
        words += ", says resources.\(given.kind.rawValue)"
      }
      reason = words
      locks = footprint.locks(for: resource.access.mode(policy)).map { lock in
        Explanation.Lock(
          name: lock.resource, mode: held[lock.resource] ?? lock.mode, use: lock.use,
          reason: Self.reason(lock, of: resource, words))
      }
    case (_, .absent):
      outcome = .absent
      reason = "it does not exist yet: a start is refused if libvirt does not create it"
    case (_, .failed(let why)):
      outcome = .unidentified
      reason = "it cannot be identified: \(why)"
    }
    self.init(
      target: given.device, kind: given.kind, source: given.source.location, outcome: outcome,
      reason: reason, locks: locks)
  }

  private static func reason(_ access: Access, _ policy: Policy) -> String {
    switch access {
    case .exclusiveWrite: "the only writer"
    case .sharedWrite: "one of several writers"
    case .readOnly: policy.readOnly == .protected ? "reads, alone or with readers" : "only reads"
    case .backing: "nobody may write below an overlay"
    case .exclusive: "nobody else may even read it"
    }
  }

  private static func reason(
    _ lock: Footprint.Lock, of resource: Resource, _ words: String
  ) -> String {
    switch (lock.resource.isOfParts, lock.use) {
    case (false, .whole): words
    case (true, .whole): "keeps writers of its parts out"
    case (false, .part): "\(resource.device) is a part of it"
    case (true, .part): "\(resource.device), a part, is written"
    }
  }
}
