import Directory
import GuardCore
import LockModel
import Synchronization
import Testing

@testable import Agent

/// The questions of node 1, and what becomes of them.
final class Asker: Sendable {
  struct State: Sendable {
    var sent: [DirectoryMessage] = []
    var answers: [String] = []
    var asked: [String] = []
  }

  let state = Mutex(State())

  func enquiries() -> Enquiries {
    Enquiries(
      firstNumber: 100, send: { [self] messages in state.withLock { $0.sent += messages } },
      callBack: { $0() }, expireLater: { _, _ in })
  }

  func answered(_ node: NodeID?, _ answer: HandoverAnswer) {
    state.withLock { $0.answers.append("\(node.map { String($0.number) } ?? "-") \(answer)") }
  }

  var answers: [String] { state.withLock { $0.answers } }
  var numbers: [UInt64] {
    state.withLock { state in
      state.sent.compactMap { if case .question(let number, _, _) = $0 { number } else { nil } }
    }
  }
}

@Suite struct EnquiriesTests {
  static let domain = DomainUUID("11111111-1111-4111-8111-111111111111")!
  let asker = Asker()

  static func node(_ number: UInt32) -> NodeID { NodeID(number)! }

  func view(
    _ agents: [UInt32], nodes: [UInt32] = [1, 2, 3], ring: UInt64 = 1, isSettled: Bool = true,
    returned: [UInt32] = []
  ) -> ClusterView {
    ClusterView(
      here: Self.node(1), ring: ring, nodes: Set(nodes.map(Self.node)),
      agents: Dictionary(uniqueKeysWithValues: agents.map { (Self.node($0), $0 * 10) }),
      isSettled: isSettled, returned: Set(returned.map(Self.node)))
  }

  func ask(_ enquiries: inout Enquiries, of node: UInt32? = nil) {
    enquiries.ask(
      .leaving, about: Self.domain, of: node.map(Self.node), for: 1_000, then: asker.answered)
  }

  func hear(
    _ enquiries: inout Enquiries, _ answer: HandoverAnswer, to number: UInt64, from node: UInt32
  ) {
    let isOurs = enquiries.hear(
      .answer(number: number, to: Self.node(1), answer), from: Self.node(node))
    #expect(isOurs)
  }

  @Test func theLastAnswerOfAllCounts() {
    var enquiries = asker.enquiries()
    enquiries.take(view([1, 2, 3]))
    ask(&enquiries)
    hear(&enquiries, .staying, to: 100, from: 2)
    hear(&enquiries, .staying, to: 100, from: 2)
    #expect(asker.answers == [])
    hear(&enquiries, .standing, to: 100, from: 3)
    #expect(asker.answers == ["3 standing"])
  }

  @Test func whoeverIsLeftByTheGuestEndsIt() {
    var enquiries = asker.enquiries()
    enquiries.take(view([1, 2, 3]))
    ask(&enquiries)
    hear(&enquiries, .leaving(attached: []), to: 100, from: 3)
    hear(&enquiries, .staying, to: 100, from: 2)
    #expect(asker.answers == ["3 leaving(attached: [])"])
  }

  @Test func oneNodeIsBelievedAboutItself() {
    var enquiries = asker.enquiries()
    enquiries.take(view([1, 2, 3]))
    ask(&enquiries, of: 2)
    hear(&enquiries, .waiting, to: 100, from: 3)
    hear(&enquiries, .waiting, to: 99, from: 2)
    #expect(asker.answers == [])
    hear(&enquiries, .waiting, to: 100, from: 2)
    #expect(asker.answers == ["2 waiting"])
  }

  @Test func anAbsentAgentIsAskedWhenItComes() {
    var enquiries = asker.enquiries()
    enquiries.take(view([1, 3]))
    ask(&enquiries, of: 2)
    #expect(asker.numbers == [])
    enquiries.take(view([1, 2, 3]))
    #expect(asker.numbers == [100])
    // It dies before it answers; what it has said meanwhile means nothing.
    enquiries.take(view([1, 3]))
    hear(&enquiries, .waiting, to: 100, from: 2)
    enquiries.take(view([1, 2, 3]))
    hear(&enquiries, .waiting, to: 101, from: 2)
    #expect(asker.numbers == [100, 101] && asker.answers == ["2 waiting"])
  }

  @Test func aNodesEndIsAnAnswer() {
    var enquiries = asker.enquiries()
    enquiries.take(view([1, 2, 3]))
    ask(&enquiries, of: 2)
    ask(&enquiries, of: 3)
    enquiries.take(view([1, 3], nodes: [1, 3], ring: 2))
    #expect(asker.answers == ["- none"])
    enquiries.take(view([1, 2, 3], ring: 3, returned: [3]))
    #expect(asker.answers == ["- none", "- none"])
  }

  @Test func nobodyIsAskedAndBelievedInAnUnsettledRing() {
    var enquiries = asker.enquiries()
    enquiries.take(view([1, 2, 3]))
    ask(&enquiries, of: 2)
    enquiries.take(view([1, 2, 3], ring: 2, isSettled: false))
    hear(&enquiries, .waiting, to: 100, from: 2)
    #expect(asker.answers == [] && asker.numbers == [100])
    enquiries.take(view([1, 2, 3], ring: 2))
    hear(&enquiries, .waiting, to: 100, from: 2)
    #expect(asker.answers == [] && asker.numbers == [100, 101])
    hear(&enquiries, .waiting, to: 101, from: 2)
    #expect(asker.answers == ["2 waiting"])
  }

  @Test func whoIsAloneGetsNone() {
    var enquiries = asker.enquiries()
    enquiries.take(view([1], nodes: [1]))
    ask(&enquiries)
    ask(&enquiries, of: 1)
    #expect(asker.answers == ["- none", "- none"])
    // Other nodes have no agent, yet.
    enquiries.take(view([1]))
    ask(&enquiries)
    #expect(asker.answers.count == 2)
    enquiries.expire(2)
    enquiries.expire(2)
    #expect(asker.answers == ["- none", "- none", "- none"])
  }

  @Test func aGroupThatIsGoneIsWaitedFor() {
    var enquiries = asker.enquiries()
    enquiries.take(view([1, 2]))
    ask(&enquiries, of: 2)
    enquiries.sever()
    hear(&enquiries, .waiting, to: 100, from: 2)
    #expect(asker.answers == [])
    enquiries.take(view([1, 2], ring: 9))
    #expect(asker.numbers == [100, 101])
  }

  @Test func questionsOfOthersWaitForASettledRing() {
    var enquiries = asker.enquiries()
    enquiries.asked = { [asker] from, number, question, domain in
      asker.state.withLock { $0.asked.append("\(from.number) \(number) \(question)") }
      #expect(domain == Self.domain)
    }
    enquiries.take(view([1, 2, 3], isSettled: false))
    for node in [UInt32(2), 3] {
      let isOurs = enquiries.hear(
        .question(number: 7, .waiting, Self.domain), from: Self.node(node))
      #expect(isOurs)
    }
    #expect(asker.state.withLock { $0.asked } == [])
    enquiries.take(view([1, 3]))
    #expect(asker.state.withLock { $0.asked } == ["3 7 waiting"])
    enquiries.answer(7, to: Self.node(3), .waiting)
    enquiries.answer(7, to: Self.node(2), .waiting)
    #expect(
      asker.state.withLock { $0.sent } == [.answer(number: 7, to: Self.node(3), .waiting)])
    // In another ring it is asked anew.
    enquiries.take(view([1, 2, 3], ring: 2, isSettled: false))
    _ = enquiries.hear(.question(number: 8, .waiting, Self.domain), from: Self.node(2))
    enquiries.take(view([1, 2, 3], ring: 3))
    #expect(asker.state.withLock { $0.asked.count } == 1)
  }

  @Test func whereNobodyCaresThereIsNothing() {
    var enquiries = asker.enquiries()
    enquiries.take(view([1, 2]))
    _ = enquiries.hear(.question(number: 7, .leaving, Self.domain), from: Self.node(2))
    #expect(
      asker.state.withLock { $0.sent }
        == [.answer(number: 7, to: Self.node(2), HandoverAnswer.none)])
  }

  @Test func whatIsNoQuestionIsSomebodyElses() {
    var enquiries = asker.enquiries()
    let isOurs = enquiries.hear(.snapshotEnd, from: Self.node(2))
    #expect(!isOurs)
  }
}

@Suite struct PathEnquiriesTests {
  let name = PathIdentity.named([ResourceName(domain: EnquiriesTests.domain)])

  static func enquiries(_ agents: [UInt32]) -> PathEnquiries {
    var enquiries = PathEnquiries(first: 5)
    enquiries.take(EnquiriesTests().view(agents))
    return enquiries
  }

  func known(_ event: Event?) -> [NodeID: PathIdentity]? {
    guard case .seenElsewhere(RequestID(9), let known)? = event else { return nil }
    return known
  }

  @Test func theLastAnswerEndsIt() throws {
    var enquiries = Self.enquiries([1, 2, 3])
    let begun = enquiries.begin(RequestID(9))
    let number = try #require(begun)
    let first = enquiries.hear(name, to: number, from: EnquiriesTests.node(2))
    let twice = enquiries.hear(.absent, to: number, from: EnquiriesTests.node(2))
    #expect(first == nil && twice == nil, "once is enough")
    let end = enquiries.hear(.absent, to: number, from: EnquiriesTests.node(3))
    #expect(known(end) == [EnquiriesTests.node(2): name, EnquiriesTests.node(3): .absent])
    let again = enquiries.end(number)
    #expect(again == nil)
  }

  @Test func whoeverIsLateIsLeftOut() throws {
    var enquiries = Self.enquiries([1, 2, 3])
    let begun = enquiries.begin(RequestID(9))
    let number = try #require(begun)
    _ = enquiries.hear(name, to: number, from: EnquiriesTests.node(2))
    let end = enquiries.end(number)
    #expect(known(end) == [EnquiriesTests.node(2): name])
    let late = enquiries.hear(name, to: number, from: EnquiriesTests.node(3))
    #expect(late == nil)
  }

  @Test func nobodyElseIsAskedWhereNobodyIs() {
    var enquiries = Self.enquiries([1])
    let none = enquiries.begin(RequestID(9))
    #expect(none == nil)
    enquiries.take(EnquiriesTests().view([1, 2]))
    let first = enquiries.begin(RequestID(9))
    #expect(first == 5)
    enquiries.sever()
    let severed = enquiries.begin(RequestID(9))
    #expect(severed == nil && enquiries.here == nil)
  }
}
