import LockModel

/// Whether this node may take locks, and whether those it has still mean something: fed with what is
/// seen, answers with what that changes. Opens nothing and reads no clock.
///
/// The kernel revokes no lock and tells nobody when the cluster has taken one away: a lockspace that
/// stands still (fs/dlm/member.c, `dlm_ls_stop`) is all there is to see, and it does so for a moment
/// whenever a node comes or goes. So a stop is waited for up to a bound, and only then reported. What
/// cannot be read changes nothing: it is asked for again.
public struct ClusterHealth: Sendable {
  /// What stands in the way before anything is known.
  public static let unknown =
    "corosync has not answered yet on this node; where that lasts: systemctl status corosync"

  /// The last that was reported.
  public private(set) var impediment: String? = Self.unknown
  /// The last that was reported.
  public private(set) var warning: String?
  /// The last that was reported.
  public private(set) var waiting: Stoppage?
  /// Whether ``ClusterChange/suspended(_:)`` was reported and not ended.
  public private(set) var isSuspended = false

  /// Whether ``ClusterChange/isolated(_:reform:)`` was reported and not ended.
  public private(set) var isIsolated = false

  private let name: String
  private let bound: Int64
  private let allowUnfenced: Bool

  /// What is known, from whichever observation could see it.
  private var known: ClusterSight?
  private var corosyncIsGone = false
  private var stoppedSince: Int64?

  /// - Parameters:
  ///   - lockspace: its name, for messages.
  ///   - bound: for how many ms a stopped lockspace is taken for an ordinary recovery.
  ///   - allowUnfenced: the administrator has answered for what fencing would see to.
  public init(lockspace: String, bound: Int64, allowUnfenced: Bool) {
    name = lockspace
    self.bound = bound
    self.allowUnfenced = allowUnfenced
  }

  /// Takes in what is seen now.
  ///
  /// - Parameter now: ms of CLOCK_MONOTONIC; never less than before.
  /// - Returns: what has changed, in the order in which to act on it.
  public mutating func observe(_ sight: ClusterSight, at now: Int64) -> [ClusterChange] {
    let before = known
    let sight = merge(sight)
    known = sight
    switch sight.corosync {
    case .unreachable(.notRunning): corosyncIsGone = true
    case .reachable: corosyncIsGone = false
    case .unanswered, .unreachable: break
    }
    let stoppage = stoppage(sight, at: now)

    var changes: [ClusterChange] = []
    if let nodes = sight.nodes, nodes != before?.nodes { changes.append(.nodes(nodes)) }
    if isThere(before?.lockspace), sight.lockspace == .absent {
      isSuspended = false
      changes.append(.lost(lossText(sight)))
    }
    changes += suspension(sight, stoppage, at: now)
    changes += isolation(sight)
    changes += obstacles(sight, stoppage, at: now)
    return changes
  }

  /// What could not be seen now is as it was.
  private func merge(_ sight: ClusterSight) -> ClusterSight {
    guard let known else { return sight }
    var merged = sight
    merged.nodes = sight.nodes ?? known.nodes
    switch (sight.controlDaemon, known.controlDaemon) {
    case (.unreadable, .running), (.unreadable, .gone), (.running(fencing: nil), .running):
      merged.controlDaemon = known.controlDaemon
    default: break
    }
    if case .unreadable = sight.lockspace { merged.lockspace = known.lockspace }
    return merged
  }

  private mutating func stoppage(_ sight: ClusterSight, at now: Int64) -> Stoppage? {
    guard case .stopped(let cause) = sight.lockspace else {
      stoppedSince = nil
      return nil
    }
    let since = stoppedSince ?? now
    stoppedSince = since
    return Stoppage(lockspace: name, since: since, cause: cause, nodes: sight.nodes)
  }

  private func isThere(_ lockspace: LockspaceSight?) -> Bool {
    switch lockspace {
    case .running, .stopped: true
    case .absent, .unreadable, nil: false
    }
  }

  private func isOverdue(_ stoppage: Stoppage, at now: Int64) -> Bool {
    now - stoppage.since >= bound
  }

  private mutating func suspension(
    _ sight: ClusterSight, _ stoppage: Stoppage?, at now: Int64
  ) -> [ClusterChange] {
    // Without a lockspace there are no locks that could be in doubt. With one, corosync and
    // dlm_controld were there, whether this process has seen them or not.
    guard isThere(sight.lockspace) else { return [] }
    let reason: String? =
      if corosyncIsGone {
        "corosync has ended on this node: the cluster takes this node for failed"
      } else if sight.controlDaemon == .gone {
        "dlm_controld has ended on this node: the cluster takes this node for failed"
      } else if let stoppage, isOverdue(stoppage, at: now) {
        stoppage.text(longerThan: bound)
      } else {
        nil
      }
    if let reason {
      guard !isSuspended else { return [] }
      isSuspended = true
      return [.suspended(reason)]
    }
    guard isSuspended, sight.lockspace == .running else { return [] }
    isSuspended = false
    return [.resumed]
  }

  /// A lockspace that waits for another node to be fenced is no isolation: this one is on the side that goes
  /// on.
  private mutating func isolation(_ sight: ClusterSight) -> [ClusterChange] {
    let reason: String?
    switch (sight.corosync, sight.controlDaemon) {
    case _ where !isThere(sight.lockspace): reason = nil
    case _ where corosyncIsGone: reason = "corosync has ended on this node"
    case (_, .gone): reason = "dlm_controld has ended on this node"
    case (.reachable(.lost(let members)), _): reason = sight.text(lost: members)
    case (.reachable, .running): reason = nil
    // What cannot be told changes nothing.
    case (.unanswered, _), (.unreachable, _), (.reachable, .unreadable): return []
    }
    guard isIsolated != (reason != nil) else { return [] }
    isIsolated = reason != nil
    return [.isolated(reason, reform: reason == nil ? nil : sight.nodes?.reform)]
  }

  private mutating func obstacles(
    _ sight: ClusterSight, _ stoppage: Stoppage?, at now: Int64
  ) -> [ClusterChange] {
    var changes: [ClusterChange] = []
    if stoppage != waiting {
      waiting = stoppage
      changes.append(.waiting(stoppage))
    }
    var impediment = sight.impediment(allowUnfenced: allowUnfenced)
    if impediment == nil, let stoppage, isOverdue(stoppage, at: now) {
      impediment = stoppage.text(longerThan: bound)
    }
    if impediment != self.impediment {
      self.impediment = impediment
      changes.append(.impediment(impediment))
    }
    let warning = sight.warning(allowUnfenced: allowUnfenced)
    if warning != self.warning {
      self.warning = warning
      changes.append(.warning(warning))
    }
    return changes
  }

  private func lossText(_ sight: ClusterSight) -> String {
    let cause =
      if corosyncIsGone {
        "; corosync has ended on this node too"
      } else if sight.controlDaemon == .gone {
        "; dlm_controld has ended on this node too"
      } else {
        ": somebody has removed it (dlm_tool leave)"
      }
    return "the lockspace \(name) is gone from this node, with every lock in it\(cause)"
  }
}
