/// What is still to be multicast, in order and bounded.
///
/// corosync may take nothing for a while. Then what a snapshot will say again is dropped, and the
/// snapshot asked for when there is room: the others miss nothing for good.
public struct Outbox: Sendable {
  private let limit: Int
  private let version: ProtocolVersion
  private var queue: [DirectoryMessage] = []
  /// How many changes are queued beside the last snapshot, and how many questions and answers.
  private var changes = 0
  private var others = 0
  /// The rest of the message that is being sent, the next datagram last.
  private var datagrams: [[UInt8]] = []
  private var serial: UInt32 = 0
  private var hasDropped = false

  /// - Parameter limit: how many changes, and how many questions and answers, wait at most; a snapshot
  ///   is as long as it is.
  public init(limit: Int = 4_096, version: ProtocolVersion = .current) {
    self.limit = limit
    self.version = version
  }

  /// Whether there is nothing to send.
  public var isEmpty: Bool { datagrams.isEmpty && queue.isEmpty }

  /// Takes messages to be sent after all others.
  public mutating func add(_ messages: [DirectoryMessage]) {
    for message in messages { add(message) }
  }

  private mutating func add(_ message: DirectoryMessage) {
    switch message {
    case .snapshotBegin:
      dropNews()
      hasDropped = false
    case .snapshotEnd: changes = -1
    case .ownerSet, .ownerGone, .profile, .question, .answer, .look, .sight: break
    }
    guard message.isNews else {
      // Whoever asked asks again.
      guard others < limit else { return }
      others += 1
      queue.append(message)
      return
    }
    // The snapshot will say it.
    guard !hasDropped else { return }
    changes += 1
    guard changes <= limit || isSnapshotOpen else {
      dropNews()
      hasDropped = true
      return
    }
    queue.append(message)
  }

  /// Whether what is added belongs to a snapshot.
  private var isSnapshotOpen: Bool {
    for message in queue.reversed() {
      switch message {
      case .snapshotBegin: return true
      case .snapshotEnd: return false
      case .ownerSet, .ownerGone, .profile, .question, .answer, .look, .sight: continue
      }
    }
    return false
  }

  private mutating func dropNews() {
    queue.removeAll(where: \.isNews)
    changes = 0
  }

  /// Whether a snapshot has to be added, because changes were dropped and there is room again. Once.
  public mutating func takeNeedOfSnapshot() -> Bool {
    guard hasDropped, isEmpty else { return false }
    hasDropped = false
    return true
  }

  /// The next datagram; the same until ``sent()``. Nil where there is none.
  public mutating func next() -> [UInt8]? {
    while datagrams.isEmpty, !queue.isEmpty {
      let message = queue.removeFirst()
      if !message.isNews { others -= 1 }
      serial &+= 1
      datagrams = Datagram.cut(message, serial: serial, version: version).reversed()
    }
    return datagrams.last
  }

  /// The next datagram has been taken by corosync.
  public mutating func sent() {
    _ = datagrams.popLast()
  }
}
