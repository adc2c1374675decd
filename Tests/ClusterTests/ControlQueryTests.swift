import CLinux
import Glibc
import LockModel
import Synchronization
import Testing

@testable import Cluster

@Suite struct ControlQueryTests {
  @Test func whatIsAsked() throws {
    #expect(
      try ControlQuery.configuration.request()
        == bytes("3cd13cd1 01000100 0e000000 00000000 60000000 0*76"))
    #expect(
      try ControlQuery.lockspace("libvirt").request()
        == bytes("3cd13cd1 01000100 03000000 00000000 60000000 0*12 6c696276 69727400 0*56"))
    #expect(
      try ControlQuery.nodes("libvirt").request()
        == bytes(
          "3cd13cd1 01000100 06000000 01000000 60000000 00020000 0*8 6c696276 69727400 0*56"))
    let longest = String(repeating: "x", count: 64)
    #expect(try ControlQuery.lockspace(longest).request().suffix(64) == Array(longest.utf8)[...])
  }

  @Test(arguments: ["", String(repeating: "x", count: 65), "a\0b"])
  func noLockspaceHasSuchAName(_ name: String) {
    #expect(throws: ControlFault.impossibleName(name)) {
      try ControlQuery.lockspace(name).request()
    }
  }

  @Test(arguments: Recording.all)
  func whatItIsConfiguredTo(_ recording: Recording) throws {
    let (reply, body) = try split(recording.configuration, of: .configuration)
    #expect(reply.size == body.count && reply.result == 0)
    let text = try reply.configuration(body)
    #expect(text.hasPrefix("daemon_debug=1 (cli option)\nforeground=0\n"))
    #expect(text.hasSuffix("version=-1\n"))
    #expect(Fencing(configuration: text) == recording.fencing)
  }

  @Test(arguments: Recording.all)
  func aLockspaceThatItDoesNotKnow(_ recording: Recording) throws {
    let (reply, body) = try split(recording.unknownLockspace, of: .lockspace("nosuch"))
    // What follows is not a lockspace, but memory that happened to be there.
    #expect(reply == ControlReply(result: -ENOENT, size: ControlLockspace.size))
    #expect(throws: ControlFault.refused(UInt32(ENOENT))) { try reply.lockspace(body) }
    let (nodes, none) = try split(recording.nodesOfUnknown, of: .nodes("nosuch"))
    #expect(nodes == ControlReply(result: -ENOENT, size: 0))
    #expect(throws: ControlFault.refused(UInt32(ENOENT))) { try nodes.nodes(none) }
  }

  @Test(arguments: Recording.all)
  func aLockspaceThatItLetsGoOn(_ recording: Recording) throws {
    let (reply, body) = try split(recording.runningLockspace, of: .lockspace("libvirt"))
    let state = try reply.lockspace(body)
    #expect(state.flags == 0)
    #expect(state.next == ControlChange(waitCondition: 0, waitMessages: 0, sequence: 0))
    #expect(StopCause(state, failed: []) == .kernel)
  }

  @Test(arguments: Recording.all)
  func aLockspaceThatWaitsForFencing(_ recording: Recording) throws {
    let (reply, body) = try split(recording.stoppedLockspace, of: .lockspace("libvirt"))
    let state = try reply.lockspace(body)
    #expect(state.flags == ControlLockspace.kernelStopped)
    #expect(
      state.next
        == ControlChange(
          waitCondition: ControlChange.waitFencing, waitMessages: 0, sequence: 3))
    let (nodes, list) = try split(recording.nodes, of: .nodes("libvirt"))
    let known = try nodes.nodes(list)
    #expect(known.map(\.id) == [1, 2])
    #expect(known.map { $0.flags & ControlNode.needFencing } == [0, ControlNode.needFencing])
  }

  @Test func moreNodesThanWereAskedFor() throws {
    let list = bytes("07000000 08000000 0*32 09000000 00000000 0*32")
    let reply = ControlReply(result: -E2BIG, size: list.count)
    #expect(try reply.nodes(list).map(\.id) == [7, 9])
  }

  @Test func repliesThatAreNone() throws {
    let good = try ControlQuery.configuration.request()
    func fault(_ offset: Int, _ word: UInt32) -> ControlFault? {
      var header = good
      header.withUnsafeMutableBytes {
        $0.storeBytes(of: word, toByteOffset: offset, as: UInt32.self)
      }
      do throws(ControlFault) {
        _ = try ControlQuery.configuration.reply(header)
        return nil
      } catch {
        return error
      }
    }
    #expect(fault(0, 0xD13C_D13C) == nil)
    #expect(fault(0, 0xD13C_D13D) == .garbled("the magic 0xd13cd13d"))
    #expect(fault(4, 0x0001_0007) == nil)
    #expect(fault(4, 0x0002_0001) == .garbled("the version 0x20001"))
    #expect(fault(8, 13) == .garbled("the command 13"))
    #expect(fault(16, 95) == .garbled("a length of 95 bytes"))
    #expect(fault(16, 0) == .garbled("a length of 0 bytes"))
    #expect(fault(16, .max) == .garbled("a length of 4294967295 bytes"))
    #expect(fault(16, 96 + (1 << 20)) == nil)
    #expect(fault(16, 97 + (1 << 20)) == .garbled("a length of 1048673 bytes"))
    #expect(throws: ControlFault.garbled("a header of 95 bytes")) {
      try ControlQuery.configuration.reply(Array(good.dropLast()))
    }
  }

  @Test func resultsThatCannotBe() {
    #expect(throws: ControlFault.refused(1 << 31)) {
      try ControlReply(result: .min, size: 0).nodes([])
    }
    #expect(throws: ControlFault.garbled("2147483647 nodes in 40 bytes")) {
      try ControlReply(result: .max, size: 40).nodes(.init(repeating: 1, count: 40))
    }
    #expect(throws: ControlFault.garbled("2 nodes in 79 bytes")) {
      try ControlReply(result: 2, size: 79).nodes(.init(repeating: 1, count: 79))
    }
    #expect(throws: ControlFault.garbled("a lockspace in 139 bytes")) {
      try ControlReply(result: 0, size: 139).lockspace(.init(repeating: 1, count: 139))
    }
  }

  /// Whatever arrives, nothing of it ends the process.
  @Test func anyBytesAtAll() {
    var random = SystemRandomNumberGenerator()
    for query in [ControlQuery.configuration, .lockspace("libvirt"), .nodes("libvirt")] {
      for _ in 1...2000 {
        var header = (try? query.request()) ?? []
        for _ in 0..<Int.random(in: 0...8, using: &random) {
          header[Int.random(in: 4..<32, using: &random)] = .random(in: 0...255, using: &random)
        }
        guard let reply = try? query.reply(header) else { continue }
        let count = Int.random(in: 0...200, using: &random)
        let body = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        _ = try? reply.configuration(body)
        _ = try? reply.nodes(body)
        if let state = try? reply.lockspace(body) { _ = StopCause(state, failed: []) }
      }
    }
  }

  @Test(arguments: Recording.all)
  func askedThroughTheSocket(_ recording: Recording) throws {
    let daemon = try ScriptedDaemon([
      recording.configuration, recording.configuration, recording.unknownLockspace,
      recording.configuration, recording.runningLockspace, recording.configuration,
      recording.stoppedLockspace, recording.nodes,
    ])
    #expect(ControlDaemon.fencing(at: daemon.address) == recording.fencing)
    #expect(ControlDaemon.stop(of: "nosuch", at: daemon.address) == .unknown)
    #expect(ControlDaemon.stop(of: "libvirt", at: daemon.address) == .waits(.kernel))
    #expect(ControlDaemon.stop(of: "libvirt", at: daemon.address) == .waits(.fencing([node2])))
    let queries: [ControlQuery] = [
      .configuration, .configuration, .lockspace("nosuch"), .configuration, .lockspace("libvirt"),
      .configuration, .lockspace("libvirt"), .nodes("libvirt"),
    ]
    #expect(try daemon.requests() == queries.map { try $0.request() })
  }

  @Test func aDaemonThatEndsOverTheQuery() throws {
    let recording = try #require(Recording.all.first)
    let whole = recording.stoppedLockspace
    let short = [0, 95, 96, whole.count - 1].map { Array(whole.prefix($0)) }
    let daemon = try ScriptedDaemon(short)
    for _ in short {
      #expect(throws: ControlFault.hungUp) {
        try ControlSocket.ask(.lockspace("libvirt"), at: daemon.address)
      }
    }
    _ = daemon.requests()
    #expect(throws: ControlFault.unreachable(ECONNREFUSED)) {
      try ControlSocket.ask(.lockspace("libvirt"), at: daemon.address)
    }
    #expect(ControlDaemon.stop(of: "libvirt", at: daemon.address) == .unanswered)
    #expect(ControlDaemon.fencing(at: daemon.address) == nil)
  }

  @Test func fencingOfNodesThatItDoesNotTell() throws {
    let recording = try #require(Recording.all.first)
    let daemon = try ScriptedDaemon([
      recording.configuration, recording.stoppedLockspace, recording.nodesOfUnknown,
    ])
    #expect(ControlDaemon.stop(of: "libvirt", at: daemon.address) == .waits(.fencing([])))
  }

  private func split(
    _ bytes: [UInt8], of query: ControlQuery
  ) throws -> (ControlReply, body: [UInt8]) {
    let header = Array(bytes.prefix(ControlQuery.headerSize))
    return (try query.reply(header), Array(bytes.dropFirst(ControlQuery.headerSize)))
  }
}

/// What a real dlm_controld on amd64 has answered.
struct Recording: Sendable, CustomTestStringConvertible {
  let version: String
  let configuration: [UInt8]
  let fencing: Fencing
  let unknownLockspace: [UInt8]
  let nodesOfUnknown: [UInt8]
  let runningLockspace: [UInt8]
  /// On node 1, while node 2 should be fenced.
  let stoppedLockspace: [UInt8]
  let nodes: [UInt8]

  var testDescription: String { version }

  /// Both versions send the same bytes, but for options, times and uninitialised memory.
  static let all = [
    Recording(
      version: "4.2.0",
      configuration: bytes("3cd13cd1 01000100 0e000000 00000000 45020000 0*76")
        + dump(bindAll: "bind_all=0\n", fencing: 1),
      fencing: .enabled, unknown: "45020000", failure: "e57e0d6b 00000000 c7040000 00000000"),
    Recording(
      version: "4.3.0",
      configuration: bytes("3cd13cd1 01000100 0e000000 00000000 3a020000 0*76")
        + dump(bindAll: "", fencing: 0),
      fencing: .disabled, unknown: "3a020000", failure: "977e0d6b 00000000 79040000 00000000"),
  ]

  private init(
    version: String, configuration: [UInt8], fencing: Fencing, unknown: String, failure: String
  ) {
    self.version = version
    self.configuration = configuration
    self.fencing = fencing
    unknownLockspace = bytes(
      "3cd13cd1 01000100 03000000 00000000 ec000000 feffffff 0*8 6e6f7375 63680000 0*56"
        + " 3cd13cd1 01000100 0e000000 00000000 \(unknown) 0*120")
    nodesOfUnknown = bytes(
      "3cd13cd1 01000100 06000000 00000000 60000000 feffffff 0*8 6e6f7375 63680000 0*56")
    runningLockspace = bytes(
      "3cd13cd1 01000100 03000000 00000000 ec000000 00000000 0*8 6c696276 69727400 0*56"
        + " 01000000 01000000 0*16 01000000 01000000 0*36 b7961b02 6c696276 69727400 0*60")
    stoppedLockspace = bytes(
      "3cd13cd1 01000100 03000000 00000000 ec000000 00000000 0*8 6c696276 69727400 0*56"
        + " 02000000 01000000 0*16 02000000 02000000"
        + " 01000000 00000000 01000000 01000000 03000000 00000000 03000000 03000000"
        + " 04000000 b7961b02 6c696276 69727400 0*60")
    nodes = bytes(
      "3cd13cd1 01000100 06000000 00000000 b0000000 02000000 0*8 6c696276 69727400 0*56"
        + " 01000000 01000000 01000000 0*28"
        + " 02000000 08000000 02000000 03000000 03000000 00000000 \(failure)")
  }

  private static func dump(bindAll: String, fencing: Int) -> [UInt8] {
    Array(
      """
      daemon_debug=1 (cli option)
      foreground=0
      log_debug=0
      protocol=detect
      port=21064
      debug_logfile=0
      \(bindAll)mark=0
      enable_fscontrol=0
      enable_plock=1
      plock_debug=0
      plock_rate_limit=0
      plock_ownership=0
      drop_resources_time=10000
      drop_resources_count=10
      drop_resources_age=10000
      post_join_delay=30
      enable_fencing=\(fencing) (cli option)
      enable_concurrent_fencing=0
      enable_startup_fencing=1
      repeat_failed_fencing=1
      enable_quorum_fencing=1
      enable_quorum_lockspace=1
      enable_helper=1
      help=-1
      version=-1

      """.utf8)
  }
}

/// Bytes in hexadecimal, as they lie in memory; `0*N` are N bytes of 0.
private func bytes(_ text: String) -> [UInt8] {
  text.split(separator: " ").flatMap { word -> [UInt8] in
    if word.hasPrefix("0*") { return .init(repeating: 0, count: Int(word.dropFirst(2)) ?? 0) }
    let digits = Array(word)
    return stride(from: 0, to: digits.count, by: 2).compactMap {
      UInt8(String(digits[$0...$0 + 1]), radix: 16)
    }
  }
}

/// Answers one query after the other with given bytes, whatever was asked, then listens no more.
private final class ScriptedDaemon: Sendable {
  private static let count = Atomic(0)

  let address: String
  private let thread: Mutex<(id: pthread_t, work: Work)?>

  private final class Work: Sendable {
    let listener: Int32
    let replies: [[UInt8]]
    let requests = Mutex<[[UInt8]]>([])

    init(listener: Int32, replies: [[UInt8]]) {
      self.listener = listener
      self.replies = replies
    }

    func run() {
      for reply in replies {
        let client = accept(listener, nil, nil)
        // Not asked as often as expected: the test shall fail, not wait for ever.
        if client < 0 { break }
        var request = [UInt8](repeating: 0, count: ControlQuery.headerSize)
        let received = recv(client, &request, request.count, Int32(MSG_WAITALL))
        requests.withLock { $0.append(Array(request.prefix(max(0, received)))) }
        // In two pieces, as a stream may bring it.
        let head = reply.prefix(reply.count / 3)
        _ = dlmguard_send(client, Array(head), head.count)
        usleep(2000)
        let rest = reply.dropFirst(head.count)
        _ = dlmguard_send(client, Array(rest), rest.count)
        close(client)
      }
      close(listener)
    }
  }

  init(_ replies: [[UInt8]]) throws {
    let number = Self.count.add(1, ordering: .relaxed).newValue
    address = "dlmguard-control-\(getpid())-\(number)"
    let listener = abstractSocket(address)
    try #require(listen(listener, 8) == 0)
    var patience = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(
      listener, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    let work = Work(listener: listener, replies: replies)
    var id = pthread_t()
    let started = pthread_create(
      &id, nil,
      { argument in
        argument.map { Unmanaged<Work>.fromOpaque($0).takeRetainedValue().run() }
        return nil
      }, Unmanaged.passRetained(work).toOpaque())
    try #require(started == 0)
    thread = Mutex((id, work))
  }

  /// Waits until all replies are given; what was asked.
  func requests() -> [[UInt8]] {
    thread.withLock { thread in
      guard let (id, work) = thread else { return [] }
      pthread_join(id, nil)
      thread = nil
      return work.requests.withLock { $0 }
    }
  }
}
