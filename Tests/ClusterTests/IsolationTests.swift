import LockModel
import Testing

@testable import Cluster

/// Whether the others may take this node for failed.
@Suite struct IsolationTests {
  private func isolations(_ changes: [ClusterChange]) -> [Bool] {
    changes.compactMap { change in
      if case .isolated(let reason, _) = change { reason != nil } else { nil }
    }
  }

  @Test func withoutQuorumItIsIsolatedOnceUntilItIsBack() throws {
    var health = settled()
    let lost = ClusterSight.healthy.corosync(.reachable(.lost(members: [node1])))
    let changes = health.observe(lost, at: 1000)
    guard
      case .isolated(let reason?, let reform)? = changes.first(where: { !isolations([$0]).isEmpty })
    else { return #expect(Bool(false)) }
    #expect(reason.hasPrefix("this node has no quorum (2 of 3 nodes missing"))
    #expect(reform == threeNodes.reform)
    #expect(isolations(health.observe(lost.lockspace(.stopped(.quorum)), at: 2000)).isEmpty)
    #expect(
      isolations(health.observe(.healthy.lockspace(.stopped(.membership)), at: 3000)) == [false],
      "the others count on it again, and the lockspace will go on")
    #expect(isolations(health.observe(.healthy, at: 4000)).isEmpty)
  }

  @Test func withoutItsDaemonsItIsIsolated() {
    for sight in [
      ClusterSight.healthy.corosync(.unreachable(.notRunning)),
      ClusterSight.healthy.controlDaemon(.gone),
    ] {
      var health = settled()
      #expect(isolations(health.observe(sight, at: 1000)) == [true])
      #expect(isolations(health.observe(sight, at: 2000)).isEmpty)
      #expect(isolations(health.observe(.healthy, at: 3000)) == [false])
    }
  }

  /// The dead one is another: this node is on the side that goes on.
  @Test func aStopForTheSakeOfAnotherNodeIsNoIsolation() {
    var health = settled(bound: 1000)
    let stopped = ClusterSight.healthy.lockspace(.stopped(.fencing([node2])))
    for second in 1...100 {
      #expect(isolations(health.observe(stopped, at: Int64(second) * 1000)).isEmpty)
    }
    #expect(health.isSuspended)
  }

  @Test func whatCannotBeToldChangesNothing() {
    var health = settled()
    let failing = ClusterSight.healthy.corosync(.unreachable(.failing("CS_ERR_TRY_AGAIN")))
    #expect(isolations(health.observe(failing, at: 1000)).isEmpty)
    _ = health.observe(.healthy.corosync(.reachable(.lost(members: [node1]))), at: 2000)
    #expect(isolations(health.observe(failing, at: 3000)).isEmpty)
    #expect(health.isIsolated)
  }

  @Test func withoutALockspaceThereIsNothingToLose() {
    var health = settled()
    _ = health.observe(.healthy.corosync(.reachable(.lost(members: [node1]))), at: 1000)
    #expect(isolations(health.observe(.healthy.lockspace(.absent), at: 2000)) == [false])
    #expect(
      isolations(
        health.observe(
          .healthy.lockspace(.absent).corosync(.unreachable(.notRunning)), at: 3000)
      ).isEmpty)
  }
}
