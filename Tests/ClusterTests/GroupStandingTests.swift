import Directory
import LockModel
import Testing

@testable import Cluster

/// Who is in the group, from news that come in pieces.
@Suite struct GroupStandingTests {
  static let two = NodeID(2)!
  let one = node1

  func standing(_ nodes: Set<NodeID>? = nil) -> GroupStanding {
    var standing = GroupStanding(here: one)
    standing.take(ring: 5, nodes ?? [one, Self.two])
    standing.take([(one, 10), (Self.two, 20)], fallen: [])
    return standing
  }

  @Test func nothingIsToldBeforeThisNodeIsIn() {
    var standing = GroupStanding(here: one)
    #expect(told(&standing) == nil)
    standing.take(ring: 5, [one, Self.two])
    #expect(told(&standing) == nil)
    standing.take([(Self.two, 20)], fallen: [])
    #expect(told(&standing) == nil)
    standing.take([(one, 10), (Self.two, 20)], fallen: [])
    #expect(told(&standing)?.agents == [one: 10, Self.two: 20])
    #expect(told(&standing) == nil)
  }

  @Test func aRingIsSettledWhenItIsThatOfTheQuorum() {
    var standing = standing()
    #expect(told(&standing)?.isSettled == false)
    standing.take(quorateRing: 5)
    #expect(told(&standing)?.isSettled == true)
    standing.take(ring: 6, [one, Self.two])
    #expect(told(&standing)?.isSettled == false)
    standing.take(quorateRing: 6)
    #expect(told(&standing)?.isSettled == true)
    standing.take(quorateRing: nil)
    #expect(told(&standing)?.isSettled == false)
  }

  @Test func whoeverWasAwayIsToldOnce() {
    var standing = standing()
    _ = told(&standing)
    standing.take([(one, 10), (Self.two, 20)], fallen: [Self.two])
    #expect(told(&standing)?.returned == [Self.two])
    #expect(told(&standing) == nil)
  }

  /// Of a node without an agent the group says nothing.
  @Test func aNodeThatLeavesTheRingWasAway() {
    var standing = standing()
    standing.take([(one, 10)], fallen: [])
    _ = told(&standing)
    standing.take(ring: 6, [one])
    standing.take(ring: 7, [one, Self.two])
    #expect(told(&standing)?.returned == [Self.two])
  }

  @Test func anAgentThatFollowsAnotherSpeaksForItsNode() {
    var standing = standing()
    standing.take([(one, 10), (Self.two, 20), (Self.two, 21)], fallen: [])
    #expect(told(&standing)?.agents[Self.two] == 21)
    #expect(standing.isMember(21, of: Self.two) && !standing.isMember(20, of: Self.two))
  }

  private func told(_ standing: inout GroupStanding) -> ClusterView? { standing.news() }
}
