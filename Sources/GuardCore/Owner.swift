import AgentAPI
import LockModel

/// One incarnation of a domain on this node, from its registration until its locks are given back.
struct Owner {
  /// Where it is in its life (docs/design.md §5).
  enum Phase {
    /// Known by name; nothing is asked for yet.
    case registered
    /// The ledger is being written, the engine has not been asked.
    case recording(Admission)
    /// The engine has been asked.
    case acquiring(Admission)
    /// Everything is held; QEMU does not run yet, or is not known yet.
    case prepared
    /// Everything is held; the keeper is the process that uses it.
    case running
    /// The process is gone; libvirt may still be tidying up.
    case exited
    /// About to be given back, unless a managed save image holds the domain.
    case ending
    /// The engine has been asked to give back.
    case leaving
    /// Everything is held; a save image holds the domain.
    case saved
  }

  /// A request for claims that is under way.
  struct Admission {
    enum Purpose {
      case prepare, start, started, reconnect, operation, recovery
      /// An administrator gives a running domain something to hold.
      case attach
      /// What the guest uses has changed while it runs.
      case change
    }

    let purpose: Purpose
    /// Who waits for the answer; nil once that client is gone, or where nobody asked.
    var request: RequestID?
    /// Set when the client is gone, or was refused for want of an answer in time: what is granted
    /// now is given back.
    var isAbandoned = false
    /// What the owner had before, and falls back to; nil for a new owner.
    let former: Former?
    /// What the engine is to be asked for.
    var claims: [Claim]
    /// What of that was lost, and why, before the last of it was granted.
    var lost: [ResourceName: String] = [:]

    /// How far the owner is while it is asked for, for its record.
    var stage: OwnerRecord.Stage {
      switch purpose {
      case .change, .operation, .attach: .running
      case .prepare, .start, .started, .reconnect, .recovery:
        former == nil ? .starting : .prepared
      }
    }
  }

  struct Former {
    enum Phase { case registered, prepared, running, saved }

    let phase: Phase
    let claims: [Claim]
    let keeper: ProcessRef?
    /// Where the request changes what is attached.
    var attached: [Claim]? = nil
  }

  let id: OwnerID
  let domain: Domain
  let origin: OwnerRecord.Origin
  var phase: Phase
  /// The process that the claims live as long as: QEMU, or, until that runs, libvirt's daemon.
  var keeper: ProcessRef?
  var since: Timestamp
  var claims: [Claim] = []
  /// What an administrator has given it to hold, whatever its description names: for each thing by itself,
  /// so that a name may stand here more than once. All of it is covered by its claims.
  var attached: [Claim] = []
  var unguarded: [UnguardedResource] = []
  /// What `add` named since the last `acquire`.
  var wanted: [Identification] = []
  /// What of the claims the engine is known to have lost.
  var lost: Set<ResourceName> = []
  /// What a former agent had asked for, and perhaps not been granted.
  var uncertain: Set<ResourceName> = []
  /// What is known of the running guest beside its claims.
  var sight = Sight()
  /// What libvirt has told of it, and has yet to tell.
  var driver = Driver()
  /// Why the process must not go on, once it was told so.
  var death: Death?
  /// Its guest moves between this node and another.
  var handover: Handover?
  /// Its process, which is not known yet, is to be one that comes from another node.
  var advent: Advent?
  /// What its destination was asked last, before its claims go.
  var farewell: Inquiry?
  /// It is saved to a file that only its owner knows, not by libvirt's managed save.
  var isExported = false
  /// Giving back does not end the owner: its client may ask again.
  var staysRegistered = false
  /// Who waits for the locks to be given back.
  var releaseRequests: [RequestID] = []
  /// Who waits for something attached to be given back.
  var detaching: [RequestID] = []
  /// Counts the times that the owner was prepared, so that an old timer means nothing.
  var round = 0

  var phaseName: String {
    switch phase {
    case .registered: "registered"
    case .recording, .acquiring: source == nil ? "acquiring" : "incoming"
    case .prepared: source == nil ? "prepared" : "incoming"
    case .running: source != nil ? "incoming" : isLeaving ? "outgoing" : "running"
    case .exited, .ending, .leaving: "leaving"
    case .saved: "saved"
    }
  }

  var admission: Admission? {
    switch phase {
    case .recording(let admission), .acquiring(let admission): admission
    default: nil
    }
  }

  /// The admission as it is by now.
  mutating func replace(_ admission: Admission) {
    switch phase {
    case .recording: phase = .recording(admission)
    case .acquiring: phase = .acquiring(admission)
    default: break
    }
  }

  /// Whether the engine holds, or is about to hold, the claims for this owner.
  var isHolding: Bool {
    if case .registered = phase { false } else { true }
  }

  /// What the engine holds for this owner as far as is known, not what it is being asked for.
  var held: [Claim] {
    switch phase {
    case .registered, .leaving: []
    case .recording(let admission), .acquiring(let admission): admission.former?.claims ?? []
    case .prepared, .running, .exited, .ending, .saved: claims
    }
  }

  /// The QEMU that uses the claims; nil where none is known to.
  var guest: ProcessRef? {
    guard origin.isDomain else { return nil }
    if case .running = phase { return keeper }
    return admission?.former?.phase == .running ? keeper : nil
  }

  /// Whether the engine holds everything for this owner, and will until something happens to it.
  var isSettled: Bool {
    switch phase {
    case .prepared, .running, .saved: true
    case .registered, .recording, .acquiring, .exited, .ending, .leaving: false
    }
  }

  /// Whether not even its identity is held, only asked for, or refused to a former agent.
  var isBare: Bool {
    origin.isDomain && !held.contains { $0.resource == ResourceName(domain: domain.uuid) }
  }

  /// Whether a save image, and no process, uses the claims.
  var isSaved: Bool {
    if case .saved = phase { return true }
    return admission?.former?.phase == .saved
  }

  /// Whether a start of the same domain would be its second, here and now.
  var isLiving: Bool {
    switch phase {
    case .registered, .recording, .acquiring, .running: true
    case .prepared: !driver.isGone
    case .exited, .ending, .leaving, .saved: false
    }
  }

  func record(_ stage: OwnerRecord.Stage) -> OwnerRecord {
    OwnerRecord(
      owner: id, name: domain.name, origin: origin, stage: stage, keeper: keeper, since: since,
      claims: claims, attached: attached, asked: asked, former: raised, unguarded: unguarded,
      handover: handover?.record)
  }

  /// What of the claims is only asked for.
  private var asked: Set<ResourceName> {
    // A restart cancels what waits.
    if source != nil { return Set(claims.map(\.resource)) }
    guard let admission, admission.former != nil, admission.purpose != .recovery else {
      return uncertain
    }
    return Set(admission.claims.map(\.resource))
  }

  /// What is held of what is asked for, in the mode before.
  private var raised: [Claim] {
    guard source == nil, let admission else { return [] }
    return held.filter { claim in
      !lost.contains(claim.resource)
        && admission.claims.contains { $0.resource == claim.resource && $0.mode != claim.mode }
    }
  }

  func report(node: NodeName) -> OwnerReport {
    OwnerReport(
      owner: id, name: domain.name, node: node, phase: phaseName, pid: keeper?.pid, since: since,
      claims: claims, unguarded: unguarded)
  }
}
