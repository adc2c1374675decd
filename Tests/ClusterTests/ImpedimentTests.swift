import LockModel
import Testing

@testable import Cluster

@Suite struct ImpedimentTests {
  @Test(arguments: [
    (
      ClusterSight.healthy.lockspace(.absent).corosync(.unreachable(.notRunning)),
      "corosync does not run on this node: systemctl start corosync"
    ),
    (
      .healthy.corosync(.unreachable(.notRunning)),
      "corosync has ended on this node while the lockspace was in use, and cannot take it up again:"
        + " restart this node; its guests end with it"
    ),
    (
      .healthy.corosync(.unreachable(.accessDenied)),
      "corosync refuses to talk to dlmguardd on this node: run dlmguardd as root"
    ),
    (
      .healthy.corosync(.unreachable(.failing("CS_ERR_TRY_AGAIN"))),
      "corosync takes no connections on this node (CS_ERR_TRY_AGAIN): systemctl status corosync"
    ),
    (
      .healthy.corosync(.reachable(.noProvider)),
      "corosync has no quorum provider: set quorum { provider: corosync_votequorum } in"
        + " /etc/corosync/corosync.conf on every node, and restart corosync there"
    ),
    (
      .healthy.corosync(.reachable(.lost(members: [node1, node2, node3]))),
      "this node has no quorum, though it sees every node: corosync-quorumtool -s tells whose votes"
        + " are missing"
    ),
    (
      .healthy.corosync(.reachable(.lost(members: [node1]))).with { $0.nodes = nil },
      "this node has no quorum: corosync-quorumtool -s tells which nodes are missing"
    ),
    (
      .healthy.lockspace(.absent).controlDaemon(.gone),
      "dlm_controld does not run on this node: systemctl start dlm"
    ),
    (
      .healthy.controlDaemon(.unreadable("too many open files")),
      "whether dlm_controld runs on this node cannot be told (too many open files); dlm_tool status"
        + " tells"
    ),
  ])
  func saysWhatIsWrongAndWhatToDo(_ sight: ClusterSight, _ text: String) {
    #expect(sight.impediment(allowUnfenced: false) == text)
  }

  @Test func thereIsNoneInAHealthyClusterOrWhileItRecovers() {
    #expect(ClusterSight.healthy.impediment(allowUnfenced: false) == nil)
    #expect(
      ClusterSight.healthy.lockspace(.stopped(.quorum)).impediment(allowUnfenced: false) == nil)
    #expect(ClusterSight.healthy.lockspace(.absent).impediment(allowUnfenced: false) == nil)
  }

  @Test func namesAreListedAsPeopleDo() {
    #expect(threeNodes.enumeration(of: []) == "")
    #expect(threeNodes.enumeration(of: [node1]) == "alpha")
    #expect(threeNodes.enumeration(of: [node1, node2]) == "alpha and beta")
    #expect(threeNodes.enumeration(of: [node1, node2, node3]) == "alpha, beta and node id 3")
  }
}
