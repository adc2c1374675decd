import CLinux
import Directory
import Dispatch
import Glibc
import LockModel
import Synchronization

/// The group of all agents of a lockspace: what one of them says, all hear, in one order with the news of
/// who is there.
///
/// A thread of its own does everything with corosync. When corosync ends, that is told, and the group is
/// joined again as soon as there is one.
public final class AgentGroup: Sendable {
  /// What is told.
  public enum News: Hashable, Sendable {
    /// Who is there now; the first one comes when this agent has joined.
    case view(ClusterView)
    /// Another agent says something.
    case heard(Heard)
    /// There was more to send than corosync took: a snapshot is wanted, and will be sent at once.
    case missed
    /// corosync is gone, with all that was to be sent.
    case severed
  }

  private let wakeUp: WakeUp
  private let isStopped = Atomic(false)
  private let outbox = Mutex<[DirectoryMessage]>([])

  /// The group's name in corosync.
  public static func name(of lockspace: String) -> String { "dlmguard:\(lockspace)" }

  /// Joins as soon as corosync lets it.
  ///
  /// - Parameters:
  ///   - lockspace: whose agents are meant.
  ///   - version: what this agent speaks.
  ///   - report: called on the group's own thread, one after the other.
  /// - Throws: ``ClusterWatch/Unavailable`` where the kernel has no descriptors left.
  public init(
    lockspace: String, version: ProtocolVersion = .current,
    report: @escaping @Sendable (News) -> Void
  ) throws(ClusterWatch.Unavailable) {
    wakeUp = try WakeUp()
    DispatchQueue(label: "dlmguard.group").async { [self] in
      var seat = GroupSeat(
        group: Self.name(of: lockspace), version: version, wakeUp: wakeUp, report: report)
      while !isStopped.load(ordering: .acquiring) {
        seat.round(
          sending: outbox.withLock { queue in
            defer { queue = [] }
            return queue
          })
        if !isStopped.load(ordering: .acquiring) { seat.wait() }
      }
    }
  }

  /// Sends messages after all others; waits for nothing. Any thread. What is sent while the group is not
  /// joined is sent to nobody.
  public func send(_ messages: [DirectoryMessage]) {
    outbox.withLock { $0 += messages }
    wakeUp.raise()
  }

  /// Leaves the group; does not wait for that. Any thread.
  public func stop() {
    isStopped.store(true, ordering: .releasing)
    wakeUp.raise()
  }
}
