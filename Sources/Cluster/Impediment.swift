import LockModel

extension ClusterSight {
  /// Why nothing may be locked on this node, with what to do about it; nil where nothing of this
  /// sight is in the way. A stopped lockspace is not: it is waited for.
  ///
  /// - Parameter allowUnfenced: the administrator has answered for what fencing would see to.
  public func impediment(allowUnfenced: Bool) -> String? {
    switch corosync {
    case .unanswered: return ClusterHealth.unknown
    case .unreachable(let fault): return text(fault)
    case .reachable(.noProvider):
      return "corosync has no quorum provider: set quorum { provider: corosync_votequorum } in"
        + " /etc/corosync/corosync.conf on every node, and restart corosync there"
    case .reachable(.lost(let members)): return text(lost: members)
    case .reachable(.held): break
    }
    switch controlDaemon {
    case .gone:
      return isOutlived
        ? outlived("dlm_controld has ended on this node")
        : "dlm_controld does not run on this node: systemctl start dlm"
    case .unreadable(let why):
      return "whether dlm_controld runs on this node cannot be told (\(why)); dlm_tool status tells"
    case .running(fencing: nil):
      return "dlm_controld has not yet told whether fencing is enabled; where that lasts:"
        + " dlm_tool dump_config, journalctl -u dlm"
    case .running(.disabled) where !allowUnfenced: return Self.unfenced
    case .running: return nil
    }
  }

  /// What stands in the log as long as fencing is disabled and the administrator allows that.
  public func warning(allowUnfenced: Bool) -> String? {
    guard allowUnfenced, controlDaemon == .running(fencing: .disabled) else { return nil }
    return
      "fencing is disabled in dlm.conf (enable_fencing=0) and allow_unfenced is set: a node that"
      + " is cut off from the others, or hangs, keeps writing to disks that they may then start"
      + " guests on"
  }

  private static let unfenced =
    "fencing is disabled in dlm.conf (enable_fencing=0): two nodes that lose sight of each other"
    + " could both write to one disk. Remove it from /etc/dlm/dlm.conf on every node and configure"
    + " fencing; or, where something else stops a failed node's guests for certain, set"
    + " allow_unfenced = true in dlmguard.conf"

  private func text(_ fault: CorosyncFault) -> String {
    switch fault {
    case .notRunning:
      isOutlived
        ? outlived("corosync has ended on this node")
        : "corosync does not run on this node: systemctl start corosync"
    case .accessDenied:
      "corosync refuses to talk to dlmguardd on this node: run dlmguardd as root"
    case .failing(let code):
      "corosync takes no connections on this node (\(code)): systemctl status corosync"
    }
  }

  func text(lost members: [NodeID]) -> String {
    guard let nodes else {
      return "this node has no quorum: corosync-quorumtool -s tells which nodes are missing"
    }
    let missing = nodes.listed.filter { !members.contains($0) }
    guard !missing.isEmpty else {
      return
        "this node has no quorum, though it sees every node: corosync-quorumtool -s tells whose"
        + " votes are missing"
    }
    return "this node has no quorum (\(missing.count) of \(nodes.listed.count) nodes missing:"
      + " \(nodes.enumeration(of: missing))): start them, or mend the network between them"
      + " (corosync-cfgtool -s)"
  }

  /// The lockspace is there, but what made it is not.
  private var isOutlived: Bool {
    switch lockspace {
    case .running, .stopped: true
    case .absent, .unreadable: false
    }
  }

  /// A new dlm_controld that finds a lockspace takes its node out of the cluster ("uncontrolled
  /// lockspace" in its action.c), so starting it again mends nothing.
  private func outlived(_ what: String) -> String {
    "\(what) while the lockspace was in use, and cannot take it up again: restart this node; its"
      + " guests end with it"
  }
}
