import Directory
import LockModel

/// Questions to the agents of other nodes, and theirs to this one. Touched on the event loop's thread only.
///
/// A question counts in one ring of the cluster: whenever that changes, or an agent comes or goes, it is
/// asked anew under another number, and answers to the former one mean nothing. So no answer is believed
/// that was given in a part of the cluster which the rest has given up.
package struct Enquiries {
  /// Who answered, and what; nobody, where the answer is that there is none.
  package typealias Answered = @Sendable (NodeID?, HandoverAnswer) -> Void
  /// Another agent asks. It is answered by ``answer(_:to:_:)``, now or later.
  package typealias Asked =
    @Sendable (
      _ from: NodeID, _ number: UInt64, HandoverQuestion, DomainUUID
    ) -> Void

  private struct Enquiry {
    let question: HandoverQuestion
    let domain: DomainUUID
    /// Nil for everybody.
    let node: NodeID?
    let then: Answered
    /// As it was last asked; nil while it cannot be.
    var number: UInt64?
    /// Who has not answered that yet.
    var silent: Set<NodeID> = []
  }

  private struct Question: Hashable {
    let from: NodeID
    let number: UInt64
    let question: HandoverQuestion
    let domain: DomainUUID
  }

  /// How many questions of others are kept while the ring is not settled.
  private static let limit = 1_000

  private let send: @Sendable ([DirectoryMessage]) -> Void
  /// Whoever is called back may ask and answer at once: that must not be in the middle of something here.
  private let callBack: @Sendable (@escaping @Sendable () -> Void) -> Void
  private let expireLater: @Sendable (_ enquiry: UInt64, _ milliseconds: Int64) -> Void
  /// What is done about questions of others; without it, they are told that there is nothing.
  package var asked: Asked?

  private var enquiries: [UInt64: Enquiry] = [:]
  private var nextEnquiry: UInt64 = 0
  private var nextNumber: UInt64
  private var view: ClusterView?
  /// Questions of others that came before the ring was settled.
  private var held: [Question] = []

  /// - Parameters:
  ///   - firstNumber: greater than any number that a former agent of this node has used.
  ///   - send: multicasts.
  ///   - callBack: runs something on the event loop's thread, soon.
  ///   - expireLater: calls ``expire(_:)`` that many ms later.
  package init(
    firstNumber: UInt64, send: @escaping @Sendable ([DirectoryMessage]) -> Void,
    callBack: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void,
    expireLater: @escaping @Sendable (UInt64, Int64) -> Void
  ) {
    nextNumber = firstNumber
    self.send = send
    self.callBack = callBack
    self.expireLater = expireLater
  }

  // MARK: - Asking

  /// Asks one node, or all.
  ///
  /// Of one node its answer counts: where its agent is away the question waits for the next one, and the
  /// node's end answers it by `.none`. Of all the first `.leaving` counts, else the last answer when all
  /// agents have given theirs.
  ///
  /// - Parameters:
  ///   - milliseconds: how long; then the answer is `.none`.
  ///   - then: called once, on the event loop's thread, later than this returns.
  package mutating func ask(
    _ question: HandoverQuestion, about domain: DomainUUID, of node: NodeID?,
    for milliseconds: Int64, then: @escaping Answered
  ) {
    let id = nextEnquiry
    nextEnquiry += 1
    enquiries[id] = Enquiry(question: question, domain: domain, node: node, then: then)
    expireLater(id, milliseconds)
    pose(id)
  }

  /// The time for an enquiry is over.
  package mutating func expire(_ id: UInt64) {
    finish(id, nil, HandoverAnswer.none)
  }

  private mutating func finish(_ id: UInt64, _ node: NodeID?, _ answer: HandoverAnswer) {
    guard let then = enquiries.removeValue(forKey: id)?.then else { return }
    callBack { then(node, answer) }
  }

  /// Asks anew, if there is anybody to ask.
  private mutating func pose(_ id: UInt64) {
    guard var enquiry = enquiries[id], let view else { return }
    enquiry.number = nil
    defer { if enquiries[id] != nil { enquiries[id] = enquiry } }
    guard view.isSettled else { return }
    let isHopeless =
      enquiry.node.map { $0 == view.here || !view.nodes.contains($0) } ?? (view.nodes.count == 1)
    if isHopeless { return finish(id, nil, HandoverAnswer.none) }
    let others = Set(view.agents.keys).subtracting([view.here])
    enquiry.silent = enquiry.node.map { others.intersection([$0]) } ?? others
    guard !enquiry.silent.isEmpty else { return }
    enquiry.number = nextNumber
    nextNumber += 1
    send([.question(number: nextNumber - 1, enquiry.question, enquiry.domain)])
  }

  // MARK: - What comes from the group

  /// Who is there now.
  package mutating func take(_ new: ClusterView) {
    if view?.ring != new.ring { held = [] }
    view = new
    for (id, enquiry) in enquiries.sorted(by: { $0.key < $1.key }) {
      if let node = enquiry.node, new.returned.contains(node) {
        finish(id, nil, HandoverAnswer.none)
      } else {
        pose(id)
      }
    }
    guard new.isSettled else { return }
    let questions = held
    held = []
    for question in questions where new.agents[question.from] != nil { put(question) }
  }

  /// The group is gone: questions wait for the next one.
  package mutating func sever() {
    view = nil
    held = []
    for id in enquiries.keys { enquiries[id]?.number = nil }
  }

  /// Whether a message was one of these.
  package mutating func hear(_ message: DirectoryMessage?, from node: NodeID) -> Bool {
    switch message {
    case .question(let number, let question, let domain):
      let question = Question(from: node, number: number, question: question, domain: domain)
      if view?.isSettled == true {
        put(question)
      } else if held.count < Self.limit {
        held.append(question)
      }
      return true
    case .answer(let number, let asker, let answer):
      if asker == view?.here { hear(answer, to: number, from: node) }
      return true
    default: return false
    }
  }

  private mutating func hear(_ answer: HandoverAnswer, to number: UInt64, from node: NodeID) {
    guard view?.isSettled == true,
      let (id, enquiry) = enquiries.first(where: { $0.value.number == number }),
      enquiry.silent.contains(node)
    else { return }
    if case .leaving = answer { return finish(id, node, answer) }
    enquiries[id]?.silent.remove(node)
    if enquiry.silent.count == 1 { finish(id, node, answer) }
  }

  // MARK: - Answering

  private func put(_ question: Question) {
    guard let asked else { return answer(question.number, to: question.from, HandoverAnswer.none) }
    callBack { asked(question.from, question.number, question.question, question.domain) }
  }

  /// Answers a question; means nothing where its asker has gone or has asked anew.
  package func answer(_ number: UInt64, to node: NodeID, _ answer: HandoverAnswer) {
    guard view?.agents[node] != nil else { return }
    send([.answer(number: number, to: node, answer)])
  }
}
