import AgentAPI
import GuardCore
import LockModel
import Testing

/// A node that the others may take for failed.
@Suite struct IsolationTests {
  let vm1 = VM(1, [disk("/one")])
  static let isolation = Isolation(reason: "this node has no quorum", reform: 6_600)

  static func host(_ policy: Policy = Policy()) -> TestHost {
    let host = TestHost(policy: policy, lockspace: "ls", locksOutliveAgent: true)
    host.image("/one")
    return host
  }

  @Test(arguments: [
    (60_000, 6_600, 6_600, 60_000), (0, 6_600, 6_600, 13_200), (10_000, 30_000, 30_000, 60_000),
    (120_000, 2_200, 2_200, 120_000),
  ])
  func theAlarmComesBeforeTheAction(grace: Int64, reform: Int64, alarm: Int64, action: Int64) {
    let timeline = IsolationTimeline(grace: grace, reform: reform)
    #expect(timeline.alarm == alarm && timeline.action == action)
    #expect(timeline.alarm < timeline.action)
  }

  @Test func secondBySecond() throws {
    let host = Self.host()
    host.start(vm1)
    host.happen(.isolated(Self.isolation))
    host.pass(6_599)
    #expect(host.alarms == [] && host.audits(.isolated).isEmpty)
    host.pass(1)
    let alarm = try #require(host.alarms.first)
    #expect(alarm.contains("no quorum") && alarm.contains("killed at 2026-03-01T09:31:00Z"))
    #expect(host.audits(.isolated).count == 1)
    host.pass(60_000 - 6_600 - 1)
    #expect(host.killed == [])
    host.pass(1)
    #expect(host.killed == [vm1.process])
    #expect(try #require(host.audits(.killed).first).fields[1].value.contains("no quorum"))
  }

  @Test func aHiccupKillsNobodyAndIsNotTold() {
    let host = Self.host()
    host.start(vm1)
    for _ in 0..<20 {
      host.happen(.isolated(Self.isolation))
      host.pass(6_000)
      host.happen(.isolated(nil))
      host.pass(1_000)
    }
    host.pass(100_000)
    #expect(host.killed == [] && host.audits(.isolated).isEmpty && host.audits(.rejoined).isEmpty)
  }

  @Test func anEndBeforeTheActionEndsIt() {
    let host = Self.host()
    host.start(vm1)
    host.happen(.isolated(Self.isolation))
    host.happen(.isolated(Isolation(reason: "corosync has ended")))
    host.pass(59_999)
    host.happen(.isolated(nil))
    host.pass(100_000)
    #expect(host.killed == [] && host.alarms == [] && host.audits(.rejoined).count == 1)
  }

  @Test func pausedOrLeftAloneAsTheOperatorDecided() {
    for (policy, paused) in [
      (Policy(onQuorumLoss: .pause), [vm1.process]), (Policy(onQuorumLoss: .alarm), []),
      (Policy(mode: .observe), []),
    ] {
      let host = Self.host(policy)
      host.start(vm1)
      host.happen(.isolated(Self.isolation))
      host.pass(100_000)
      #expect(host.killed == [] && host.paused == paused)
      #expect(host.alarms.count == 1)
    }
  }
}
