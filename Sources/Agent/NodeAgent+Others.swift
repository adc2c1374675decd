import CLinux
import Cluster
import Configuration
import Directory
import GuardCore
import LockModel

// The agents of other nodes: what they say goes to the core, what it asks goes to them.
extension NodeAgent {
  /// Speaks to the agents of a lockspace from now on. Once, on any thread.
  ///
  /// - Throws: ``ClusterWatch/Unavailable`` where the kernel has no descriptors left.
  nonisolated func join(_ lockspace: String) throws(ClusterWatch.Unavailable) {
    let group = try AgentGroup(lockspace: lockspace) { [self] news in
      post { $0.take(news) }
    }
    post { $0.group = group }
  }

  private func take(_ news: AgentGroup.News) {
    switch news {
    case .view(let view):
      handle(.directory(.view(view)))
      enquiries.take(view)
      pathEnquiries.take(view)
    case .heard(let heard):
      if !hear(heard), !enquiries.hear(heard.message, from: heard.node) {
        handle(.directory(.heard(heard)))
      }
    case .missed: handle(.directory(.missed))
    case .severed:
      handle(.directory(.severed))
      enquiries.sever()
      pathEnquiries.sever()
    }
  }

  /// Whether a message was about a path.
  private func hear(_ heard: Heard) -> Bool {
    switch heard.message {
    case .look(let number, let path):
      if heard.node != pathEnquiries.here {
        handle(.asked(QuestionID(node: heard.node, number: number), path: path))
      }
    case .sight(let number, let asker, let identity):
      if asker == pathEnquiries.here,
        let event = pathEnquiries.hear(identity, to: number, from: heard.node)
      {
        handle(event)
      }
    default: return false
    }
    return true
  }

  /// Waits a little longer than each node for its storage.
  func lookElsewhere(_ request: RequestID, _ path: String) {
    guard let number = pathEnquiries.begin(request) else {
      return report(.seenElsewhere(request, [:]))
    }
    group?.send([.look(number: number, path: path)])
    loop.after(configuration.storageTimeout + 1_000) { [self] in
      assumeIsolated { agent in
        if let event = agent.pathEnquiries.end(number) { agent.handle(event) }
      }
    }
  }

  /// Above what a former agent can have used, whatever the clock has done since: that one is gone.
  static func firstNumber() -> UInt64 { UInt64(dlmguard_now()) << 20 }

  func makeEnquiries() -> Enquiries {
    var enquiries = Enquiries(
      firstNumber: Self.firstNumber(),
      send: { [self] messages in assumeIsolated { $0.group?.send(messages) } },
      callBack: { [loop] call in loop.post(call) },
      expireLater: { [self] enquiry, milliseconds in
        loop.after(milliseconds) { [self] in assumeIsolated { $0.enquiries.expire(enquiry) } }
      })
    enquiries.asked = { [self] node, number, question, domain in
      report(.questioned(QuestionID(node: node, number: number), question, domain))
    }
    return enquiries
  }

  /// How long everybody may take to say who sends a guest, in ms: its start waits for that.
  private static let answerLimit: Int64 = 2_000
  /// How long a node that a guest has gone to may take to say that its claims wait, in ms: until it does,
  /// or is no member any more, nothing is let go.
  private static let departureLimit: Int64 = 365 * 24 * 3_600_000

  func ask(_ inquiry: Inquiry) {
    enquiries.ask(
      inquiry.question, about: inquiry.domain, of: inquiry.node,
      for: inquiry.question == .waiting ? Self.departureLimit : Self.answerLimit
    ) { [self] node, answer in
      report(.answered(inquiry, by: node, answer))
    }
  }
}
