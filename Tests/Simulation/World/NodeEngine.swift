import LockEngineConformance
import LockEngines
import LockModel
import Synchronization

/// The lock engine of one process on one node of a simulated cluster: the same ``KernelLocks`` as on a
/// real node, over a simulated lockspace.
public final class NodeEngine: LockEngine {
  typealias Locks = KernelLocks<SimulatedLockspace>
  typealias Task = @Sendable (Locks) -> Void

  private struct State {
    var tasks: [Task] = []
    /// Whether tasks are being run: what their completions ask for runs after them.
    var isRunning = false
    /// What begins together, by what it is about; nil outside ``together(_:)``.
    var batch: [(resource: String, task: Task)]?
    var resources: [LockID: String] = [:]
    var lastLock: UInt64 = 0
  }

  /// Counts the engines of the cluster.
  let number: Int
  private let cluster: ClusterLocks
  private let isPrompt: Bool
  private let later: @Sendable (Int64, @escaping @Sendable () -> Void) -> Void
  private let losses = LossReport()
  private let state = Mutex(State())
  private let kernelLocks: Mutex<Locks>

  init(
    _ cluster: ClusterLocks, number: Int, isPrompt: Bool,
    later: @escaping @Sendable (Int64, @escaping @Sendable () -> Void) -> Void
  ) {
    self.cluster = cluster
    self.number = number
    self.isPrompt = isPrompt
    self.later = later
    // Of each process others, and the same in each run.
    var random = SeededRandom(seed: UInt64(number))
    kernelLocks = Mutex(Locks(SimulatedLockspace(cluster, number), losses, using: &random))
  }

  /// As the kernel's; answered when the driver of the cluster lets it.
  public func lock(
    _ resource: ResourceName, _ mode: LockMode, _ options: LockOptions, value: LockValue?,
    then: @escaping Completion
  ) -> LockID {
    let lock = nextLock(resource)
    perform(about: resource.description) { $0.request(lock, resource, mode, options, then) }
    return lock
  }

  /// As the kernel's; answered when the driver of the cluster lets it.
  public func convert(
    _ lock: LockID, to mode: LockMode, _ options: LockOptions, value: LockValue?,
    then: @escaping Completion
  ) {
    perform(about: resource(of: lock)) { $0.convert(lock, mode, options, value, then) }
  }

  /// As the kernel's: the operation that waits is the one that is answered.
  public func cancel(_ lock: LockID) {
    perform(about: resource(of: lock)) { $0.cancel(lock) }
  }

  /// As the kernel's; answered when the driver of the cluster lets it.
  public func unlock(_ lock: LockID, value: LockValue?, then: @escaping Completion) {
    perform(about: resource(of: lock)) { $0.unlock(lock, value, then) }
  }

  /// Takes over what a former process of the same node has left.
  public func adopt(
    _ resource: ResourceName, _ mode: LockMode, then: @escaping @Sendable (Adoption) -> Void
  ) {
    let lock = nextLock(resource)
    perform(about: resource.description) { [self] locks in
      locks.adopt(lock, resource, mode, then) {
        later(200) { [self] in adopt(resource, mode, then: then) }
      }
    }
  }

  /// Asked for in the order of the names of what is locked, so that a seed is replayed exactly: a caller
  /// that begins several operations may have them from a dictionary.
  public func together(_ begin: () -> Void) {
    let isOutermost = state.withLock { state in
      defer { state.batch = state.batch ?? [] }
      return state.batch == nil
    }
    begin()
    guard isOutermost else { return }
    state.withLock { state in
      let batch = (state.batch ?? []).enumerated().sorted {
        ($0.element.resource, $0.offset) < ($1.element.resource, $1.offset)
      }
      state.tasks += batch.map(\.element.task)
      state.batch = nil
    }
    runTasks()
  }

  /// A snapshot.
  public func locks() -> [LockRecord] {
    kernelLocks.withLock { $0.all }
  }

  /// Told of locks that were removed by force, at the next ``audit()``.
  public func onLoss(_ report: @escaping @Sendable (LockLoss) -> Void) {
    losses.setReceiver(report)
  }

  /// Compares what it holds with the kernel's table, as the agent does every 30 s.
  func audit() {
    perform(about: "") { _ = $0.audit() }
  }

  /// Gives back what a former process of the node has left and nobody has adopted.
  func releaseStrangers(then: @escaping @Sendable ([StrangerLock]) -> Void) {
    perform(about: "") { then($0.releaseStrangers() ?? []) }
  }

  /// Reads one of the kernel's news.
  func read() {
    perform(about: "") { locks in
      if let news = locks.device.nextNews() { locks.take(news) }
    }
  }

  /// Ends as its process does.
  public func die() {
    cluster.die(number)
  }

  private func nextLock(_ resource: ResourceName) -> LockID {
    state.withLock { state in
      state.lastLock += 1
      let lock = LockID(number: state.lastLock)
      state.resources[lock] = resource.description
      return lock
    }
  }

  private func resource(of lock: LockID) -> String {
    state.withLock { $0.resources[lock] ?? "" }
  }

  private func perform(about resource: String, _ task: @escaping Task) {
    let isPutOff = state.withLock { state in
      guard state.batch == nil else {
        state.batch?.append((resource, task))
        return true
      }
      state.tasks.append(task)
      return false
    }
    if !isPutOff { runTasks() }
  }

  /// What a task's completions ask for runs after it, as on the engine's thread.
  private func runTasks() {
    let isRunning = state.withLock { state in
      defer { state.isRunning = true }
      return state.isRunning
    }
    if isRunning { return }
    while let task = nextTask() { kernelLocks.withLock { task($0) } }
    state.withLock { $0.isRunning = false }
  }

  /// Where the engine is prompt, the master is asked within each operation, as the kernel does on the
  /// node that is the master, and news are read once nothing is left to do.
  private func nextTask() -> Task? {
    if isPrompt {
      for operation in cluster.takeOperations() { cluster.perform(operation) }
    }
    if let task = state.withLock({ $0.tasks.isEmpty ? nil : $0.tasks.removeFirst() }) {
      return task
    }
    guard isPrompt, !cluster.takeArrivals().isEmpty else { return nil }
    return { $0.takeNews() }
  }
}

/// One process's descriptor of the simulated lockspace.
final class SimulatedLockspace: LockDevice {
  private let cluster: ClusterLocks
  private let engine: Int

  init(_ cluster: ClusterLocks, _ engine: Int) {
    self.cluster = cluster
    self.engine = engine
  }

  let name = "libvirt"

  func request(
    _ resource: ResourceName, _ mode: LockMode, _ options: LockOptions, block: LockValue,
    _ operation: OperationID
  ) throws(SubmissionError) -> KernelNumber {
    try cluster.request(engine, resource, mode, options, block, operation)
  }

  func convert(
    _ number: KernelNumber, to mode: LockMode, _ options: LockOptions, block: LockValue?,
    _ operation: OperationID
  ) throws(SubmissionError) {
    try cluster.convert(engine, number, mode, options, block, operation)
  }

  func cancel(_ number: KernelNumber, _ operation: OperationID) throws(SubmissionError) {
    try cluster.cancel(engine, number, operation)
  }

  func unlock(_ number: KernelNumber, _ operation: OperationID) throws(SubmissionError) {
    try cluster.unlock(engine, number, operation)
  }

  func adopt(_ resource: ResourceName, _ mode: LockMode) throws(SubmissionError) -> KernelNumber {
    try cluster.adopt(engine, resource, mode)
  }

  func nextNews() -> LockNews? { cluster.nextNews(engine) }

  var isStopped: Bool { cluster.isStopped(engine) }

  func table() -> KernelTable? { cluster.table(engine) }
}
