import AgentAPI
import CLinux
import Cluster
import Configuration
import Foundation
import GuardCore
import LockEngines
import LockModel
import Logging
import Synchronization
import Testing

@testable import Agent

/// A whole agent in this process, on a thread and a socket of its own.
final class RunningAgent {
  let scratch: Scratch
  let client: AgentClient
  let agent: NodeAgent
  private let ledger: Ledger
  private let done = DispatchSemaphore(value: 0)

  /// - Parameter engine: nil for one that cannot be opened yet.
  init(
    _ scratch: Scratch? = nil, engine: (any LockEngine)? = LocalEngine(),
    policy: Policy = Configuration().policy, supervisor: Supervisor = .none
  ) throws {
    let scratch = try scratch ?? Scratch()
    self.scratch = scratch
    var configuration = Configuration()
    configuration.socket = scratch.path("agent.sock")
    configuration.stateDirectory = scratch.path("state")
    configuration.storageTimeout = 60_000
    configuration.policy = policy
    // Of this host's libvirt nothing is seen.
    configuration.libvirtRunDirectory = scratch.path("libvirt")
    configuration.hookFile = "/bin/true"
    configuration.unmanagedGuests = .ignore
    let loop = try EventLoop()
    ledger = try Ledger(
      stateDirectory: configuration.stateDirectory, node: NodeName("n"), boot: "b")
    agent = NodeAgent(
      loop: loop, configuration: configuration,
      description: NodeDescription(
        node: NodeName("n"), engine: "local", version: "t", pid: getpid(),
        started: Timestamp(milliseconds: 0)),
      ledger: ledger, supervisor: supervisor,
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    client = AgentClient(path: configuration.socket, patience: 10_000)
    if let engine {
      try open(engine)
    } else {
      agent.report(.unready("there is no corosync"))
    }
    let done = done
    Thread.detachNewThread {
      loop.run()
      done.signal()
    }
  }

  /// What systemctl reload makes of a file's text.
  func reload(_ text: String) throws {
    do throws(Configuration.Mistakes) {
      agent.take(try Configuration(toml: text, file: "f"))
    } catch {
      agent.refuse(error)
    }
  }

  func alarms() throws -> [String] {
    guard case .status(let status) = try client.ask(.status) else { return ["no answer"] }
    return status.alarms
  }

  /// The engine can be had now.
  func open(_ engine: any LockEngine) throws {
    try agent.start(with: try ledger.read(), engine: engine)
  }

  func ledgerContents() throws -> Ledger.Contents { try ledger.read() }

  /// Stops it, as `systemctl stop` does; the second time there is nothing to stop.
  func stop() {
    guard isRunning else { return }
    isRunning = false
    agent.stop()
    done.wait()
  }

  private var isRunning = true

  deinit {
    stop()
  }

  func disk(_ name: String) throws -> Resource {
    let path = scratch.path(name)
    if !FileManager.default.fileExists(atPath: path) {
      try Data().write(to: URL(fileURLWithPath: path))
    }
    return Resource(kind: .file, device: "disk vda", source: .file(path), access: .exclusiveWrite)
  }

  func register(_ number: Int, pid: Int32) throws -> OwnerID {
    let uuid = DomainUUID(String(format: "%032x", number))!
    guard
      case .registered(let owner) = try client.ask(
        .register(Domain(uuid: uuid, name: "d\(number)"), pid: pid))
    else { throw Refusal(.unknown, "not registered") }
    return owner
  }

  func holders(_ name: String) throws -> [String] {
    guard case .holders(_, let holders) = try client.ask(.who(path: scratch.path(name))) else {
      return []
    }
    return holders.map(\.name)
  }

  /// A socket that says what a test wants, and what it hears.
  func raw(_ bytes: [UInt8], halfClose: Bool = false) -> Int32 {
    var descriptor = dlmguard_connect(scratch.path("agent.sock"))
    while descriptor < 0 {
      usleep(10_000)
      descriptor = dlmguard_connect(scratch.path("agent.sock"))
    }
    var rest = bytes[...]
    while !rest.isEmpty {
      let sent = dlmguard_send(descriptor, Array(rest), rest.count)
      guard sent > 0 else { break }
      rest = rest.dropFirst(sent)
    }
    if halfClose { shutdown(descriptor, Int32(SHUT_WR)) }
    return descriptor
  }

  static func hear(_ descriptor: Int32, lines: Int) -> [String] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while bytes.count(where: { $0 == 10 }) < lines {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}

@Suite struct AgentTests {
  static func sleeper() throws -> Process {
    let child = Process()
    child.executableURL = URL(fileURLWithPath: "/bin/sleep")
    child.arguments = ["1000"]
    try child.run()
    return child
  }

  /// Dispatch's threads block signals, and so do their children: only SIGKILL ends one.
  static func end(_ child: Process) {
    kill(child.processIdentifier, SIGKILL)
    child.waitUntilExit()
  }

  /// Waits for what must come to be, a minute at most.
  static func until(_ isTrue: () throws -> Bool) throws {
    for _ in 0..<12_000 {
      if try isTrue() { return }
      usleep(5_000)
    }
    Issue.record("it did not come to be within a minute")
  }

  @Test func claimsLiveAsLongAsTheirProcess() throws {
    let agent = try RunningAgent()
    let child = try Self.sleeper()
    let owner = try agent.register(1, pid: child.processIdentifier)
    #expect(try agent.client.ask(.add(owner, [agent.disk("a")])) == .done)
    #expect(try agent.client.ask(.acquire(owner)) == .done)
    #expect(try agent.holders("a") == ["d1"])
    // What is granted may be being written down at this moment, beside the record that it replaces.
    #expect(agent.scratch.names("state/owners").contains("\(owner).json"))
    Self.end(child)
    try Self.until { try agent.holders("a").isEmpty }
    try Self.until { agent.scratch.names("state/owners").isEmpty }
  }

  @Test func theNextAgentHoldsWhatTheFormerOneHeld() throws {
    let child = try Self.sleeper()
    defer { Self.end(child) }
    let first = try RunningAgent()
    let owner = try first.register(1, pid: child.processIdentifier)
    _ = try first.client.ask(.add(owner, [first.disk("a")]))
    _ = try first.client.ask(.acquire(owner))
    first.stop()
    let second = try RunningAgent(first.scratch)
    #expect(try second.holders("a") == ["d1"])
    let other = try second.register(2, pid: getpid())
    _ = try second.client.ask(.add(other, [second.disk("a")]))
    #expect(throws: Never.self) {
      let reply = try second.client.ask(.acquire(other))
      guard case .refused(let refusal) = reply else { return #expect(Bool(false), "\(reply)") }
      #expect(refusal.code == .conflict && refusal.message.contains("'d1'"))
    }
  }

  @Test func anAgentWithoutAnEngineSaysSoUntilItHasOne() throws {
    let agent = try RunningAgent(engine: nil)
    let request = Request.register(
      Domain(uuid: DomainUUID(String(repeating: "1", count: 32))!, name: "d"), pid: getpid())
    guard case .refused(let refusal) = try agent.client.ask(request) else {
      return #expect(Bool(false))
    }
    #expect(refusal.code == .unsafe && refusal.message.contains("there is no corosync"))
    guard case .status(let status) = try agent.client.ask(.status) else {
      return #expect(Bool(false))
    }
    #expect(status.alarms.count == 1 && status.alarms[0].contains("there is no corosync"))
    try agent.open(LocalEngine())
    try Self.until { if case .registered = try agent.client.ask(request) { true } else { false } }
  }

  @Test func anEngineThatDoesNotAnswerIsNotWaitedForForEver() throws {
    let agent = try RunningAgent(
      engine: TroubledEngine(isSilent: true), policy: Policy(answerLimit: 50))
    let owner = try agent.register(1, pid: getpid())
    _ = try agent.client.ask(.add(owner, [agent.disk("a")]))
    guard case .refused(let refusal) = try agent.client.ask(.acquire(owner)) else {
      return #expect(Bool(false))
    }
    #expect(refusal.code == .unsafe && refusal.message.contains("within 50 ms"))
  }

  @Test func aLostLockIsAnAlarm() throws {
    let engine = TroubledEngine()
    let agent = try RunningAgent(engine: engine)
    let owner = try agent.register(1, pid: getpid())
    _ = try agent.client.ask(.add(owner, [agent.disk("a")]))
    #expect(try agent.client.ask(.acquire(owner)) == .done)
    engine.loseAll()
    try Self.until {
      guard case .status(let status) = try agent.client.ask(.status) else { return false }
      return status.alarms.contains { $0.contains("LOCK LOST") && $0.contains("torn out") }
        && status.alarms.count == 2
    }
    // What was lost is asked for again, not taken for held.
    #expect(try agent.client.ask(.acquire(owner)) == .done)
    #expect(engine.locks().filter { $0.granted == .pw }.count == 1)
  }

  @Test func aNewConfigurationCountsForTheStartsToCome() throws {
    let agent = try RunningAgent()
    let owner = try agent.register(1, pid: getpid())
    _ = try agent.client.ask(.add(owner, [agent.disk("a")]))
    #expect(try agent.client.ask(.acquire(owner)) == .done)
    let other = try agent.register(2, pid: getpid())
    _ = try agent.client.ask(.add(other, [agent.disk("a")]))
    try agent.reload("[resources]\nfile = true")
    guard case .refused = try agent.client.ask(.acquire(other)) else {
      return #expect(Bool(false))
    }
    try agent.reload("engine = \"dlm\"\n[resources]\nfile = false")
    #expect(try agent.client.ask(.acquire(other)) == .done)
    #expect(try agent.holders("a") == ["d1"])
    #expect(try agent.alarms().isEmpty)
  }

  /// The name of what lies in a storage is another than that of the file itself.
  @Test func aNewStorageCountsForTheStartsToCome() throws {
    let agent = try RunningAgent()
    _ = try agent.disk("a")
    func name() throws -> String {
      guard case .holders(let name, _) = try agent.client.ask(.who(path: agent.scratch.path("a")))
      else { return "" }
      return "\(name)"
    }
    #expect(try name().hasPrefix("file:"))
    try agent.reload("[[storage]]\nname = \"s\"\npath = \"\(agent.scratch.path("."))\"")
    #expect(try name() == "storage:s/a")
  }

  @Test func aBrokenConfigurationChangesNothingAndIsAnAlarm() throws {
    let agent = try RunningAgent()
    try agent.reload("x = 1\n[resources]\nfile = false\npci = 1")
    #expect(
      try agent.alarms() == [
        "the configuration was not read again, and the former one goes on: f:1: x: is no setting of "
          + "dlmguard; f:4: resources.pci: must be true, false, \"exclusive-write\", "
          + "\"shared-write\" or \"read-only\". Mend it, then systemctl reload dlmguardd"
      ])
    let owner = try agent.register(1, pid: getpid())
    _ = try agent.client.ask(.add(owner, [agent.disk("a")]))
    _ = try agent.client.ask(.acquire(owner))
    #expect(try agent.holders("a") == ["d1"])
    try agent.reload("")
    #expect(try agent.alarms() == [])
  }

  /// What another host's configuration means, nothing may be locked for.
  @Test func anAgentOfAnotherNodeLocksNothing() throws {
    let agent = try RunningAgent(engine: nil)
    let member = ClusterMember(
      lockspace: "x", as: NodeID(3), agent: agent.agent,
      contents: try agent.ledgerContents(),
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    member.take(.nodes(ClusterNodes(own: NodeID(2), listed: [NodeID(2)!], names: [:])))
    member.take(.impediment(nil))
    let alarms = try agent.alarms()
    #expect(
      alarms.count == 1 && alarms[0].contains("node_id is 3")
        && alarms[0].contains("this is node id 2"), "\(alarms)")
  }

  @Test func twoRequestsInOneWriteGetTwoAnswersInOrder() throws {
    let agent = try RunningAgent()
    let text = #"{"v":1,"op":"status"}"# + "\n" + #"{"v":1,"op":"inquire","name":"x"}"# + "\n"
    let descriptor = agent.raw(Array(text.utf8), halfClose: true)
    defer { close(descriptor) }
    let lines = RunningAgent.hear(descriptor, lines: 2)
    #expect(lines.count == 2 && lines[0].contains("status") && lines[1].contains("owners"))
  }

  @Test func aBadClientHarmsNobodyElse() throws {
    let agent = try RunningAgent()
    let request = Array((#"{"v":1,"op":"status"}"# + "\n").utf8)
    let silent = (0..<100).map { _ in agent.raw([]) }
    let binary = agent.raw([0, 1, 2, 255, 10])
    let long = agent.raw([UInt8](repeating: 0x20, count: Request.maximumLength + 1))
    let deep = agent.raw([UInt8](repeating: UInt8(ascii: "["), count: 100_000) + [10])
    defer { for descriptor in [binary, long, deep] + silent { close(descriptor) } }
    #expect(RunningAgent.hear(binary, lines: 1).first?.contains("\"invalid\"") == true)
    #expect(RunningAgent.hear(deep, lines: 1).first?.contains("nested too deeply") == true)
    let answer = RunningAgent.hear(long, lines: 1)
    #expect(answer.first?.contains("at most") ?? true, "or the connection was reset")
    // Not before now, for half a line is not waited for without end.
    let slow = agent.raw(Array(request.prefix(7)))
    defer { close(slow) }
    guard case .status = try agent.client.ask(.status) else { return #expect(Bool(false)) }
    // The slow one ends its line, and is served.
    let rest = Array(request.dropFirst(7))
    #expect(dlmguard_send(slow, rest, rest.count) == rest.count)
    #expect(RunningAgent.hear(slow, lines: 1).first?.contains("\"ok\":true") == true)
  }

  @Test func aClientThatDoesNotReadIsWaitedForByNobody() throws {
    let agent = try RunningAgent()
    let request = Array((#"{"v":1,"op":"status"}"# + "\n").utf8)
    let deaf = agent.raw([UInt8](repeatElement(request, count: 4_000).joined()))
    defer { close(deaf) }
    guard case .status = try agent.client.ask(.status) else { return #expect(Bool(false)) }
    #expect(RunningAgent.hear(deaf, lines: 4_000).count == 4_000)
  }

  @Test func ofManyWhoAskAtOnceOneGetsTheDisk() throws {
    let agent = try RunningAgent()
    _ = try agent.disk("a")
    let owners = try (1...40).map { try agent.register($0, pid: getpid()) }
    for owner in owners { _ = try agent.client.ask(.add(owner, [agent.disk("a")])) }
    let granted = Atomic(0)
    let client = agent.client
    DispatchQueue.concurrentPerform(iterations: owners.count) { index in
      if (try? client.ask(.acquire(owners[index]))) == .done {
        granted.add(1, ordering: .relaxed)
      }
    }
    #expect(granted.load(ordering: .relaxed) == 1)
    #expect(try agent.holders("a").count == 1)
  }
}
