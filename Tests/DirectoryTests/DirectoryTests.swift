import LockModel
import Testing

@testable import Directory

@Suite struct DirectoryTests {
  let later = Timestamp(milliseconds: 5_000)
  let a = disk("/a")[0].resource

  /// Two nodes, of which the second has told what it holds.
  func pair(_ entries: [DirectoryEntry] = [entry(owner(1))]) -> Directory {
    var directory = Directory()
    let hasJoined = directory.take(
      view(nodes: [1, 2], agents: [1: 10, 2: 20]), at: Timestamp(milliseconds: 0))
    #expect(hasJoined)
    directory.tell(entries)
    return directory
  }

  @Test func whatANodeHoldsIsFoundByResourceAndByDomain() {
    let directory = pair([entry(owner(1), name: "vm-1"), entry(owner(2), claims: disk("/b"))])
    #expect(directory.holders(of: a).map(\.entry.owner) == [owner(1)])
    #expect(directory.holders(of: a.parts!).map(\.entry.owner) == [owner(1)])
    #expect(directory.holders(of: disk("/")[0].resource) == [])
    #expect(directory.owners(of: uuid(1)).map(\.entry.name) == ["vm-1"])
    #expect(directory.owners(named: "vm-1").map(\.entry.owner) == [owner(1)])
    #expect(directory.owners(named: "vm-") == [])
    #expect(directory.name(of: node(2)) == NodeName("node2"))
    #expect(directory.holders(of: a)[0].unattendedSince == nil)
  }

  /// A claim of its own on what its parts share, without one on the thing itself before it.
  @Test func aResourceIsFoundHoweverItsClaimIsWritten() {
    let part = [disk("/b")[1], disk("/a")[1]]
    #expect(pair([entry(owner(1), claims: part)]).holders(of: a.parts!).count == 1)
    #expect(pair([entry(owner(1), claims: part)]).holders(of: a) == [])
  }

  @Test func twoResourcesWithOneMarkAreNotTakenForEachOther() {
    let one = try! ResourceName("file:78521")
    let other = try! ResourceName("file:102839")
    #expect(KeptEntry.mark(of: one) == KeptEntry.mark(of: other))
    let claim = Claim(
      resource: one, mode: .pw, use: .whole, purpose: .pw, device: "vda", location: "/a")
    let directory = pair([entry(owner(1), claims: [claim])])
    #expect(directory.holders(of: one).count == 1)
    #expect(directory.holders(of: other) == [])
  }

  @Test func changesCount() {
    var directory = pair()
    directory.hear(heard(.ownerSet(entry(owner(1), claims: disk("/b")))))
    #expect(directory.holders(of: a) == [])
    directory.hear(heard(.ownerGone(owner(1))))
    #expect(directory.entries(of: node(2)) == [])
  }

  @Test func anAgentsDeathIsNotItsNodes() {
    var directory = pair()
    let hasJoined = directory.take(view(nodes: [1, 2], agents: [1: 10]), at: later)
    #expect(!hasJoined)
    #expect(directory.holders(of: a).map(\.unattendedSince) == [later])
    #expect(directory.listing.map(\.isAttended) == [true, false])
    // The next one has not said anything yet.
    let next = view(nodes: [1, 2], agents: [1: 10, 2: 21])
    let hasJoinedNow = directory.take(next, at: Timestamp(milliseconds: 9_000))
    #expect(hasJoinedNow)
    #expect(directory.holders(of: a).map(\.unattendedSince) == [later])
    directory.tell([entry(owner(2), claims: disk("/a"))], agent: 21)
    #expect(directory.holders(of: a).map(\.entry.owner) == [owner(2)])
    #expect(directory.holders(of: a).map(\.unattendedSince) == [nil])
  }

  @Test func aNodesDeathTakesItsEntries() {
    var directory = pair()
    let hasJoined = directory.take(view(ring: 2, nodes: [1], agents: [1: 10]), at: later)
    #expect(!hasJoined)
    #expect(directory.holders(of: a) == [] && directory.listing.count == 1)
  }

  @Test func aNodeThatWasAwayIsANewOne() {
    var directory = pair()
    let back = view(ring: 3, nodes: [1, 2], agents: [1: 10, 2: 20], returned: [2])
    let hasJoined = directory.take(back, at: later)
    #expect(hasJoined)
    #expect(directory.holders(of: a) == [])
    directory.hear(heard(.ownerSet(entry(owner(1)))))
    directory.hear(heard(.snapshotEnd))
    #expect(directory.holders(of: a) == [], "no snapshot of it has begun")
  }

  @Test func aSnapshotCountsWhenItHasEnded() {
    var directory = pair()
    directory.hear(heard(.snapshotBegin(profile)))
    directory.hear(heard(.ownerSet(entry(owner(2), claims: disk("/b")))))
    #expect(directory.entries(of: node(2)).map(\.owner) == [owner(1)])
    directory.hear(heard(.snapshotEnd))
    #expect(directory.entries(of: node(2)).map(\.owner) == [owner(2)])
  }

  @Test func halfASnapshotGoesWithItsAgent() {
    var directory = pair()
    directory.hear(heard(.snapshotBegin(profile)))
    _ = directory.take(view(nodes: [1, 2], agents: [1: 10, 2: 21]), at: later)
    directory.hear(heard(.snapshotEnd, agent: 21))
    #expect(directory.holders(of: a).map(\.entry.owner) == [owner(1)])
  }

  @Test func whoIsNotThereIsNotHeard() {
    var directory = pair()
    directory.hear(heard(.ownerGone(owner(1)), agent: 19))
    directory.hear(heard(.snapshotBegin(profile), from: 3, agent: 30))
    #expect(directory.holders(of: a).count == 1 && directory.listing.count == 2)
  }

  @Test func aFarVersionIsNotBelieved() {
    var directory = pair()
    directory.hear(
      Heard(
        node: node(2), agent: 20, version: ProtocolVersion(9), message: .ownerSet(entry(owner(3)))))
    #expect(directory.holders(of: a) == [])
    #expect(directory.listing.map(\.version) == [nil, ProtocolVersion(9)])
    #expect(directory.listing.map(\.isKnown) == [false, false])
  }

  @Test func aGroupThatIsGoneLeavesNothing() {
    var directory = pair()
    directory.forget()
    #expect(directory.listing == [] && directory.here == nil)
  }

  @Test func configurationsThatDifferAreSeenByGroup() {
    let one = SettingsDigest([.readOnly: ["protected"], .storage: ["a", "b"]])
    let two = SettingsDigest([.readOnly: ["protected"], .storage: ["ab"], .network: []])
    #expect(one.differences(from: two) == [.storage] && one.differences(from: one) == [])
  }
}

extension Directory {
  mutating func tell(_ entries: [DirectoryEntry], agent: UInt32 = 20) {
    for message in [.snapshotBegin(profile)] + entries.map(DirectoryMessage.ownerSet)
      + [.snapshotEnd]
    {
      hear(heard(message, agent: agent))
    }
  }
}
