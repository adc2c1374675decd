import AgentAPI
import GuardCore
import LockEngines
import LockModel
import Testing

/// Two hosts that a guest moves between, and a third that wants its disk, on one lock manager.
final class Cluster {
  let engine = LocalEngine()
  let source: TestHost
  let destination: TestHost
  let third: TestHost
  let vm = VM(1, [disk("/san/a")])
  /// The same guest, as the destination starts it.
  let copy: VM
  let rival = VM(2, [disk("/san/a")])
  /// Agents that do not hear questions.
  var deaf: Set<NodeID> = []
  /// What a deaf one was asked.
  private(set) var missed: [() -> Void] = []
  private var hosts: [NodeID: TestHost] = [:]
  private var questions: [UInt64: (Inquiry, TestHost)] = [:]
  private var lastQuestion: UInt64 = 0
  /// Everything that was asked, in order.
  private(set) var asked: [Inquiry] = []

  static let nodes = [NodeID(1)!, NodeID(2)!, NodeID(3)!]

  init(isStarted: Bool = true) {
    let hosts = Self.nodes.map { [engine] node in
      TestHost(lockspace: "ls", locksOutliveAgent: true, node: node, engine: engine)
    }
    (source, destination, third) = (hosts[0], hosts[1], hosts[2])
    copy = VM(1, vm.resources, pid: 2001)
    for host in hosts { add(host) }
    guard isStarted else { return }
    #expect(source.start(vm) == .done)
    say(source)
  }

  func add(_ host: TestHost) {
    guard let node = host.node else { return }
    hosts[node] = host
    host.image("/san/a")
    host.image("/san/b")
    host.happen(
      .nodes([Self.nodes[0]: NodeName("node1"), Self.nodes[1]: NodeName("node2")], here: node))
    host.ask = { [unowned self, unowned host] inquiry in ask(inquiry, from: host) }
    host.answerOthers = { [unowned self] id, answer in
      guard let (inquiry, asker) = questions.removeValue(forKey: id.number) else { return }
      asker.happen(.answered(inquiry, by: node, answer))
    }
  }

  private func ask(_ inquiry: Inquiry, from asker: TestHost) {
    guard let node = asker.node else { return }
    self.asked.append(inquiry)
    let asked = inquiry.node ?? (node == Self.nodes[0] ? Self.nodes[1] : Self.nodes[0])
    lastQuestion += 1
    let id = QuestionID(node: node, number: lastQuestion)
    questions[lastQuestion] = (inquiry, asker)
    let deliver = { [unowned self] () -> Void in
      hosts[asked]?.happen(.questioned(id, inquiry.question, inquiry.domain))
    }
    guard deaf.contains(asked) else { return deliver() }
    if inquiry.question == .waiting {
      missed.append(deliver)
    } else {
      questions[lastQuestion] = nil
      asker.happen(.answered(inquiry, by: nil, .none))
    }
  }

  func hear(_ node: NodeID) {
    deaf.remove(node)
    let calls = missed
    missed = []
    for call in calls { call() }
  }

  /// What libvirt says of the guest where it runs.
  func say(_ host: TestHost, job: Int64? = nil, isPaused: Bool = false) {
    let process = host === source ? vm.process : copy.process
    host.glimpse(
      vm, vm.resources, isPaused: isPaused, departure: job.map { Timestamp(milliseconds: $0) },
      process: process)
  }

  /// libvirt's first half of a live migration: until the destination's QEMU waits for the stream.
  @discardableResult
  func prepare(job: Int64 = 1, isIncoming: Bool = true) -> Reply? {
    say(source, job: job)
    #expect(destination.hook(.migrate, vm) == .done)
    for operation in [HookOperation.prepare, .start, .started] {
      if operation == .started {
        destination.qemus[vm.uuid] = copy.process
        destination.alive.insert(copy.process)
        if isIncoming { destination.incoming.insert(copy.process) }
      }
      let reply = destination.hook(operation, vm)
      guard reply == .done else {
        if operation == .started { destination.exit(copy.process) }
        destination.stopHooks(vm)
        return reply
      }
    }
    return .done
  }

  /// The other half.
  func finish() {
    say(source, job: 1, isPaused: true)
    say(destination)
    source.destroy(vm)
    settle()
  }

  /// The end of an agent cancels what waits, and leaves what is in NL.
  func destinationDies() {
    for lock in engine.locks() where lock.requested != nil {
      engine.cancel(lock.lock)
      engine.unlock(lock.lock) { _ in }
    }
  }

  func restartDestination() -> TestHost {
    destinationDies()
    let next = TestHost(
      isReady: false, lockspace: "ls", locksOutliveAgent: true, node: Self.nodes[1], engine: engine)
    add(next)
    return TestHost.restarted(destination, as: next)
  }

  /// The source's next agent, before it knows the ledger. It is not granted or refused anything by the
  /// others' lock manager.
  func nextSource() -> TestHost {
    let next = TestHost(
      isReady: false, lockspace: "ls", locksOutliveAgent: true, node: Self.nodes[0])
    add(next)
    return next
  }

  func settle() {
    for host in hosts.values { host.settle() }
  }

  /// Nobody else gets the disk.
  func isShut() -> Bool {
    let isRefused = third.start(rival)?.refusal?.code == .conflict
    return isRefused && third.phase(rival) == nil
  }

  /// What the lock manager has of the guest's disk and identity, by mode; each must be one.
  var modes: [String] {
    engine.locks().filter { !$0.resource.description.contains("#") }
      .map { "\($0.granted.map { "\($0)" } ?? "-")\($0.requested.map { ">\($0)" } ?? "")" }
      .sorted()
  }
}

extension VM {
  init(_ number: Int, _ resources: [Resource], pid: Int32) {
    self.init(number, resources, process: ProcessRef(pid: pid, startTime: 9))
  }
}
