import AgentAPI
import CLinux
import Directory
import Foundation
import LockModel
import Testing

@testable import Agent
@testable import GuardCore

@Suite struct EventsTests {
  @Test func whoeverListensHearsWhatIsDone() throws {
    let agent = try RunningAgent()
    var stream = try agent.client.events()
    let child = try AgentTests.sleeper()
    let owner = try agent.register(1, pid: child.processIdentifier)
    _ = try agent.client.ask(.add(owner, [agent.disk("a")]))
    _ = try agent.client.ask(.acquire(owner))
    AgentTests.end(child)
    var kinds: [String] = []
    while kinds.count < 2, let events = try stream.next() {
      for event in events {
        #expect(event.owner == owner && event.domain?.name == "d1")
        kinds.append(event.kind)
      }
    }
    #expect(kinds == ["acquired", "released"])
  }

  /// However little it reads, nobody waits for it, and it is told.
  @Test func whoReadsTooSlowlyIsLeftBehind() throws {
    let agent = try RunningAgent()
    let line = Array("{\"v\":1,\"op\":\"events\"}\n".utf8)
    let deaf = agent.raw(line)
    defer { close(deaf) }
    #expect(RunningAgent.hear(deaf, lines: 1).first?.contains("subscribed") == true)
    // Each alarm is one line; they differ, because the same one is told once.
    let padding = String(repeating: "x", count: 4_000)
    for number in 0..<1_000 { agent.agent.report(.alarm("\(number) \(padding)")) }
    // The agent goes on, and tells others meanwhile.
    guard case .status(let status) = try agent.client.ask(.status) else {
      return #expect(Bool(false))
    }
    #expect(status.alarms.count == 100)
    let lines = RunningAgent.hear(deaf, lines: 1_000)
    #expect(lines.count < 1_000)
    let last = try AuditEvent(try JSON(Array((lines.last ?? "").utf8)))
    #expect(last.isLagging)
    for line in lines.dropLast() {
      #expect(try AuditEvent(try JSON(Array(line.utf8))).kind == "alarm")
    }
  }

  @Test func aConnectionThatListensIsNotBoundedInTime() throws {
    var sockets: [Int32] = [0, 0]
    #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &sockets) == 0)
    defer { for socket in sockets { close(socket) } }
    var connection = Connection(descriptor: sockets[0])
    guard case .goOn = connection.beginListening(.subscribed) else {
      return #expect(Bool(false))
    }
    #expect(connection.isListening)
    guard case .listening = connection.state else { return #expect(Bool(false)) }
    guard case .goOn = connection.tell(Array("a\n".utf8), orAtLast: []) else {
      return #expect(Bool(false))
    }
    let said = RunningAgent.hear(sockets[1], lines: 2)
    #expect(said.last == "a")
  }

  @Test func whatIsCountedIsTold() throws {
    let agent = try RunningAgent()
    let owner = try agent.register(1, pid: getpid())
    _ = try agent.client.ask(.add(owner, [agent.disk("a")]))
    _ = try agent.client.ask(.acquire(owner))
    let other = try agent.register(2, pid: getpid())
    _ = try agent.client.ask(.add(other, [agent.disk("a")]))
    _ = try agent.client.ask(.acquire(other))
    guard case .metrics(let families) = try agent.client.ask(.metrics) else {
      return #expect(Bool(false))
    }
    func value(_ name: String, _ suffix: String = "", _ labels: [MetricFamily.Label] = [])
      -> Double?
    {
      families.first { $0.name == name }?.samples
        .first { $0.suffix == suffix && (labels.isEmpty || $0.labels == labels) }?.value
    }
    #expect(value("dlmguard_ready") == 1)
    #expect(value("dlmguard_refusals_total", "", [.init("code", "conflict")]) == 1)
    #expect(value("dlmguard_audit_total", "", [.init("kind", "acquired")]) == 1)
    #expect(value("dlmguard_owners", "", [.init("phase", "running")]) == 1)
    #expect(value("dlmguard_claims", "", [.init("mode", "EX"), .init("kind", "domain")]) == 1)
    #expect((value("dlmguard_acquire_seconds", "_count") ?? 0) >= 1)
    #expect(Set(families.map(\.name)).count == families.count)
  }
}

@Suite struct MetricsTests {
  static let owner = OwnerID(
    domain: DomainUUID(String(repeating: "1", count: 32))!, instance: 1)
  static let view = ClusterView(
    here: NodeID(1)!, ring: 1, nodes: [], agents: [:], isSettled: true)
  static let status = StatusReport(
    version: "t", node: NodeName("n"), engine: "dlm", lockspace: "libvirt", pid: 1,
    started: Timestamp(milliseconds: 5_000), alarms: ["a"], owners: [])

  private func value(
    _ families: [MetricFamily], _ name: String, _ suffix: String = "", le: String? = nil
  ) -> Double? {
    families.first { $0.name == name }?.samples
      .first { $0.suffix == suffix && (le == nil || $0.labels == [.init("le", le!)]) }?.value
  }

  @Test func latenciesFallIntoTheirBuckets() {
    var metrics = Metrics(at: 0)
    for (began, ended) in [(Int64(0), Int64(1)), (100, 130), (200, 100_200)] {
      metrics.note(Effect.acquire(Self.owner, []), at: began)
      metrics.note(Event.acquired(Self.owner, refused: []), at: ended)
    }
    // An answer that nobody asked for, after a restart, is none.
    metrics.note(Event.acquired(Self.owner, refused: []), at: 300_000)
    let families = metrics.families(Self.status, at: 300_000)
    let name = "dlmguard_acquire_seconds"
    #expect(value(families, name, "_bucket", le: "0.001") == 1)
    #expect(value(families, name, "_bucket", le: "0.025") == 1)
    #expect(value(families, name, "_bucket", le: "0.05") == 2)
    #expect(value(families, name, "_bucket", le: "30.0") == 2)
    #expect(value(families, name, "_bucket", le: "+Inf") == 3)
    #expect(value(families, name, "_count") == 3)
    #expect(abs((value(families, name, "_sum") ?? 0) - 100.031) < 1e-9)
  }

  @Test func whatIsSoForAWhileIsCountedFromItsBeginningToItsEnd() {
    var core = Guard(
      NodeDescription(
        node: NodeName("n"), engine: "dlm", version: "t", pid: 1,
        started: Timestamp(milliseconds: 0)), policy: Policy())
    var metrics = Metrics(at: 0)
    func happen(_ event: Event, at uptime: Int64) {
      for effect in core.handle(event, at: Timestamp(milliseconds: 0)) {
        metrics.note(effect, at: uptime)
      }
    }
    func values(at uptime: Int64) -> [Double?] {
      let families = metrics.families(Self.status, at: uptime)
      return [
        "dlmguard_ready", "dlmguard_impeded", "dlmguard_suspended",
        "dlmguard_suspended_seconds_total",
      ].map { value(families, $0) }
    }
    happen(.unready("no corosync"), at: 0)
    #expect(values(at: 0) == [0, 0, 0, 0])
    happen(.recovered([]), at: 500)
    happen(.impediment("no quorum"), at: 1_000)
    happen(.suspended("stopped"), at: 1_000)
    #expect(values(at: 3_000) == [1, 1, 1, 2])
    happen(.suspended("stopped for longer"), at: 4_000)
    happen(.resumed, at: 6_000)
    happen(.impediment(nil), at: 6_000)
    #expect(values(at: 9_000) == [1, 0, 0, 5])
    happen(.suspended("again"), at: 10_000)
    #expect(values(at: 11_000) == [1, 0, 1, 6])
  }

  @Test func aReplyThatIsNoRefusalCountsAsNone() {
    var metrics = Metrics(at: 0)
    metrics.note(Effect.reply(RequestID(1), .done), at: 0)
    metrics.note(Effect.reply(RequestID(2), .refused(Refusal(.unsafe, "x"))), at: 0)
    let families = metrics.families(Self.status, at: 0)
    let samples = families.first { $0.name == "dlmguard_refusals_total" }?.samples ?? []
    #expect(samples.map(\.value).reduce(0, +) == 1)
    #expect(samples.count == Refusal.Code.allCases.count)
    #expect(value(families, "dlmguard_ready") == 0)
    #expect(value(families, "dlmguard_start_time_seconds") == 5)
  }

  @Test func theDirectoryIsAsOldAsItsSilence() {
    var metrics = Metrics(at: 1_000)
    func age(at uptime: Int64, _ status: StatusReport = Self.status) -> Double? {
      value(metrics.families(status, at: uptime), "dlmguard_directory_age_seconds")
    }
    #expect(age(at: 3_000) == 2, "nobody has been heard yet")
    metrics.note(Event.directory(.view(Self.view)), at: 4_000)
    #expect(age(at: 9_000) == 0)
    metrics.note(Event.directory(.severed), at: 10_000)
    metrics.note(Event.directory(.severed), at: 11_000)
    #expect(age(at: 12_000) == 2)
    let alone = StatusReport(
      version: "t", node: NodeName("n"), engine: "local", pid: 1,
      started: Timestamp(milliseconds: 0), alarms: [], owners: [])
    #expect(age(at: 12_000, alone) == 0, "there is nobody else")
  }

  @Test func handoversAreCountedByTheirSteps() {
    var metrics = Metrics(at: 0)
    for kind in [AuditLine.Kind.outgoing, .outgoing, .stayed, .released] {
      metrics.note(Effect.audit(AuditLine(kind, nil, nil)), at: 0)
    }
    let samples =
      metrics.families(Self.status, at: 0).first { $0.name == "dlmguard_handovers_total" }?.samples
      ?? []
    #expect(samples.map(\.labels[0].value) == ["incoming", "arrived", "outgoing", "stayed"])
    #expect(samples.map(\.value) == [0, 0, 2, 1])
  }
}
