import Glibc

/// What the guard does, as the agent tells it line by line. Blocks its thread; the connection ends with it.
public struct EventStream: ~Copyable {
  /// Above every line that an agent sends, in bytes.
  private static let maximumLine = 1 << 20

  private let socket: Int32
  private var bytes: [UInt8] = []

  /// Waits until the agent has agreed.
  ///
  /// - Parameter socket: connected, and told what is wanted; closed with this.
  init(_ socket: Int32) throws {
    self.socket = socket
    guard let line = try line() else { throw AgentUnreachable.hungUp }
    switch try Self.read(line, Reply.init) {
    case .subscribed: break
    case .refused(let refusal): throw refusal
    default: throw AgentUnreachable.garbled("an answer to another question")
    }
  }

  deinit {
    close(socket)
  }

  /// The next, and all that have come with it; nil once the agent is gone.
  ///
  /// - Throws: ``AgentUnreachable/garbled(_:)``.
  public mutating func next() throws(AgentUnreachable) -> [AuditEvent]? {
    guard let first = try line() else { return nil }
    var events = [try Self.read(first, AuditEvent.init)]
    while let line = nextLine() { events.append(try Self.read(line, AuditEvent.init)) }
    return events
  }

  private static func read<Message>(
    _ line: [UInt8], _ read: (JSON) throws(MalformedMessage) -> Message
  ) throws(AgentUnreachable) -> Message {
    do {
      return try read(try JSON(line))
    } catch {
      throw .garbled("\(error)")
    }
  }

  /// Waits for a line; nil at the end, where half a line is none.
  private mutating func line() throws(AgentUnreachable) -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
      if let line = nextLine() { return line }
      guard bytes.count < Self.maximumLine else { throw .garbled("a line without an end") }
      let count = recv(socket, &buffer, buffer.count, 0)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return nil }
      bytes += buffer[..<count]
    }
  }

  private mutating func nextLine() -> [UInt8]? {
    guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    defer { bytes.removeSubrange(...end) }
    return Array(bytes[..<end])
  }
}
