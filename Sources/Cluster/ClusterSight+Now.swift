import Dispatch
import Synchronization

extension ClusterSight {
  /// Looks once. Whoever hangs, corosync or dlm_controld, counts as not having answered: a thread is left to
  /// wait for it. For programs that look once and end; what runs on uses ``ClusterWatch``.
  ///
  /// - Parameter milliseconds: how long each may take.
  public static func now(lockspace: String, within milliseconds: Int = 5_000) -> ClusterSight {
    var sight = ClusterSight(
      corosync: .unanswered, nodes: nil, controlDaemon: ControlDaemon.look(),
      lockspace: LockspaceStatus.read(lockspace))
    let corosync = Awaited { lookAtCorosync() }
    let isStopped = if case .stopped = sight.lockspace { true } else { false }
    var daemon: Awaited<(Fencing?, ControlDaemon.Stop?)>?
    if case .running = sight.controlDaemon {
      daemon = Awaited {
        (ControlDaemon.fencing(), isStopped ? ControlDaemon.stop(of: lockspace) : nil)
      }
    }
    let deadline = DispatchTime.now() + .milliseconds(milliseconds)
    if let (seen, nodes) = corosync.value(by: deadline) {
      (sight.corosync, sight.nodes) = (seen, nodes)
    }
    if let (fencing, stop) = daemon?.value(by: deadline) {
      sight.controlDaemon = .running(fencing: fencing)
      if case .waits(let cause)? = stop { sight.lockspace = .stopped(cause) }
    }
    return sight
  }

  private static func lookAtCorosync() -> (CorosyncSight, ClusterNodes?) {
    do throws(CorosyncFault) {
      let connection = try QuorumConnection()
      try connection.dispatch()
      guard let quorum = connection.quorum else { return (.unanswered, nil) }
      return (.reachable(quorum), try NodeList.read())
    } catch {
      return (.unreachable(error), nil)
    }
  }
}

/// What a thread of its own finds out, however long that takes.
private final class Awaited<Value: Sendable>: Sendable {
  private let found = Mutex<Value?>(nil)
  private let isThere = DispatchSemaphore(value: 0)

  init(_ find: @escaping @Sendable () -> Value) {
    DispatchQueue(label: "dlmguard.awaited").async { [self] in
      let value = find()
      found.withLock { $0 = value }
      isThere.signal()
    }
  }

  /// Nil where it has not been found by then. Once.
  func value(by deadline: DispatchTime) -> Value? {
    guard isThere.wait(timeout: deadline) == .success else { return nil }
    return found.withLock { $0 }
  }
}
