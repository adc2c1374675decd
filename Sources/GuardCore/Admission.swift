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
    }
  }

  var writes: Bool { self == .exclusiveWrite || self == .sharedWrite }
}

/// Why a domain's resources cannot become claims, whoever else there is.
enum Inadmissible: Error {
  case unidentified(Resource, reason: String)
  case absent(Resource)
  case writtenTwice(Resource, Resource)
}

/// Turns what the storage said into one claim a resource name.
///
/// - Parameter needsAll: whether a resource that is not there is an error; before `start` libvirt
///   may still create it.
/// - Throws: ``Inadmissible`` where identity is in doubt or the domain would fight with itself.
func claims(
  _ identifications: [Identification], policy: Policy, needsAll: Bool
) throws(Inadmissible) -> [Claim] {
  var order: [ResourceName] = []
  var byName: [ResourceName: (claim: Claim, resource: Resource)] = [:]
  for identification in identifications {
    let resource = identification.resource
    let name: ResourceName
    switch identification.result {
    case .named(let footprint): name = footprint.itself[0]
    case .absent:
      if needsAll { throw .absent(resource) }
      continue
    case .failed(let reason): throw .unidentified(resource, reason: reason)
    }
    let mode = resource.access.mode(policy)
    guard let (claim, other) = byName[name] else {
      order.append(name)
      byName[name] = (
        Claim(
          resource: name, mode: mode, device: resource.device, location: resource.source.location),
        resource
      )
      continue
    }
    // Two shareable writers know of each other; an exclusive one believes that it is alone.
    if resource.access.writes, other.access.writes,
      resource.access == .exclusiveWrite || other.access == .exclusiveWrite
    {
      throw .writtenTwice(other, resource)
    }
    let union = claim.mode.union(mode)
    let strongest = claim.mode.covers(mode) ? other : resource
    byName[name] = (
      Claim(
        resource: name, mode: union, device: strongest.device,
        location: strongest.source.location),
      strongest
    )
  }
  return order.compactMap { byName[$0]?.claim }
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
