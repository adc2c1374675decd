import AgentAPI
import CLinux
import Glibc
import GuardCore

/// The agent's socket: many clients at once, none of which can delay another. Root only. Touched on
/// the event loop's thread only.
struct SocketServer {
  /// More clients than this are turned away.
  static let maximumClients = 512
  /// How long a client may take over one line, and stay silent between two, in ms.
  static let patience: Int64 = 30_000

  private let loop: EventLoop
  /// Calls back into the actor that owns this server.
  private let ready: @Sendable (Int32, EventLoop.Readiness) -> Void
  private let expired: @Sendable (Int32, UInt64) -> Void
  private var listener: Int32?
  private var clients: [Int32: Client] = [:]
  private var descriptors: [RequestID: Int32] = [:]
  /// Clients that are told what happens, in the order in which they came.
  private var subscribers: [Int32] = []
  private var lastRequest: UInt64 = 0

  private struct Client {
    var connection: Connection
    var request: RequestID?
    /// Counts what the client did, so that an old timer means nothing.
    var progress: UInt64 = 0
    var timer: EventLoop.Timer?
  }

  init(
    loop: EventLoop, ready: @escaping @Sendable (Int32, EventLoop.Readiness) -> Void,
    expired: @escaping @Sendable (Int32, UInt64) -> Void
  ) {
    self.loop = loop
    self.ready = ready
    self.expired = expired
  }

  /// - Throws: ``SystemError`` where the socket cannot be made.
  mutating func listen(at path: String) throws(SystemError) {
    let listener = try SystemError.check(
      "listen at \(path)", dlmguard_listen(path, 0o600, 512))
    self.listener = listener
    try loop.watch(listener, for: .readable) { [ready] in ready(listener, $0) }
  }

  /// What a descriptor's readiness means to the core.
  mutating func handle(_ descriptor: Int32, _ readiness: EventLoop.Readiness) -> [Event] {
    if descriptor == listener {
      accept()
      return []
    }
    guard var client = clients[descriptor] else { return [] }
    if readiness.contains(.hangup) { return drop(descriptor) }
    client.progress += 1
    let outcome =
      readiness.contains(.writable) ? client.connection.write() : client.connection.read()
    clients[descriptor] = client
    return proceed(descriptor, outcome)
  }

  private mutating func accept() {
    while let listener {
      let descriptor = dlmguard_accept(listener)
      guard descriptor >= 0 else {
        if descriptor == -EMFILE || descriptor == -ENFILE { pause(listener) }
        return
      }
      var uid: uid_t = 0
      var pid: pid_t = 0
      var connection = Connection(descriptor: descriptor)
      if dlmguard_peer(descriptor, &uid, &pid) != 0 || uid != 0 {
        turnAway(&connection, .forbidden, "only root may talk to the agent")
        continue
      }
      if clients.count >= Self.maximumClients {
        turnAway(&connection, .unsafe, "the agent has \(clients.count) clients already; try again")
        continue
      }
      do throws(SystemError) {
        try loop.watch(descriptor, for: .readable) { [ready] in ready(descriptor, $0) }
      } catch {
        close(descriptor)
        continue
      }
      clients[descriptor] = Client(connection: connection)
      limit(descriptor)
    }
  }

  /// Descriptors are short: the next client waits a moment, instead of waking the loop for ever.
  private func pause(_ listener: Int32) {
    loop.rewatch(listener, for: [])
    loop.after(100) { [loop] in loop.rewatch(listener, for: .readable) }
  }

  private func turnAway(_ connection: inout Connection, _ code: Refusal.Code, _ text: String) {
    _ = connection.send(.refused(Refusal(code, text)), isLast: true)
    close(connection.descriptor)
  }

  /// Follows up what reading or writing came to.
  private mutating func proceed(_ descriptor: Int32, _ outcome: Connection.Outcome) -> [Event] {
    switch outcome {
    case .goOn:
      watch(descriptor)
      return []
    case .finished: return drop(descriptor)
    case .tooLong:
      return answer(
        descriptor,
        Refusal(.invalid, "a request is at most \(Request.maximumLength) bytes"), isLast: true)
    case .line(let line):
      do {
        let request = try Request(try JSON(line))
        lastRequest += 1
        let id = RequestID(lastRequest)
        descriptors[id] = descriptor
        clients[descriptor]?.request = id
        watch(descriptor)
        return [.request(id, request)]
      } catch {
        return answer(
          descriptor, Refusal(.invalid, "the request makes no sense: \(error)"), isLast: false)
      }
    }
  }

  private mutating func answer(_ descriptor: Int32, _ refusal: Refusal, isLast: Bool) -> [Event] {
    guard var client = clients[descriptor] else { return [] }
    let outcome = client.connection.send(.refused(refusal), isLast: isLast)
    clients[descriptor] = client
    return proceed(descriptor, outcome)
  }

  /// Sends the core's answer; what the client does next may be known at once.
  mutating func reply(_ id: RequestID, _ reply: Reply) -> [Event] {
    guard let descriptor = descriptors.removeValue(forKey: id), var client = clients[descriptor]
    else { return [] }
    client.request = nil
    let outcome = client.connection.send(reply)
    clients[descriptor] = client
    limit(descriptor)
    return proceed(descriptor, outcome)
  }

  /// Answers a request, and tells its client from then on what happens.
  mutating func subscribe(_ id: RequestID) -> [Event] {
    guard let descriptor = descriptors.removeValue(forKey: id), var client = clients[descriptor]
    else { return [] }
    client.request = nil
    let outcome = client.connection.beginListening(.subscribed)
    clients[descriptor] = client
    subscribers.append(descriptor)
    return proceed(descriptor, outcome)
  }

  /// Tells everybody who listens.
  mutating func publish(_ event: AuditEvent) -> [Event] {
    guard !subscribers.isEmpty else { return [] }
    let line = event.json.bytes + [UInt8(ascii: "\n")]
    var events: [Event] = []
    for descriptor in subscribers {
      guard var client = clients[descriptor] else { continue }
      let outcome = client.connection.tell(
        line,
        orAtLast: AuditEvent.lagging(at: event.time).json.bytes + [UInt8(ascii: "\n")])
      clients[descriptor] = client
      if !client.connection.isListening {
        subscribers.removeAll { $0 == descriptor }
        // It has a while to read what waits.
        limit(descriptor)
      }
      events += proceed(descriptor, outcome)
    }
    return events
  }

  private func watch(_ descriptor: Int32) {
    guard let connection = clients[descriptor]?.connection else { return }
    switch connection.state {
    case .reading: loop.rewatch(descriptor, for: .readable)
    // What it sends now can wait, but its end is reported all the same.
    case .waiting, .listening: loop.rewatch(descriptor, for: [])
    case .writing: loop.rewatch(descriptor, for: .writable)
    }
  }

  private mutating func drop(_ descriptor: Int32) -> [Event] {
    guard let client = clients.removeValue(forKey: descriptor) else { return [] }
    client.timer.map(loop.cancel)
    subscribers.removeAll { $0 == descriptor }
    loop.forget(descriptor)
    close(descriptor)
    guard let request = client.request else { return [] }
    descriptors[request] = nil
    return [.clientGone(request)]
  }

  // MARK: - Clients that dawdle

  private mutating func limit(_ descriptor: Int32) {
    guard let client = clients[descriptor] else { return }
    client.timer.map(loop.cancel)
    clients[descriptor]?.timer = loop.after(Self.patience) {
      [expired, progress = client.progress] in expired(descriptor, progress)
    }
  }

  /// A timer of ``limit(_:)`` ran out.
  mutating func expire(_ descriptor: Int32, _ progress: UInt64) -> [Event] {
    guard let client = clients[descriptor], client.request == nil,
      !client.connection.isListening
    else { return [] }
    guard client.progress == progress else {
      // It did something meanwhile: a line begun long ago is no better for one more byte.
      if client.connection.hasPartialLine { return drop(descriptor) }
      limit(descriptor)
      return []
    }
    return drop(descriptor)
  }

  /// Closes the listener: nobody new.
  mutating func stopListening() {
    guard let listener else { return }
    loop.forget(listener)
    close(listener)
    self.listener = nil
  }
}
