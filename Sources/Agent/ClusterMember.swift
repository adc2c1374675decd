import CLinux
import Cluster
import Dispatch
import GuardCore
import HostWatch
import LockEngines
import LockModel
import Logging
import Synchronization

/// The agent's place in a cluster: opens the kernel's lockspace as soon as nothing stands in the way,
/// and tells the agent what becomes of the cluster.
///
/// Called on the watch's thread; opening has one of its own, because it waits for as long as the
/// cluster takes to let this node join.
final class ClusterMember: Sendable {
  private enum Phase {
    /// Something is in the way of opening.
    case outside
    case opening
    case open
    /// The lockspace is gone under an open engine, for good.
    case lost
  }

  private struct State {
    var phase = Phase.outside
    var node: NodeID?
    var impediment: String? = ClusterHealth.unknown
  }

  /// How long to wait before what could not be opened is tried again, in ms.
  private static let retry = 5_000

  private let lockspace: String
  /// Which node this one is by its own configuration; nil where that does not say.
  private let configured: NodeID?
  private let agent: NodeAgent
  private let contents: Ledger.Contents
  private let log: Logger
  private let state = Mutex(State())
  private let thread = DispatchQueue(label: "dlmguard.lockspace")

  /// - Parameter contents: the claims to be held again once the lockspace is open.
  /// - Parameter configured: which node this one must be; nil for whichever corosync says.
  init(
    lockspace: String, as configured: NodeID?, agent: NodeAgent, contents: Ledger.Contents,
    log: Logger
  ) {
    self.lockspace = lockspace
    self.configured = configured
    self.agent = agent
    self.contents = contents
    self.log = log
    agent.report(.joining(ClusterHealth.unknown))
  }

  func take(_ change: ClusterChange) {
    switch change {
    case .nodes(let nodes):
      state.withLock { $0.node = nodes.own }
      agent.report(.nodes(nodes.names, here: nodes.own))
      openIfPossible()
    case .impediment(let reason):
      let isOpen = state.withLock { state in
        state.impediment = reason
        switch state.phase {
        case .outside, .opening: return false
        case .open:
          agent.report(.impediment(reason))
          return true
        case .lost: return true
        }
      }
      if isOpen { return }
      if let reason { agent.report(.unready(reason)) }
      openIfPossible()
    case .warning(let text): agent.report(.warning(text))
    case .waiting(let stoppage):
      let now = Timestamp(milliseconds: dlmguard_now())
      agent.report(.waiting(stoppage?.text(at: dlmguard_uptime(), now)))
    case .suspended(let reason): agent.report(.suspended(reason))
    case .isolated(let reason, let reform):
      agent.report(.isolated(reason.map { Isolation(reason: $0, reform: reform) }))
    case .resumed: agent.report(.resumed)
    case .lost(let reason): lose(reason)
    }
  }

  /// Nothing can be locked in what is gone, and nothing is known of what was: the next agent begins
  /// anew.
  private func lose(_ reason: String) {
    let wasOpen = state.withLock { state in
      guard case .open = state.phase else { return false }
      state.phase = .lost
      return true
    }
    guard wasOpen else { return }
    agent.report(.lostAll(reason: reason))
    agent.report(
      .impediment(
        "\(reason). The agent must join it anew: systemctl restart dlmguardd; it takes the locks of "
          + "running guests again, if nobody else has them by then"))
  }

  /// Why this is not the node that its configuration means: another host's configuration, or another
  /// corosync's.
  private func mismatch(_ node: NodeID) -> String? {
    guard let configured, node != configured else { return nil }
    return
      "node_id is \(configured.number) in dlmguard.conf, but corosync says that this is \(node): "
      + "correct whichever is wrong (corosync.conf, nodeid), then systemctl restart dlmguardd"
  }

  private func openIfPossible() {
    if let reason = state.withLock({ $0.node.flatMap(mismatch) }) {
      return agent.report(.unready(reason))
    }
    let node = state.withLock { state -> NodeID? in
      guard case .outside = state.phase, state.impediment == nil, let node = state.node else {
        return nil
      }
      state.phase = .opening
      return node
    }
    guard let node else { return }
    agent.report(.joining("this node is joining the lockspace \(Quoted(lockspace))"))
    thread.async { [self] in open(as: node) }
  }

  private func open(as node: NodeID) {
    do {
      let lockspace = try Lockspace(lockspace)
      log.notice(
        "the lockspace is open",
        metadata: ["lockspace": "\(lockspace.name)", "origin": "\(lockspace.origin)"])
      let engine = try KernelEngine(lockspace)
      begin(engine, as: node)
    } catch {
      agent.report(.unready("\(error)"))
      thread.asyncAfter(deadline: .now() + .milliseconds(Self.retry)) { [self] in
        state.withLock { $0.phase = .outside }
        openIfPossible()
      }
    }
  }

  private func begin(_ engine: KernelEngine, as node: NodeID) {
    do throws(ProcessTable.Unreadable) {
      try agent.start(with: contents, engine: engine, as: node)
    } catch {
      // "Not running" would free what a running guest uses.
      log.error("\(error); looking again")
      thread.asyncAfter(deadline: .now() + .milliseconds(Self.retry)) { [self] in
        begin(engine, as: node)
      }
      return
    }
    // Both at once, so that a newer one that is reported meanwhile comes after this.
    state.withLock { state in
      state.phase = .open
      agent.report(.impediment(state.impediment))
    }
  }
}
