import GuardCore
import LockModel

/// A question of one agent to another, or to all.
final class Enquiry {
  let number: UInt64
  let asker: Agent
  let inquiry: Inquiry
  /// Nil for everybody.
  let target: Node?
  /// Who has not answered yet.
  var silent: Set<Int> = []

  init(_ number: UInt64, _ asker: Agent, _ inquiry: Inquiry, of target: Node?) {
    self.number = number
    self.asker = asker
    self.inquiry = inquiry
    self.target = target
  }
}

// What the agents say to each other: messages arrive while both live and see each other; a question to
// one node waits for its next agent, and is over when that node is cast out.
extension World {
  func ask(_ inquiry: Inquiry, _ agent: Agent) {
    let target = inquiry.node.flatMap { id in nodes.first { $0.id == id } }
    let enquiry = Enquiry(UInt64(number()), agent, inquiry, of: target)
    enquiries[enquiry.number] = enquiry
    pose(enquiry)
    guard inquiry.question != .waiting else { return }
    after(2_000...2_000, .agent(agent.number)) { [self] in
      conclude(enquiry, by: nil, HandoverAnswer.none)
    }
  }

  /// To those who are there.
  private func pose(_ enquiry: Enquiry) {
    let asker = enquiry.asker.node
    let asked = enquiry.target.map { [$0] } ?? nodes.filter { $0 !== asker }
    for node in asked {
      guard let agent = node.boot?.agent, !node.isIsolated, !asker.isIsolated else { continue }
      enquiry.silent.insert(node.index)
      after(1...30, .agent(agent.number)) { [self] in
        post(
          .questioned(
            QuestionID(node: asker.id, number: enquiry.number), enquiry.inquiry.question,
            enquiry.inquiry.domain), to: agent)
      }
    }
    if enquiry.target == nil, enquiry.silent.isEmpty {
      conclude(enquiry, by: nil, HandoverAnswer.none)
    }
  }

  /// An agent has started, or a node is seen again: what it did not hear it is asked again, and so is what
  /// it has asked.
  func poseAgain(to node: Node) {
    for enquiry in enquiries.values.sorted(by: { $0.number < $1.number })
    where enquiry.target === node || enquiry.asker.node === node {
      pose(enquiry)
    }
  }

  /// A node is no member any more.
  func concludeQuestions(to node: Node) {
    for enquiry in enquiries.values.sorted(by: { $0.number < $1.number })
    where enquiry.target === node {
      conclude(enquiry, by: nil, HandoverAnswer.none)
    }
  }

  func answer(_ id: QuestionID, _ answer: HandoverAnswer, _ agent: Agent) {
    guard let enquiry = enquiries[id.number] else { return }
    let node = agent.node
    if answer == .waiting { promises[enquiry.inquiry.domain] = agent.number }
    after(1...30, .agent(enquiry.asker.number)) { [self] in
      guard !node.isIsolated, !enquiry.asker.node.isIsolated,
        enquiry.silent.remove(node.index) != nil
      else { return }
      if case .leaving = answer { return conclude(enquiry, by: node, answer) }
      if enquiry.silent.isEmpty { conclude(enquiry, by: node, answer) }
    }
  }

  private func conclude(_ enquiry: Enquiry, by node: Node?, _ answer: HandoverAnswer) {
    guard enquiries.removeValue(forKey: enquiry.number) != nil else { return }
    post(.answered(enquiry.inquiry, by: node?.id, answer), to: enquiry.asker)
  }

  /// An agent dies: nobody asks for it any more. What it had said waits for the source's locks does so
  /// no longer, and the source may have let go: the one gap that the design knows.
  func forgetQuestions(of agent: Agent) {
    enquiries = enquiries.filter { $0.value.asker !== agent }
    for (domain, number) in promises where number == agent.number {
      guard let guest = guest(domain), let boot = agent.node.boot,
        boot.processes.contains(where: { $0.guest.index == guest.index && !$0.hasArrived })
      else { continue }
      excuse(guest, agent.node, boot)
    }
  }
}
