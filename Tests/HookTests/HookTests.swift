import AgentAPI
import Foundation
import Glibc
import LockModel
import Testing

/// The executable as a whole. It guards nothing for ordinary users, so most of this needs root.
@Suite(.enabled(if: geteuid() == 0, "the hook works for root only"))
struct HookTests {
  private let folder: URL
  private var socket: String { folder.appending(path: "agent.sock").path }

  init() throws {
    folder = URL(filePath: "/tmp/dlmguard-hook-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    chmod(folder.path, 0o755)
    try configure("")
  }

  private func configure(_ more: String) throws {
    try "socket = \"\(socket)\"\n\(more)\n".write(
      to: folder.appending(path: "dlmguard.conf"), atomically: true, encoding: .utf8)
  }

  private func hook(_ operation: HookOperation, _ input: String? = nil) -> HookProcess {
    var hook = HookProcess(folder: folder)
    (hook.operation, hook.sub) = (operation.rawValue, operation.subOperation)
    if let input { hook.input = Data(input.utf8) }
    return hook
  }

  private func cleanUp() { try? FileManager.default.removeItem(at: folder) }

  static let starts: [HookOperation] = [.prepare, .start, .started]
  static let others = HookOperation.allCases.filter { !starts.contains($0) }

  @Test(arguments: HookOperation.allCases) func asksTheAgent(operation: HookOperation) throws {
    defer { cleanUp() }
    let agent = ScriptedAgent(at: socket, .answer(.done))
    let outcome = try hook(operation).run()
    #expect(outcome.status == 0)
    #expect(outcome.output + outcome.message == "")
    #expect(
      try agent.request()
        == .hook(
          HookCall(
            operation: operation, name: "vm-1",
            uuid: DomainUUID("83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7"), caller: getpid(),
            resources: [
              Resource(
                kind: .file, device: "disk vda", source: .file("/srv/a.qcow2"),
                access: .exclusiveWrite)
            ])))
  }

  @Test(arguments: HookOperation.allCases) func passesARefusalOn(operation: HookOperation) throws {
    defer { cleanUp() }
    let refusal = Refusal(.conflict, "disk vda is held by 'vm-2' on node2\nsince 10:31")
    _ = ScriptedAgent(at: socket, .answer(.refused(refusal)))
    let outcome = try hook(operation).run()
    #expect(outcome.status == ([.stopped, .release, .reconnect].contains(operation) ? 0 : 1))
    #expect(outcome.output == "")
    #expect(outcome.message == "dlmguard: disk vda is held by 'vm-2' on node2 since 10:31\n")
  }

  /// A running guest dies of a lost lock, and of nothing less.
  @Test(arguments: Refusal.Code.allCases)
  func reconnectGivesUpForALostLockOnly(code: Refusal.Code) throws {
    defer { cleanUp() }
    _ = ScriptedAgent(at: socket, .answer(.refused(Refusal(code, "what?"))))
    let outcome = try hook(.reconnect).run()
    #expect(outcome.status == (code == .lost ? 1 : 0))
    #expect(outcome.message == "dlmguard: what?\n")
  }

  enum Silence: CaseIterable { case notRunning, hungUp, garbled, otherVersion, silent }

  @Test(arguments: Silence.allCases, HookOperation.allCases)
  func tellsWhyThereIsNoAnswer(silence: Silence, operation: HookOperation) throws {
    defer { cleanUp() }
    let agent: ScriptedAgent?
    let reason: String
    switch silence {
    case .notRunning: (agent, reason) = (nil, "the agent dlmguardd is not running on this host")
    case .hungUp: (agent, reason) = (ScriptedAgent(at: socket, .hangUp), "hung up")
    case .garbled: (agent, reason) = (ScriptedAgent(at: socket, .raw("?\n")), "makes no sense")
    case .otherVersion:
      agent = ScriptedAgent(at: socket, .raw("{\"v\":2,\"ok\":true}\n"))
      reason = "systemctl restart dlmguardd"
    case .silent:
      try configure("hook_timeout_ms = 200")
      agent = ScriptedAgent(at: socket, .silence)
      reason = "hook_timeout_ms has passed while waiting for the agent"
    }
    let outcome = try hook(operation).run()
    _ = try agent?.request()
    let refuses = Self.starts.contains(operation)
    #expect(outcome.status == (refuses ? 1 : 0))
    #expect(outcome.output == "")
    #expect(outcome.message.contains(reason))
    #expect(outcome.message.contains(refuses ? "start of 'vm-1' refused: " : "not reported"))
    #expect(outcome.message.hasPrefix("dlmguard: ") && outcome.message.hasSuffix("\n"))
    #expect(outcome.message.count(where: { $0 == "\n" }) == 1)
  }

  @Test func theDeadlineCoversReadingTheXML() throws {
    defer { cleanUp() }
    try configure("hook_timeout_ms = 200")
    let process = Process()
    let (input, errors) = (Pipe(), Pipe())
    process.executableURL = HookProcess.executable
    process.arguments = ["vm-1", "prepare", "begin", "-"]
    process.environment = ["DLMGUARD_CONFIG": folder.appending(path: "dlmguard.conf").path]
    (process.standardInput, process.standardError) = (input, errors)
    try process.run()
    // Its stdin stays open, and nothing comes.
    let message = try errors.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    try input.fileHandleForWriting.close()
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 1)
    #expect(String(decoding: message, as: UTF8.self).contains("reading the domain's XML"))
  }

  @Test(arguments: ["<domain><name>x", "hello", "\u{0}\u{1}", "<domain/>", ""])
  func badXMLRefusesWhatIsToCome(input: String) throws {
    defer { cleanUp() }
    for operation in Self.starts + [.migrate, .restore, .reconnect] {
      let outcome = try hook(operation, input).run()
      #expect(outcome.status == (operation == .reconnect ? 0 : 1))
      #expect(outcome.message.contains("the XML that libvirt sent cannot be read"))
    }
  }

  @Test(arguments: [HookOperation.stopped, .release], ["<domain><name>x", ""])
  func theEndIsReportedByNameAlone(operation: HookOperation, input: String) throws {
    defer { cleanUp() }
    let agent = ScriptedAgent(at: socket, .answer(.done))
    let outcome = try hook(operation, input).run()
    #expect(outcome.status == 0)
    #expect(outcome.message.isEmpty == input.isEmpty)
    #expect(
      try agent.request()
        == .hook(HookCall(operation: operation, name: "vm-1", uuid: nil, caller: getpid())))
  }

  @Test func endlessInputIsNotReadToItsEnd() throws {
    defer { cleanUp() }
    var hook = hook(.prepare)
    hook.input = Data(repeating: UInt8(ascii: " "), count: 100 << 20)
    let outcome = try hook.run()
    #expect(outcome.status == 1)
    #expect(outcome.message.contains("is longer than 8 MiB"))
  }

  @Test func oddNamesKeepTheMessageOnOneLine() throws {
    defer { cleanUp() }
    var hook = hook(.release)
    hook.name = "a\nb '\u{1b}[31m" + String(repeating: "ä", count: 2000)
    let agent = ScriptedAgent(at: socket, .answer(.done))
    #expect(try hook.run().status == 0)
    guard case .hook(let call) = try agent.request() else {
      Issue.record("no call")
      return
    }
    #expect(call.name == hook.name)
    try FileManager.default.removeItem(atPath: socket)
    let message = try hook.run().message
    #expect(message.contains("stop of 'a\\nb \\'\\u{1b}[31mää"))
    #expect(message.count(where: { $0 == "\n" }) == 1)
  }

  @Test(arguments: [
    ["vm-1", "attach", "begin", "-"], ["vm-1", "prepare", "end", "-"],
    ["vm-1", "release", "begin", "-"], ["vm-1", "", "", ""],
  ])
  func otherCallsAreNotOurs(arguments: [String]) throws {
    defer { cleanUp() }
    let agent = ScriptedAgent(at: socket, .answer(.done))
    let outcome = try hook(.prepare).run(arguments: arguments)
    #expect(outcome.status == 0)
    #expect(outcome.output + outcome.message == "")
    #expect(try agent.request() == nil)
  }

  @Test(arguments: [[], ["vm-1"], ["vm-1", "prepare"]])
  func wrongUseIsExplained(arguments: [String]) throws {
    defer { cleanUp() }
    let outcome = try hook(.prepare).run(arguments: arguments)
    #expect(outcome.status == 2)
    #expect(outcome.message.hasPrefix("dlmguard: usage: "))
  }

  @Test func aBadSettingRefusesAStartAndNothingElse() throws {
    defer { cleanUp() }
    try configure("hook_timeout_ms = 1")
    let file = folder.appending(path: "dlmguard.conf").path
    for operation in Self.starts {
      let outcome = try hook(operation).run()
      #expect(outcome.status == 1)
      #expect(outcome.message.contains("\(file), line 2: hook_timeout_ms must be"))
    }
    #expect(try hook(.reconnect).run().status == 0)
    #expect(try hook(.release).run().status == 0)
  }

  @Test func userSessionsAreNotGuarded() throws {
    defer { cleanUp() }
    for operation in HookOperation.allCases {
      let agent = ScriptedAgent(at: socket, .answer(.done))
      var hook = hook(operation)
      hook.user = 65534
      let outcome = try hook.run()
      #expect(outcome.status == 0)
      #expect(outcome.message.contains("not guarded") == (operation == .prepare))
      #expect(outcome.message.isEmpty == (operation != .prepare))
      #expect(try agent.request() == nil)
    }
  }

  @Test func userSessionsCanBeRefused() throws {
    defer { cleanUp() }
    try configure("session_starts = \"refuse\"")
    for operation in HookOperation.allCases {
      var hook = hook(operation)
      hook.user = 65534
      let outcome = try hook.run()
      #expect(outcome.status == (operation == .prepare ? 1 : 0))
      #expect(outcome.message.isEmpty == (operation != .prepare))
    }
  }
}
