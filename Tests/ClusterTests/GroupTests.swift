import Foundation
import Glibc
import LockModel
import Synchronization
import Testing

/// Agents of several nodes, each with a real corosync, in the namespaces that Tests/Corosync/run makes.
@Suite(.needsCorosyncNamespaces, .serialized)
struct CorosyncGroupTests {
  @Test func everybodyKnowsWhatAllHold() throws {
    let ring = try Ring(3)
    let (one, two) = (try ring.member(1), try ring.member(2))
    try one.until("1 settled: 2 answering; 3 absent")
    try two.say("hold 7", expecting: "held")
    try one.until("1 settled: 2 answering 7; 3 absent")
    // Who comes later is told everything.
    let three = try ring.member(3)
    try three.until("3 settled: 1 answering; 2 answering 7")
    try two.say("hold 8", expecting: "held")
    try two.say("drop 7", expecting: "dropped")
    try one.until("1 settled: 2 answering 8; 3 answering")
    try three.until("3 settled: 1 answering; 2 answering 8")

    // An agent dies: its node holds what it held.
    two.kill()
    try one.until("1 settled: 2 silent 8; 3 answering")
    let next = try ring.member(2)
    try one.until("1 settled: 2 answering; 3 answering")
    try next.say("hold 9", expecting: "held")
    try one.until("1 settled: 2 answering 9; 3 answering")

    // A node dies, with all that it held.
    ring.killNode(2)
    try one.until("1 settled: 3 answering")
    try three.until("3 settled: 1 answering")
  }

  @Test func aPartitionIsForgottenAndMetAnew() throws {
    let ring = try Ring(3)
    let members = try (1...3).map { try ring.member($0) }
    try members[0].until("1 settled: 2 answering; 3 answering")
    for (index, member) in members.enumerated() {
      try member.say("hold \(index + 1)", expecting: "held")
    }
    try members[0].until("1 settled: 2 answering 2; 3 answering 3")
    try ring.move(3, to: "other")
    try members[0].until("1 settled: 2 answering 2")
    try members[2].until("3 unsettled: ")
    // What changes meanwhile is told when they meet.
    try members[2].say("hold 4", expecting: "held")
    try members[0].say("drop 1", expecting: "dropped")
    try ring.move(3, to: "ring")
    try members[0].until("1 settled: 2 answering 2; 3 answering 3 4")
    try members[1].until("2 settled: 1 answering; 3 answering 3 4")
    try members[2].until("3 settled: 1 answering; 2 answering 2")
  }

  @Test func aNewCorosyncIsANewBeginning() throws {
    let ring = try Ring(2)
    let (one, two) = (try ring.member(1), try ring.member(2))
    try one.until("1 settled: 2 answering")
    try one.say("hold 1", expecting: "held")
    try two.say("hold 2", expecting: "held")
    try two.until("2 settled: 1 answering 1")
    ring.stopCorosync(1)
    try two.until("2 unsettled: ")
    try one.until("1 unsettled: ")
    try ring.startCorosync(1)
    try one.until("1 settled: 2 answering 2")
    try two.until("2 settled: 1 answering 1")
  }

  @Test func versionsThatAreCloseUnderstandEachOther() throws {
    let ring = try Ring(3)
    let one = try ring.member(1)
    let two = try ring.member(2, "--version", "2")
    let three = try ring.member(3, "--version", "3")
    for (member, number) in [(one, 1), (two, 2), (three, 3)] {
      try member.say("hold \(number)", expecting: "held")
    }
    try one.until("1 settled: 2 answering 2; 3 foreign")
    try two.until("2 settled: 1 answering 1; 3 answering 3")
    try three.until("3 settled: 1 foreign; 2 answering 2")
  }

  @Test func questionsAreAnswered() throws {
    let ring = try Ring(3)
    let one = try ring.member(1)
    let two = try ring.member(2, "--answer", "leaving")
    let three = try ring.member(3, "--answer", "silence")
    try one.until("1 settled: 2 answering; 3 answering")
    try one.say("ask 2 leaving", expecting: "answer 2 leaving")
    try one.say("ask all leaving", expecting: "answer 2 leaving")

    // Its agent dies before it answers: the next one is asked.
    try one.say("ask 3 waiting", expecting: nil)
    three.kill()
    try one.until("1 settled: 2 answering; 3 silent")
    _ = try ring.member(3, "--answer", "waiting")
    try one.hear("answer 3 waiting")

    // Its node dies: that is an answer.
    two.kill()
    try one.until("1 settled: 2 silent; 3 answering")
    try one.say("ask 2 leaving", expecting: nil)
    ring.killNode(2)
    try one.hear("answer - none")
  }
}

/// Nodes with a corosync each, in namespaces of their own, on one network.
private final class Ring {
  private var places: [Int: Process] = [:]
  private var corosyncs: [Int: Process] = [:]
  private var members: [Member] = []
  private let count: Int

  init(_ count: Int) throws {
    self.count = count
    for bridge in ["ring", "other"] {
      try run("ip", "link", "add", bridge, "type", "bridge")
      try run("ip", "link", "set", bridge, "up")
    }
    for node in 1...count {
      let (process, output) = (Process(), Pipe())
      process.executableURL = URL(filePath: "Tests/Corosync/node")
      process.arguments = ["\(node)"]
      process.standardOutput = output
      try process.run()
      _ = output.fileHandleForReading.availableData
      places[node] = process
      try startCorosync(node)
    }
  }

  deinit {
    for member in members { member.kill() }
    for process in Array(corosyncs.values) + Array(places.values) { end(process) }
    for bridge in ["ring", "other"] { try? run("ip", "link", "del", bridge) }
  }

  func startCorosync(_ node: Int) throws {
    let list = (1...count).map { node in
      "node {\n ring0_addr: 10.79.0.\(node)\n nodeid: \(node)\n name: node\(node)\n}"
    }
    let configuration = """
      system {
        move_to_root_cgroup: no
        sched_rr: no
      }
      totem {
        version: 2
        cluster_name: dlmguard-test
        transport: udpu
        token: 1000
      }
      logging {
        to_syslog: no
        to_stderr: no
      }
      nodelist {
      \(list.joined(separator: "\n"))
      }
      quorum {
        provider: corosync_votequorum
      }

      """
    let file = "/tmp/dlmguard-ring-\(node).conf"
    try configuration.write(toFile: file, atomically: true, encoding: .utf8)
    defer { unlink(file) }
    let process = inside(
      node, "sh", "-c", "cp \(file) /etc/corosync/corosync.conf && exec corosync -f")
    try process.run()
    // It reads its file at once.
    usleep(500_000)
    corosyncs[node] = process
  }

  func stopCorosync(_ node: Int) {
    if let process = corosyncs.removeValue(forKey: node) { end(process) }
  }

  func killNode(_ node: Int) {
    for member in members where member.node == node { member.kill() }
    stopCorosync(node)
  }

  func move(_ node: Int, to bridge: String) throws {
    try run("ip", "link", "set", "node\(node)", "master", bridge)
  }

  func member(_ node: Int, _ arguments: String...) throws -> Member {
    let program = Bundle.main.executableURL!.deletingLastPathComponent().appending(
      path: "directory-lab")
    let process = inside(node, [program.path, "member", "test"] + arguments)
    let member = try Member(node: node, process)
    members.append(member)
    return member
  }

  private func inside(_ node: Int, _ command: String...) -> Process { inside(node, command) }

  private func inside(_ node: Int, _ command: [String]) -> Process {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/nsenter")
    process.arguments =
      ["--target", "\(places[node]!.processIdentifier)", "--net", "--mount", "--"] + command
    return process
  }

  private func run(_ command: String...) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = command
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw NeverCame(what: "\(command)") }
  }
}

private func end(_ process: Process) {
  guard process.isRunning else { return }
  Glibc.kill(process.processIdentifier, SIGKILL)
  process.waitUntilExit()
}

/// A `directory-lab member` on a node.
private final class Member {
  let node: Int
  private let process: Process
  private let input = Pipe()
  private let output = Pipe()
  private var heard = ""

  init(node: Int, _ process: Process) throws {
    self.node = node
    self.process = process
    process.standardInput = input
    process.standardOutput = output
    try process.run()
  }

  func kill() { end(process) }

  /// - Parameter expecting: nil for what is not answered now.
  func say(_ line: String, expecting answer: String?) throws {
    input.fileHandleForWriting.write(Data("\(line)\n".utf8))
    if let answer { try hear(answer) }
  }

  func hear(_ answer: String) throws {
    let line = try self.line()
    guard line == answer else { throw NeverCame(what: "\(answer), but \(line)") }
  }

  private func line() throws -> String {
    while true {
      if let end = heard.firstIndex(of: "\n") {
        defer { heard.removeSubrange(...end) }
        return String(heard[..<end])
      }
      var descriptor = pollfd(
        fd: output.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&descriptor, 1, 60_000) == 1 else {
        throw NeverCame(what: "a line of node \(node)")
      }
      let data = output.fileHandleForReading.availableData
      guard !data.isEmpty else { throw NeverCame(what: "a line of node \(node), which has ended") }
      heard += String(decoding: data, as: UTF8.self)
    }
  }

  /// Asks until it knows that.
  func until(_ dump: String) throws {
    var last = ""
    for _ in 1...400 {
      try say("dump", expecting: nil)
      last = try line()
      if last == dump { return }
      usleep(100_000)
    }
    throw NeverCame(what: "\(dump), but \(last)")
  }
}
