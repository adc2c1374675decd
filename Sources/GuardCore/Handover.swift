import LockModel

/// One question of another node's agent; never used twice by that agent.
public struct QuestionID: Hashable, Sendable {
  /// The node that asks.
  public let node: NodeID
  /// Its agent's own count.
  public let number: UInt64

  /// - Parameter number: which of the node's questions it is.
  public init(node: NodeID, number: UInt64) {
    self.node = node
    self.number = number
  }
}

/// A question of this agent to others. Its answer comes back with it: one that is given to another
/// question means nothing.
public struct Inquiry: Hashable, Sendable {
  /// What is asked.
  public let question: HandoverQuestion
  /// About which domain.
  public let domain: DomainUUID
  /// Which node's agent is asked; nil for all of them.
  public let node: NodeID?
  let round: Int
}

extension Guard {
  /// A start that was announced as a migration, while the other nodes are asked.
  struct Arrival {
    let start: Queued
    let inquiry: Inquiry
  }

  /// What a node asks about a guest that is being looked at.
  struct Question {
    let id: QuestionID
    let question: HandoverQuestion
  }
}

/// A migration that libvirt's `migrate` hook has announced; a late timer means nothing.
public struct Expectation: Hashable, Sendable {
  /// The domain that is to come.
  public let domain: DomainUUID
  let round: Int
}

extension Owner {
  /// Where its guest moves (docs/design.md §6).
  enum Handover: Hashable {
    /// It comes from that node. Of the requests to the engine that are answered, some still have claims
    /// that wait.
    case incoming(from: NodeID, waits: Int, overlap: Overlap?)
    /// That node was told that it goes there. Stands until the node says that nothing waits there: a failed
    /// migration may have left its claims in the queue.
    case outgoing(to: NodeID, Departure)

    var record: OwnerRecord.Handover {
      switch self {
      case .incoming(let node, _, _): .from(node)
      case .outgoing(let node, _): .to(node)
      }
    }
  }

  /// A guest that is to come, until its process is known.
  enum Advent {
    /// libvirt has announced it, and no node has confirmed that it sends it: it is a start like any other.
    case announced
    /// A node sends it, so its process must show that it comes from there. How often that was looked for
    /// before libvirt's `started` hook.
    case confirmed(looks: Int)
  }

  /// What is known of the migration that a node was told of.
  enum Departure: Hashable {
    /// libvirt is about it: the job that began then.
    case underWay(since: Timestamp)
    /// The agent has restarted, and has not seen the guest yet.
    case unknown
    /// libvirt has called it off, or it failed.
    case calledOff
  }

  /// Its locks are still where it comes from, and whether that is as it should be is being looked into.
  enum Overlap: Hashable {
    /// That node has asked whether they wait here, because it lets go of them or its libvirt has called
    /// the migration off; or nobody knows, after a restart.
    case suspected
    /// It is known to run here.
    case seen
    /// The same, and that node has nothing of it any more, but somebody else's locks are in the way.
    case barred
  }

  /// The node that it comes from; nil once everything is held, or where it comes from nowhere.
  var source: NodeID? {
    if case .incoming(let node, _, _) = handover { node } else { nil }
  }

  /// Whether what was let in is a guest that comes, which no process that was started afresh is.
  var mustBeIncoming: Bool {
    if case .confirmed = advent { true } else { false }
  }

  /// Whether libvirt is sending it to another node, as far as is known.
  var isLeaving: Bool {
    if case .outgoing(_, .underWay) = handover { true } else { false }
  }

  /// Whether a migration of it is over, and the node that it was to go to may still wait for its claims.
  var isStaying: Bool {
    if case .outgoing(_, .calledOff) = handover { true } else { false }
  }

  /// The node that it goes to, or may have gone to.
  var destination: NodeID? {
    if case .outgoing(let node, _) = handover { node } else { nil }
  }

  /// Changes by how many its requests still wait; returns how many do now.
  mutating func wait(_ change: Int) -> Int {
    guard case .incoming(let node, let waits, let overlap) = handover else { return 0 }
    handover = .incoming(from: node, waits: waits + change, overlap: overlap)
    return waits + change
  }

  /// Nil where nothing is amiss, as far as is known.
  var overlap: Overlap? {
    get { if case .incoming(_, _, let overlap) = handover { overlap } else { nil } }
    set {
      guard case .incoming(let node, let waits, _) = handover else { return }
      handover = .incoming(from: node, waits: waits, overlap: newValue)
    }
  }
}
