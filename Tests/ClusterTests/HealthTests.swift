import LockModel
import Testing

@testable import Cluster

@Suite struct HealthTests {
  @Test func nothingMayBeLockedBeforeAnythingIsKnown() {
    var health = ClusterHealth(lockspace: "libvirt", bound: 1000, allowUnfenced: false)
    #expect(health.impediment == ClusterHealth.unknown)
    let changes = health.observe(
      ClusterSight(
        corosync: .unanswered, nodes: nil, controlDaemon: .gone, lockspace: .unreadable("why")),
      at: 0)
    #expect(changes.isEmpty)
    #expect(health.impediment == ClusterHealth.unknown)
  }

  @Test func aHealthyClusterIsReportedOnce() {
    var health = ClusterHealth(lockspace: "libvirt", bound: 1000, allowUnfenced: false)
    #expect(health.observe(.healthy, at: 0) == [.nodes(threeNodes), .impediment(nil)])
    for second in 1...100 {
      #expect(health.observe(.healthy, at: Int64(second) * 1000).isEmpty)
    }
  }

  @Test func aRecoveryWithinTheBoundIsWaitedFor() throws {
    var health = settled()
    let first = health.observe(.healthy.lockspace(.stopped(nil)), at: 5000)
    #expect(first.count == 1)
    #expect(
      health.waiting?.text(at: 9000, Timestamp(milliseconds: 104_000))
        == "the lockspace libvirt is stopped since 1970-01-01T00:01:40Z: dlm_tool ls tells what it waits for"
    )
    let fencing = ClusterSight.healthy.lockspace(.stopped(.fencing([node2, node3])))
    let second = health.observe(fencing, at: 6000)
    #expect(second == [.waiting(health.waiting)])
    #expect(
      health.waiting?.text(at: 9999, Timestamp(milliseconds: 104_999))
        == "the lockspace libvirt is stopped since 1970-01-01T00:01:40Z: dlm_controld waits for fencing of beta and"
        + " node id 3")
    #expect(health.observe(fencing, at: 24_999).isEmpty)
    #expect(health.impediment == nil)
    #expect(health.observe(.healthy, at: 25_000) == [.waiting(nil)])
  }

  @Test func manyRecoveriesDoNotAddUp() {
    var health = settled(bound: 10_000)
    var now: Int64 = 0
    for _ in 1...50 {
      now += 9000
      #expect(verdicts(health.observe(.healthy.lockspace(.stopped(.kernel)), at: now)).isEmpty)
      now += 9000
      #expect(verdicts(health.observe(.healthy, at: now)).isEmpty)
    }
  }

  @Test func aStopBeyondTheBoundSuspendsOnce() throws {
    var health = settled(bound: 20_000)
    let stopped = ClusterSight.healthy.lockspace(.stopped(.fencing([node2])))
    _ = health.observe(stopped, at: 1000)
    #expect(verdicts(health.observe(stopped, at: 20_999)).isEmpty)
    let changes = health.observe(stopped, at: 21_000)
    let text =
      "the lockspace libvirt is stopped for longer than 20 s: dlm_controld waits for fencing of"
      + " beta; see why the fence agent fails (journalctl -u dlm); only for a node that is certainly"
      + " off: dlm_tool fence_ack NODEID"
    #expect(changes == [.suspended(text), .impediment(text)])
    #expect(health.observe(stopped, at: 60_000).isEmpty)
    // Another cause is another text for people, but no other suspension.
    let quorum = ClusterSight.healthy.lockspace(.stopped(.quorum))
    #expect(verdicts(health.observe(quorum, at: 61_000)).isEmpty)
    #expect(health.impediment?.contains("dlm_controld waits for quorum") == true)
    #expect(health.observe(.healthy, at: 62_000) == [.resumed, .waiting(nil), .impediment(nil)])
    #expect(health.observe(.healthy, at: 63_000).isEmpty)
  }

  @Test func whatEndsWhileALockspaceIsThereSuspendsAtOnce() {
    for (sight, daemon) in [
      (ClusterSight.healthy.corosync(.unreachable(.notRunning)), "corosync"),
      (ClusterSight.healthy.controlDaemon(.gone), "dlm_controld"),
    ] {
      var health = settled()
      let changes = health.observe(sight, at: 1000)
      #expect(
        verdicts(changes) == [
          .suspended("\(daemon) has ended on this node: the cluster takes this node for failed")
        ])
      #expect(health.impediment?.hasPrefix("\(daemon) has ended on this node while") == true)
      #expect(health.observe(sight, at: 90_000).isEmpty)
    }
  }

  @Test func corosyncThatTakesNoConnectionsYetIsStillGone() {
    var health = settled()
    _ = health.observe(.healthy.corosync(.unreachable(.notRunning)), at: 1000)
    #expect(
      verdicts(
        health.observe(
          .healthy.corosync(.unreachable(.failing("CS_ERR_TRY_AGAIN"))), at: 2000)
      ).isEmpty)
    #expect(health.isSuspended)
    #expect(verdicts(health.observe(.healthy, at: 3000)) == [.resumed])
  }

  @Test func whatIsBackDoesNotResumeBeforeTheLockspaceRuns() {
    var health = settled(bound: 20_000)
    _ = health.observe(
      .healthy.corosync(.unreachable(.notRunning)).lockspace(.stopped(nil)), at: 1000)
    #expect(
      verdicts(health.observe(.healthy.lockspace(.stopped(.membership)), at: 2000)).isEmpty)
    #expect(verdicts(health.observe(.healthy.lockspace(.unreadable("why")), at: 2500)).isEmpty)
    #expect(verdicts(health.observe(.healthy, at: 3000)) == [.resumed])
  }

  @Test func withoutALockspaceNothingIsSuspended() {
    var health = ClusterHealth(lockspace: "libvirt", bound: 1000, allowUnfenced: false)
    _ = health.observe(.healthy.lockspace(.absent), at: 0)
    let nothing = ClusterSight(
      corosync: .unreachable(.notRunning), nodes: nil, controlDaemon: .gone, lockspace: .absent)
    #expect(
      health.observe(nothing, at: 1000) == [
        .impediment("corosync does not run on this node: systemctl start corosync")
      ])
    #expect(health.observe(.healthy.lockspace(.absent), at: 2000) == [.impediment(nil)])
  }

  @Test func anAgentThatStartsOnADeadNodeLearnsIt() {
    var health = ClusterHealth(lockspace: "libvirt", bound: 1000, allowUnfenced: false)
    let changes = health.observe(
      ClusterSight(
        corosync: .unreachable(.notRunning), nodes: nil, controlDaemon: .gone,
        lockspace: .stopped(nil)), at: 0)
    #expect(verdicts(changes).count == 1)
    #expect(health.impediment?.contains("restart this node") == true)
  }

  @Test func aLockspaceThatVanishesIsLostOnce() {
    var health = settled()
    let changes = health.observe(.healthy.lockspace(.absent), at: 1000)
    #expect(
      changes == [
        .lost(
          "the lockspace libvirt is gone from this node, with every lock in it: somebody has removed"
            + " it (dlm_tool leave)")
      ])
    #expect(health.observe(.healthy.lockspace(.absent), at: 2000).isEmpty)
    // A new one, which the agent has made, can be lost as well.
    #expect(health.observe(.healthy, at: 3000).isEmpty)
    #expect(verdicts(health.observe(.healthy.lockspace(.absent), at: 4000)).count == 1)
  }

  @Test func aLossEndsASuspension() {
    var health = settled()
    let gone = ClusterSight.healthy.controlDaemon(.gone)
    _ = health.observe(gone.lockspace(.stopped(nil)), at: 1000)
    #expect(health.isSuspended)
    let changes = verdicts(health.observe(gone.lockspace(.absent), at: 2000))
    #expect(
      changes == [
        .lost(
          "the lockspace libvirt is gone from this node, with every lock in it; dlm_controld has"
            + " ended on this node too")
      ])
    #expect(verdicts(health.observe(.healthy.lockspace(.absent), at: 3000)).isEmpty)
  }

  @Test func aLockspaceThatWasNeverThereIsNotLost() {
    var health = ClusterHealth(lockspace: "libvirt", bound: 1000, allowUnfenced: false)
    #expect(verdicts(health.observe(.healthy.lockspace(.unreadable("why")), at: 0)).isEmpty)
    #expect(verdicts(health.observe(.healthy.lockspace(.absent), at: 1)).isEmpty)
  }

  @Test func whatCannotBeReadChangesNothing() {
    var health = settled(bound: 10_000)
    let blind = ClusterSight.healthy.with {
      $0.controlDaemon = .unreadable("too many open files")
      $0.lockspace = .unreadable("too many open files")
      $0.nodes = nil
    }
    #expect(health.observe(blind, at: 1000).isEmpty)
    #expect(health.observe(.healthy, at: 2000).isEmpty)
    // A stop that cannot be seen to be over goes on.
    let stopped = ClusterSight.healthy.lockspace(.stopped(.quorum))
    #expect(verdicts(health.observe(stopped, at: 3000)).isEmpty)
    #expect(verdicts(health.observe(blind, at: 12_999)).isEmpty)
    #expect(verdicts(health.observe(blind, at: 13_000)).count == 1)
  }

  @Test func dlmControldThatAnswersNoMoreIsRemembered() {
    var health = settled()
    #expect(health.observe(.healthy.controlDaemon(.running(fencing: nil)), at: 1000).isEmpty)
    // A new one has to tell for itself.
    _ = health.observe(.healthy.controlDaemon(.gone).lockspace(.absent), at: 2000)
    _ = health.observe(
      .healthy.controlDaemon(.running(fencing: nil)).lockspace(.absent), at: 3000)
    #expect(health.impediment?.contains("has not yet told") == true)
  }

  @Test func quorumLostWithoutAStopOnlyForbidsNewLocks() {
    var health = settled()
    let sight = ClusterSight.healthy.corosync(.reachable(.lost(members: [node1])))
    #expect(verdicts(health.observe(sight, at: 1000)).isEmpty)
    #expect(
      health.impediment
        == "this node has no quorum (2 of 3 nodes missing: beta and node id 3): start them, or mend"
        + " the network between them (corosync-cfgtool -s)")
    #expect(verdicts(health.observe(sight, at: 900_000)).isEmpty)
    #expect(health.observe(.healthy, at: 901_000) == [.isolated(nil), .impediment(nil)])
  }

  @Test func unfencedIsRefusedOrWarnedOf() {
    let sight = ClusterSight.healthy.controlDaemon(.running(fencing: .disabled))
    var strict = settled()
    #expect(strict.observe(sight, at: 1000).count == 1)
    #expect(strict.impediment?.contains("allow_unfenced = true") == true)
    #expect(strict.warning == nil)

    var lenient = settled(allowUnfenced: true)
    let changes = lenient.observe(sight, at: 1000)
    #expect(lenient.impediment == nil)
    #expect(changes == [.warning(lenient.warning)])
    #expect(lenient.warning?.contains("enable_fencing=0") == true)
    #expect(lenient.observe(.healthy, at: 2000) == [.warning(nil)])
  }

  @Test func aNodeListThatChangesIsPassedOn() {
    var health = settled()
    let four = ClusterNodes(own: node1, listed: [node1, node2, node3, NodeID(4)!], names: [:])
    #expect(health.observe(.healthy.with { $0.nodes = four }, at: 1000) == [.nodes(four)])
    #expect(health.observe(.healthy.with { $0.nodes = nil }, at: 2000).isEmpty)
  }
}
