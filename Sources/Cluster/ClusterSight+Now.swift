extension ClusterSight {
  /// Looks once, from the calling thread, which waits for as long as corosync and dlm_controld take to
  /// answer: without end where one of them hangs. For programs that look once and end; what runs on
  /// uses ``ClusterWatch``.
  public static func now(lockspace: String) -> ClusterSight {
    var sight = ClusterSight(
      corosync: .unanswered, nodes: nil, controlDaemon: ControlDaemon.look(),
      lockspace: LockspaceStatus.read(lockspace))
    do throws(CorosyncFault) {
      let connection = try QuorumConnection()
      try connection.dispatch()
      if let quorum = connection.quorum { sight.corosync = .reachable(quorum) }
      sight.nodes = try NodeList.read()
    } catch {
      sight.corosync = .unreachable(error)
    }
    if case .running = sight.controlDaemon {
      sight.controlDaemon = .running(fencing: ControlDaemon.fencing())
    }
    if case .stopped = sight.lockspace {
      if case .waits(let cause) = ControlDaemon.stop(of: lockspace) {
        sight.lockspace = .stopped(cause)
      }
    }
    return sight
  }
}
