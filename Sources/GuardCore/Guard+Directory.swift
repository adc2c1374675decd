import AgentAPI
import Directory
import LockModel

/// What this node has told the others.
struct Announcements {
  var settings = SettingsDigest()
  /// The entries as they were last announced; nil until a first snapshot was.
  fileprivate var entries: [DomainUUID: DirectoryEntry]?
  /// Whether somebody has to be told everything.
  fileprivate var isSnapshotDue = false
  /// The alarm that stands because of what others have said.
  fileprivate var alarm: String?
}

// What this node holds is told to the others as it changes, and what they tell is kept for people.
// Nothing is granted or refused for it: that is the lock manager's.
extension Guard {
  mutating func take(_ news: DirectoryNews) {
    switch news {
    case .view(let view):
      if directory.take(view, at: now) { announcements.isSnapshotDue = true }
    case .heard(let heard):
      directory.hear(heard)
      // Most of it: it changes nothing about what nodes agree on.
      switch heard.message {
      case .ownerSet, .ownerGone: return
      case .snapshotBegin, .snapshotEnd, .profile, .question, .answer, .look, .sight, nil: break
      }
    case .missed: announcements.isSnapshotDue = true
    case .severed:
      directory.forget()
      announcements.entries = nil
      announcements.isSnapshotDue = false
    case .settings(let settings):
      guard settings != announcements.settings else { break }
      announcements.settings = settings
      if announcements.entries != nil { effects.append(.announce([.profile(profile)])) }
    }
    let alarm = disagreement
    guard alarm != announcements.alarm else { return }
    announcements.alarm = alarm
    if let alarm { auditNode(.alarm, ("text", alarm)) }
  }

  private var profile: AgentProfile {
    AgentProfile(
      node: description.node, version: description.version, settings: announcements.settings)
  }

  // MARK: - What is announced

  /// At the end of every event: what has changed for the others, said once.
  mutating func announce() {
    let touched = owners.takeTouched()
    switch readiness {
    // What is on record is not known yet: an empty snapshot would be a lie.
    case .closed, .unready, .joining: return
    case .recovering, .ready: break
    }
    guard directory.here != nil else { return }
    if announcements.isSnapshotDue { return announceAll() }
    guard announcements.entries != nil, !touched.isEmpty else { return }
    var messages: [DirectoryMessage] = []
    for domain in touched.sorted() {
      let before = announcements.entries?[domain]
      let after = entry(of: domain)
      guard before != after else { continue }
      announcements.entries?[domain] = after
      if let before, before.owner != after?.owner { messages.append(.ownerGone(before.owner)) }
      if let after { messages.append(.ownerSet(after)) }
    }
    if !messages.isEmpty { effects.append(.announce(messages)) }
  }

  private mutating func announceAll() {
    var entries: [DomainUUID: DirectoryEntry] = [:]
    for owner in owners.values {
      entries[owner.domain.uuid] = entry(of: owner.domain.uuid)
    }
    announcements.entries = entries
    announcements.isSnapshotDue = false
    let all = entries.sorted { $0.key < $1.key }.map { DirectoryMessage.ownerSet($0.value) }
    effects.append(.announce([.snapshotBegin(profile)] + all + [.snapshotEnd]))
  }

  /// What the others are to know of a domain here; nil for nothing.
  private func entry(of domain: DomainUUID) -> DirectoryEntry? {
    guard let owner = owners[domain] else { return nil }
    if let admission = owner.admission, admission.purpose != .recovery {
      // What is only asked for need not be told before it is granted.
      return announcements.entries?[domain].flatMap { $0.owner == owner.id ? $0 : nil }
    }
    guard owner.isHolding, !owner.claims.isEmpty else { return nil }
    return DirectoryEntry(
      owner: owner.id, name: owner.domain.name, phase: owner.phaseName, pid: owner.keeper?.pid,
      since: owner.since, claims: owner.claims)
  }

  // MARK: - What people are told

  /// What stands in `status` because nodes do not fit together; nil where they do.
  var disagreement: String? {
    let others = directory.listing.filter { $0.node != directory.here }
    let settings = others.compactMap { other -> String? in
      let groups = announcements.settings.differences(
        from: other.profile?.settings ?? SettingsDigest())
      guard !groups.isEmpty else { return nil }
      return "\(place(other.node)) (\(groups.map(\.words).joined(separator: ", ")))"
    }
    let strangers = others.compactMap { other -> String? in
      guard let version = other.version, !directory.version.understands(version) else { return nil }
      return "\(place(other.node)) (\(version))"
    }
    let texts = [
      settings.isEmpty
        ? nil
        : "this node is configured otherwise than \(settings.joined(separator: " and ")): guests of "
          + "nodes that do not agree may not keep each other out. Make these settings of "
          + "dlmguard.conf the same on all nodes, then systemctl reload dlmguardd",
      strangers.isEmpty
        ? nil
        : "this node's agent speaks version \(directory.version) of the agents' protocol, and cannot "
          + "understand that of \(strangers.joined(separator: " and ")): locks hold all the same, but "
          + "their holders there have no names here. Bring all nodes to one version of dlmguard",
    ].compactMap { $0 }
    return texts.isEmpty ? nil : texts.joined(separator: ". And ")
  }

  /// What people call a node.
  func nodeName(_ node: NodeID) -> NodeName {
    if node == cluster.here { return description.node }
    return cluster.name(node) ?? directory.name(of: node) ?? NodeName("\(node)")
  }

  func report(_ listing: Listing) -> OwnerReport {
    OwnerReport(
      owner: listing.entry.owner, name: listing.entry.name, node: nodeName(listing.node),
      phase: listing.entry.phase, pid: listing.entry.pid, since: listing.entry.since,
      claims: listing.entry.claims, unguarded: [], unattendedSince: listing.unattendedSince)
  }

  /// What a domain holds, wherever it does.
  func reports(of selector: DomainSelector) -> [OwnerReport] {
    let elsewhere =
      switch selector {
      case .uuid(let uuid): directory.owners(of: uuid)
      case .name(let name): directory.owners(named: name)
      }
    return named(selector).map { $0.report(node: description.node) } + elsewhere.map(report)
  }

  /// The claims on a resource, wherever they are, for which that is so.
  func reports(
    of resource: ResourceName, where isMeant: (Claim) -> Bool
  ) -> [HolderReport] {
    let here = owners.claimants(of: resource).flatMap { owner in
      owner.claims.filter { $0.resource == resource && isMeant($0) }.map { claim in
        HolderReport(
          owner: owner.id, name: owner.domain.name, node: description.node,
          phase: owner.phaseName, since: owner.since, claim: claim)
      }
    }
    let elsewhere = directory.holders(of: resource).flatMap { listing in
      listing.entry.claims.filter { $0.resource == resource && isMeant($0) }.map { claim in
        HolderReport(
          owner: listing.entry.owner, name: listing.entry.name, node: nodeName(listing.node),
          phase: listing.entry.phase, since: listing.entry.since, claim: claim,
          unattendedSince: listing.unattendedSince)
      }
    }
    return here + elsewhere
  }

  /// Everything about all nodes.
  func clusterReport() -> ClusterReport {
    let listed = directory.listing.filter { $0.node != directory.here }
    let here = NodeReport(
      node: description.node, id: directory.here ?? cluster.here, version: description.version,
      protocolVersion: Int64(directory.version.number), state: .answering,
      owners: owners.values.filter(\.isHolding).map(OwnerSummary.init).sorted())
    return ClusterReport(
      node: description.node, lockspace: description.lockspace,
      isConnected: description.lockspace == nil || directory.here != nil,
      alarms: standingAlarms + alarms.map(\.text),
      nodes: ([here] + listed.map(report)).sorted { ($0.id?.number ?? 0) < ($1.id?.number ?? 0) })
  }

  private func report(_ listing: NodeListing) -> NodeReport {
    let state: NodeReport.State =
      if let since = listing.unattendedSince {
        .silent(since: since)
      } else if !listing.isAttended {
        .absent
      } else if let version = listing.version, !directory.version.understands(version) {
        .foreign
      } else {
        listing.isKnown ? .answering : .joining
      }
    return NodeReport(
      node: nodeName(listing.node), id: listing.node, version: listing.profile?.version,
      protocolVersion: listing.version.map { Int64($0.number) }, state: state,
      differences: announcements.settings.differences(
        from: listing.profile?.settings ?? SettingsDigest()
      ).map(\.words),
      owners: directory.entries(of: listing.node).map(OwnerSummary.init).sorted())
  }
}

extension OwnerSummary {
  fileprivate init(_ owner: Owner) {
    self.init(
      owner: owner.id, name: owner.domain.name, phase: owner.phaseName, since: owner.since,
      claims: owner.claims)
  }

  fileprivate init(_ entry: DirectoryEntry) {
    self.init(
      owner: entry.owner, name: entry.name, phase: entry.phase, since: entry.since,
      claims: entry.claims)
  }
}
