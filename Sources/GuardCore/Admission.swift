import AgentAPI
import LockModel

extension Access {
  /// The lock mode that the access takes under a policy (docs/design.md §3).
  func mode(_ policy: Policy) -> LockMode {
    switch self {
    case .exclusiveWrite: .pw
    case .sharedWrite: .cw
    case .readOnly: policy.readOnly == .protected ? .pr : .cr
    case .backing: .pr
    case .exclusive: .ex
    }
  }

  var writes: Bool { self == .exclusiveWrite || self == .sharedWrite || self == .exclusive }
}

extension Claim {
  /// On the domain itself, so that it can run only once in the cluster.
  init(_ domain: Domain) {
    self.init(
      resource: ResourceName(domain: domain.uuid), mode: .ex, device: "domain",
      location: domain.name)
  }
}

/// Why a domain's resources cannot become claims, whoever else there is.
enum Inadmissible: Error {
  case unidentified(Resource, reason: String)
  case absent(Resource)
  case writtenTwice(Resource, Resource)

  /// The one without which the rest might do.
  var culprit: Resource {
    switch self {
    case .unidentified(let resource, _), .absent(let resource), .writtenTwice(_, let resource):
      resource
    }
  }
}

/// Turns what the storage said into one claim a resource name. Resources of a kind that is off make
/// none, whatever the storage said.
///
/// - Parameter needsAll: whether a resource that is not there is an error; before `start` libvirt
///   may still create it.
/// - Throws: ``Inadmissible`` where identity is in doubt or the domain would fight with itself.
func claims(
  _ identifications: [Identification], policy: Policy, needsAll: Bool
) throws(Inadmissible) -> [Claim] {
  var wish = Wish()
  for identification in identifications {
    guard let resource = policy.resources.ruled(identification.resource) else { continue }
    switch identification.result {
    case .named(let footprint):
      let mode = resource.access.mode(policy)
      for lock in footprint.locks(for: mode) { try wish.add(lock, for: resource, mode) }
    case .absent:
      if needsAll, !resource.kind.isMadeByQEMU { throw .absent(resource) }
    case .failed(let reason): throw .unidentified(resource, reason: reason)
    }
  }
  return wish.claims
}

extension Guard {
  /// The claims that can be made of what the storage said, and what is against the rest.
  func attainable(
    _ identifications: [Identification], needsAll: Bool
  ) -> (claims: [Claim], problems: [Inadmissible]) {
    var identifications = identifications
    var problems: [Inadmissible] = []
    while true {
      do throws(Inadmissible) {
        let made = try claims(identifications, policy: policy, needsAll: needsAll)
        return (made, problems)
      } catch {
        problems.append(error)
        identifications.removeAll {
          $0.resource.device == error.culprit.device && $0.resource.source == error.culprit.source
        }
      }
    }
  }
}

extension ResourceKind {
  /// Whether QEMU makes the file where there is none (its memory-backend-file), after libvirt's last
  /// hook before it starts.
  fileprivate var isMadeByQEMU: Bool { self == .memory }
}

/// What one domain wants to lock, each name once, in the least mode that covers all its uses.
private struct Wish {
  private struct Entry {
    var claim: Claim
    /// The resources that write it.
    var writers: [(resource: Resource, use: Claim.Use)]
  }

  private var order: [ResourceName] = []
  private var entries: [ResourceName: Entry] = [:]

  var claims: [Claim] { order.compactMap { entries[$0]?.claim } }

  mutating func add(
    _ lock: Footprint.Lock, for resource: Resource, _ purpose: LockMode
  ) throws(Inadmissible) {
    let new = Claim(
      resource: lock.resource, mode: lock.mode, use: lock.use, purpose: purpose,
      device: resource.device, location: resource.source.location)
    let writers = resource.access.writes ? [(resource: resource, use: lock.use)] : []
    guard var entry = entries[lock.resource] else {
      order.append(lock.resource)
      entries[lock.resource] = Entry(claim: new, writers: writers)
      return
    }
    for writer in writers {
      if let other = entry.writers.first(where: { Self.clash(writer, $0) }) {
        throw .writtenTwice(other.resource, writer.resource)
      }
    }
    let union = entry.claim.mode.union(new.mode)
    // The stronger use is the one that people are told of; that of the whole, where they are equal.
    let isStronger =
      !entry.claim.mode.covers(new.mode)
      || (entry.claim.mode == new.mode && entry.claim.use == .part && new.use == .whole)
    if isStronger { entry.claim = new }
    entry.claim = entry.claim.inMode(union)
    entry.writers += writers
    entries[lock.resource] = entry
  }

  /// Two shareable writers know of each other; an exclusive one believes that it is alone. Two parts
  /// are two things.
  private static func clash(
    _ one: (resource: Resource, use: Claim.Use), _ other: (resource: Resource, use: Claim.Use)
  ) -> Bool {
    guard one.use == .whole || other.use == .whole else { return false }
    return one.resource.access == .exclusiveWrite || other.resource.access == .exclusiveWrite
  }
}

/// The claims held, with more of them, or stronger ones, added: what the owner will hold, and what
/// the engine must be asked for to get there.
func extend(_ held: [Claim], with more: [Claim]) -> (all: [Claim], added: [Claim]) {
  var all = held
  var added: [Claim] = []
  for claim in more {
    guard let index = all.firstIndex(where: { $0.resource == claim.resource }) else {
      all.append(claim)
      added.append(claim)
      continue
    }
    let union = all[index].mode.union(claim.mode)
    if union != all[index].mode {
      all[index] = claim.inMode(union)
      added.append(all[index])
    }
  }
  return (all, added)
}
