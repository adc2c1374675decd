import CLinux
import Glibc

/// Why the agent could not be asked, or its answer not be read.
public enum AgentUnreachable: Error, Hashable, Sendable {
  /// The path cannot be connected to, mostly because nothing listens there; errno is given.
  case noAgent(Int32)
  /// It hung up before it had answered (it was restarted, or the request made no sense to it).
  case hungUp
  /// It answered something that this program does not understand.
  case garbled(String)
}

/// The blocking client that hook and management program use: one connection, one request, one
/// reply. It has no deadline of its own: the hook arms one for everything it does, and a person
/// can press Ctrl-C.
public struct AgentClient: Sendable {
  /// Where the agent listens unless told otherwise.
  public static let defaultPath = "/run/dlmguard/agent.sock"

  private let path: String
  /// How long to go on trying to connect while nothing listens, in ms: an agent that is being
  /// restarted or upgraded is back within this.
  private let patience: Int

  /// Nothing is opened before ``ask(_:)``.
  ///
  /// - Parameter patience: how long to go on trying to connect, in ms; 0 for one attempt.
  public init(path: String = defaultPath, patience: Int = 0) {
    self.path = path
    self.patience = patience
  }

  /// Asks and waits for the answer. May be called on any thread; blocks it.
  ///
  /// - Throws: ``AgentUnreachable``. A "no" from the agent is a ``Reply/refused(_:)``, not an error.
  public func ask(_ request: Request) throws(AgentUnreachable) -> Reply {
    let socket = try connect()
    defer { close(socket) }
    var line = request.json.bytes
    line.append(UInt8(ascii: "\n"))
    // A request that the agent will not read to its end still gets its answer: it says why.
    _ = send(line, to: socket)
    do {
      return try Reply(try JSON(try receiveLine(from: socket)))
    } catch let error as AgentUnreachable {
      throw error
    } catch {
      throw .garbled("\(error)")
    }
  }

  /// Asks for what the guard does from now on. May be called on any thread; blocks it until the agent has
  /// agreed.
  ///
  /// - Throws: ``AgentUnreachable``, or the agent's ``Refusal``.
  public func events() throws -> EventStream {
    let socket = try connect()
    var line = Request.events.json.bytes
    line.append(UInt8(ascii: "\n"))
    _ = send(line, to: socket)
    return try EventStream(socket)
  }

  private func connect() throws(AgentUnreachable) -> Int32 {
    let pause = 20
    var waited = 0
    while true {
      let socket = dlmguard_connect(path)
      if socket >= 0 { return socket }
      guard socket == -ENOENT || socket == -ECONNREFUSED || socket == -EAGAIN, waited < patience
      else { throw .noAgent(-socket) }
      usleep(UInt32(pause * 1000))
      waited += pause
    }
  }

  private func send(_ bytes: [UInt8], to socket: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let sent = dlmguard_send(socket, Array(rest), rest.count)
      if sent == -Int(EINTR) { continue }
      guard sent > 0 else { return false }
      rest = rest.dropFirst(sent)
    }
    return true
  }

  private func receiveLine(from socket: Int32) throws(AgentUnreachable) -> [UInt8] {
    var line: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = recv(socket, &buffer, buffer.count, 0)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw .hungUp }
      if let end = buffer[..<count].firstIndex(of: UInt8(ascii: "\n")) {
        return line + buffer[..<end]
      }
      line += buffer[..<count]
    }
  }
}
