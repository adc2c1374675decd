import AgentAPI
import Directory
import GuardCore
import LockModel
import Testing

/// What lies at a path, by every node's word.
@Suite struct PlacesTests {
  static let node2 = NodeID(2)!
  static let node3 = NodeID(3)!
  let name = try! ResourceName("gfs2:a")

  func places(_ host: TestHost) -> [PlaceReport]? {
    guard case .places(let places)? = host.replies[host.lastID] else { return nil }
    return places
  }

  @Test func everyNodeIsHeardAndTheSilentAreNamed() {
    let host = ElsewhereTests.host()
    host.happen(.directory(DirectoryTests.view(agents: [1, 2, 3], nodes: [1, 2, 3])))
    host.storage["/a"] = .named(Footprint(name))
    _ = host.ask(.identify(path: "/a"))
    let request = host.lastID
    #expect(host.effects.contains(.lookElsewhere(request, path: "/a")))
    #expect(host.replies[request] == nil, "the others have not answered")
    host.happen(.seenElsewhere(request, [Self.node2: .named([name])]))
    #expect(places(host)?.map(\.identity) == [.named([name]), .named([name]), nil])
    host.happen(.seenElsewhere(request, [:]))
  }

  @Test func whoLooksHereMayHangLongerThanTheOthers() {
    let host = ElsewhereTests.host()
    host.happen(.directory(DirectoryTests.view()))
    host.holdsBack = { if case .surveyed = $0 { true } else { false } }
    _ = host.ask(.identify(path: "/a"))
    host.happen(.seenElsewhere(host.lastID, [Self.node2: .absent]))
    #expect(places(host) == nil)
    host.letGo()
    #expect(places(host)?.map(\.identity) == [.absent, .absent])
  }

  @Test func aNodeAloneAsksNobody() {
    let host = AdmissionTests.host()
    _ = host.ask(.identify(path: "/nothing"))
    #expect(places(host)?.map(\.identity) == [.absent])
  }

  @Test func whoeverHangsUpIsForgotten() {
    let host = ElsewhereTests.host()
    host.happen(.directory(DirectoryTests.view()))
    _ = host.ask(.identify(path: "/a"))
    host.happen(.clientGone(host.lastID))
    host.happen(.seenElsewhere(host.lastID, [:]))
    #expect(places(host) == nil)
  }

  @Test func anotherNodeIsTold() {
    let host = ElsewhereTests.host()
    host.storage["/a"] = .named(Footprint(name, within: [try! ResourceName("gfs2:b")]))
    let question = QuestionID(node: Self.node2, number: 4)
    host.happen(.asked(question, path: "/a"))
    #expect(host.effects.contains(.show(question, .named([name]))))
  }
}
