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
    case incoming(from: NodeID, waits: Int, isOverlapping: Bool)
    /// It goes to that node, which knows, by that job of libvirt's; nil after a restart of the agent.
    case outgoing(to: NodeID, job: Timestamp?)

    var record: OwnerRecord.Handover {
      switch self {
      case .incoming(let node, _, _): .from(node)
      case .outgoing(let node, _): .to(node)
      }
    }
  }

  /// The node that it comes from; nil once everything is held, or where it comes from nowhere.
  var source: NodeID? {
    if case .incoming(let node, _, _) = handover { node } else { nil }
  }

  /// The node that it goes to.
  var destination: NodeID? {
    if case .outgoing(let node, _) = handover { node } else { nil }
  }

  /// Changes by how many its requests still wait; returns how many do now.
  mutating func wait(_ change: Int) -> Int {
    guard case .incoming(let node, let waits, let isOverlapping) = handover else { return 0 }
    handover = .incoming(from: node, waits: waits + change, isOverlapping: isOverlapping)
    return waits + change
  }

  /// Whether it is known to run here while its locks are still there, and is being dealt with.
  var isOverlapping: Bool {
    get { if case .incoming(_, _, true) = handover { true } else { false } }
    set {
      guard case .incoming(let node, let waits, _) = handover else { return }
      handover = .incoming(from: node, waits: waits, isOverlapping: newValue)
    }
  }
}
