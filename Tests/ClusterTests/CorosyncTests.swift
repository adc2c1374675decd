import Foundation
import Glibc
import LockModel
import Synchronization
import Testing

@testable import Cluster

/// Against a real corosync, in the namespaces that Tests/Corosync/run makes.
@Suite(.needsCorosyncNamespaces, .serialized)
struct CorosyncTests {
  @Test func nobodyListens() {
    let sight = ClusterSight.now(lockspace: "no-such-lockspace")
    #expect(
      sight
        == ClusterSight(
          corosync: .unreachable(.notRunning), nodes: nil, controlDaemon: .gone, lockspace: .absent
        ))
  }

  @Test func aLoneNodeHasQuorum() throws {
    let corosync = try CorosyncProcess(nodes: ["alpha"])
    defer { corosync.kill() }
    let sight = try settle { $0.corosync == .reachable(.held(members: [node1])) }
    #expect(
      sight.nodes
        == ClusterNodes(
          own: node1, listed: [node1], names: [node1: NodeName("alpha")], reform: 6_600))
    #expect(sight.controlDaemon == .gone)
  }

  @Test func oneOfThreeHasNone() throws {
    let corosync = try CorosyncProcess(nodes: ["alpha", nil, "gamma"])
    defer { corosync.kill() }
    let sight = try settle { $0.corosync == .reachable(.lost(members: [node1])) }
    #expect(
      sight.impediment(allowUnfenced: false)
        == "this node has no quorum (2 of 3 nodes missing: node id 2 and gamma): start them, or mend"
        + " the network between them (corosync-cfgtool -s)")
  }

  @Test func withoutAProviderNobodyCounts() throws {
    let corosync = try CorosyncProcess(nodes: ["alpha"], provider: nil)
    defer { corosync.kill() }
    let sight = try settle { $0.corosync == .reachable(.noProvider) }
    #expect(
      sight.nodes
        == ClusterNodes(own: nil, listed: [node1], names: [node1: NodeName("alpha")], reform: 6_600)
    )
  }

  @Test func theWatchFollowsCorosyncThroughItsLives() throws {
    let reports = Reports()
    let watch = try ClusterWatch(
      .init(lockspace: "no-such-lockspace", bound: 1000, allowUnfenced: false)
    ) { reports.add($0) }
    defer { watch.stop() }
    let absent = ClusterChange.impediment(
      "corosync does not run on this node: systemctl start corosync")
    let noDaemon = ClusterChange.impediment(
      "dlm_controld does not run on this node: systemctl start dlm")
    try reports.wait(for: absent)
    for life in ["alpha", "omega"] {
      let corosync = try CorosyncProcess(nodes: [life])
      defer { corosync.kill() }
      // The node list is asked for separately: either may come first.
      let nodes = ClusterChange.nodes(
        ClusterNodes(own: node1, listed: [node1], names: [node1: NodeName(life)], reform: 6_600))
      try reports.wait(forAll: [noDaemon, nodes])
      corosync.kill()
      try reports.wait(for: absent)
    }
  }

  @Test func aCorosyncThatHangsIsWaitedFor() throws {
    let corosync = try CorosyncProcess(nodes: ["alpha"])
    defer { corosync.kill() }
    _ = try settle { $0.corosync == .reachable(.held(members: [node1])) }
    try corosync.suspend()
    let reports = Reports()
    let watch = try ClusterWatch(
      .init(lockspace: "no-such-lockspace", bound: 1000, allowUnfenced: false)
    ) { reports.add($0) }
    defer { watch.stop() }
    sleep(2)
    #expect(reports.all.isEmpty)
    let hanging = ClusterSight.now(lockspace: "no-such-lockspace", within: 1_000)
    #expect(hanging.corosync == .unanswered && hanging.controlDaemon == .gone)
    corosync.resume()
    try reports.wait(
      for: .impediment("dlm_controld does not run on this node: systemctl start dlm"))
  }

  @Test func nothingIsReportedAfterTheWatchWasStopped() throws {
    let reports = Reports()
    let watch = try ClusterWatch(
      .init(lockspace: "no-such-lockspace", bound: 1000, allowUnfenced: false)
    ) { reports.add($0) }
    try reports.wait { _ in true }
    watch.stop()
    let corosync = try CorosyncProcess(nodes: ["alpha"])
    defer { corosync.kill() }
    _ = try settle { $0.corosync == .reachable(.held(members: [node1])) }
    sleep(3)
    #expect(
      !reports.all.contains { change in if case .nodes = change { true } else { false } })
  }

  /// Looks until it is so; corosync takes its time to start.
  private func settle(_ isSo: (ClusterSight) -> Bool) throws -> ClusterSight {
    for _ in 1...300 {
      let sight = ClusterSight.now(lockspace: "no-such-lockspace")
      if isSo(sight) { return sight }
      usleep(100_000)
    }
    throw NeverCame(what: "\(ClusterSight.now(lockspace: "no-such-lockspace"))")
  }
}

struct NeverCame: Error {
  let what: String
}

/// What a watch has reported, in order; read from the front.
final class Reports: Sendable {
  private let changes = Mutex<(all: [ClusterChange], read: Int)>(([], 0))

  var all: [ClusterChange] { changes.withLock { $0.all } }

  func add(_ change: ClusterChange) {
    changes.withLock { $0.all.append(change) }
  }

  func wait(for change: ClusterChange) throws {
    try wait { $0 == change }
  }

  /// Waits for all of these, in any order.
  func wait(forAll wanted: [ClusterChange]) throws {
    var missing = wanted
    while !missing.isEmpty {
      try wait { missing.contains($0) }
      let found = changes.withLock { $0.all[$0.read - 1] }
      missing.removeAll { $0 == found }
    }
  }

  /// Waits for one that is so, among those after the one that the former wait has found.
  func wait(_ isSo: (ClusterChange) -> Bool) throws {
    for _ in 1...300 {
      let found = changes.withLock { changes in
        guard let index = changes.all[changes.read...].firstIndex(where: isSo) else { return false }
        changes.read = index + 1
        return true
      }
      if found { return }
      usleep(100_000)
    }
    throw NeverCame(what: "\(all)")
  }
}

/// A corosync of this machine's namespaces; its nodes other than the first are not there.
final class CorosyncProcess: TestDaemon {
  let process = Process()

  /// - Parameter quorum: further lines of that section.
  init(
    nodes: [String?], provider: String? = "corosync_votequorum", quorum: String = ""
  ) throws {
    let list = nodes.enumerated().map { index, name in
      """
        node {
          ring0_addr: 127.0.0.\(index + 1)
          nodeid: \(index + 1)
          \(name.map { "name: \($0)" } ?? "")
        }
      """
    }
    let configuration = """
      system {
        move_to_root_cgroup: no
        sched_rr: no
      }
      totem {
        version: 2
        cluster_name: dlmguard-test
        transport: knet
        crypto_cipher: none
        crypto_hash: none
      }
      logging {
        to_syslog: no
        to_stderr: no
      }
      nodelist {
      \(list.joined(separator: "\n"))
      }
      quorum {
        \(provider.map { "provider: \($0)" } ?? "")
        \(quorum)
      }

      """
    try configuration.write(
      toFile: "/etc/corosync/corosync.conf", atomically: true, encoding: .utf8)
    process.executableURL = URL(filePath: "/usr/sbin/corosync")
    process.arguments = ["-f"]
    try process.run()
  }
}
