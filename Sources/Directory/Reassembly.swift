import LockModel

/// Puts messages together again from the datagrams of many senders.
public struct Reassembly: Sendable {
  private struct Sender: Hashable {
    let node: NodeID
    let agent: UInt32
  }

  private struct Unfinished {
    let kind: UInt8
    let serial: UInt32
    var next: UInt16
    var body: [UInt8]
  }

  private let version: ProtocolVersion
  private var unfinished: [Sender: Unfinished] = [:]

  /// - Parameter version: what this agent speaks.
  public init(version: ProtocolVersion = .current) {
    self.version = version
  }

  /// Takes what was delivered; a message where that completes one, also one that cannot be understood.
  /// What is no datagram of an agent, and pieces whose beginning was sent before this agent listened,
  /// are nothing.
  public mutating func take(_ bytes: [UInt8], from node: NodeID, agent: UInt32) -> Heard? {
    guard let datagram = Datagram(bytes) else { return nil }
    let sender = Sender(node: node, agent: agent)
    guard version.understands(datagram.version) else {
      unfinished[sender] = nil
      // Once for a message, so that a person is told.
      guard datagram.piece == 0 else { return nil }
      return Heard(node: node, agent: agent, version: datagram.version, message: nil)
    }
    guard let body = body(completedBy: datagram, from: sender) else { return nil }
    return Heard(
      node: node, agent: agent, version: datagram.version,
      message: DirectoryMessage(kind: datagram.kind, body: body))
  }

  private mutating func body(completedBy datagram: Datagram, from sender: Sender) -> [UInt8]? {
    var message: Unfinished
    if datagram.piece == 0 {
      message = Unfinished(kind: datagram.kind, serial: datagram.serial, next: 0, body: [])
    } else {
      guard let former = unfinished[sender], former.serial == datagram.serial,
        former.kind == datagram.kind, former.next == datagram.piece,
        former.body.count + datagram.body.count <= Datagram.maximumBody
      else {
        unfinished[sender] = nil
        return nil
      }
      // Else the bytes would be copied for each piece.
      unfinished[sender] = nil
      message = former
    }
    message.body += datagram.body
    if datagram.isLast {
      unfinished[sender] = nil
      return message.body
    }
    // More pieces than can be counted are too long, too.
    let (next, isOverflow) = message.next.addingReportingOverflow(1)
    guard !isOverflow else { return nil }
    message.next = next
    unfinished[sender] = message
    return nil
  }

  /// Forgets what was begun by agents that are not there any more.
  public mutating func keep(_ agents: [NodeID: UInt32]) {
    unfinished = unfinished.filter { agents[$0.key.node] == $0.key.agent }
  }
}
