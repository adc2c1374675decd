import AgentAPI
import LockModel

/// What an agent might report.
enum Samples {
  static let uuid = DomainUUID("83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7")!
  static let owner = OwnerID(domain: uuid, instance: 3)
  static let since = Timestamp(milliseconds: 1_767_225_600_000)
  static let path = "/srv/images/a/rather/long/way/down/to/where/the/images/are/web01.qcow2"
  static let claim = Claim(
    resource: try! ResourceName("file:0123456789abcdef:4711"), mode: .pw, device: "disk vda",
    location: path)

  static func report(
    name: String = "web01", pid: Int32? = 4242, claims: [Claim] = [claim],
    unguarded: [UnguardedResource] = []
  ) -> OwnerReport {
    OwnerReport(
      owner: owner, name: name, node: NodeName("node1"), phase: "running", pid: pid, since: since,
      claims: claims, unguarded: unguarded)
  }

  static func status(alarms: [String] = [], owners: [OwnerReport] = []) -> StatusReport {
    StatusReport(
      version: "0.1.0", node: NodeName("node1"), engine: "local", pid: 77, started: since,
      alarms: alarms, owners: owners)
  }
}
