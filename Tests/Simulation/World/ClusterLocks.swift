import LockEngines
import LockModel
import Synchronization

/// One cluster's lock manager: the project's own table (``LockTable``), shared by the engines of
/// several nodes.
///
/// As in the kernel, a lock outlives the process that took it, as an orphan of its node, until the next
/// process of that node adopts it or the node is cast out.
///
/// The operations of an engine wait here until ``perform(_:)``, their answers until ``tell(_:)``; who
/// drives the simulation decides when, and in which order.
public final class ClusterLocks: Sendable {
  /// An operation that an engine has asked for and the lock manager has not yet taken up.
  struct Operation: Sendable {
    enum Kind {
      case lock(ResourceName, LockMode, LockOptions, LockValue?)
      case convert(LockMode, LockOptions, LockValue?)
      case unlock(LockValue?)
      case cancel
      case adopt(ResourceName, LockMode, then: @Sendable (Adoption) -> Void)
    }

    let number: Int
    let engine: Int
    let lock: LockID
    let kind: Kind
    /// Nil for one that has no answer of its own.
    let then: LockEngine.Completion?
    /// On what; operations of one node on one resource keep their order.
    let resource: ResourceName?
  }

  /// An answer on its way to an engine.
  struct Answer: Sendable {
    let engine: Int
    let tell: @Sendable () -> Void
  }

  /// A lock in some mode, for those who look at the cluster from outside.
  struct Held: Hashable {
    let node: Int
    let resource: ResourceName
    let mode: LockMode
    let isOrphan: Bool
  }

  fileprivate struct Lock {
    let node: Int
    /// Nil for an orphan.
    var engine: Int?
    let resource: ResourceName
    /// By what the engine knows it.
    var handle: LockID
    var granted: LockMode?
    /// What it was last asked for in.
    var requested: LockMode
  }

  fileprivate struct State {
    var table = LockTable()
    /// By the table's number.
    var locks: [LockID: Lock] = [:]
    /// The table's number by that of the engines.
    var numbers: [LockID: LockID] = [:]
    var resources: [LockID: ResourceName] = [:]
    var nodes: [Int: Int] = [:]
    var reports: [Int: @Sendable (LockLoss) -> Void] = [:]
    /// Engines whose lockspace was taken from under them.
    var adrift: Set<Int> = []
    var busy: [LockID: LockEngine.Completion?] = [:]
    var operations: [Operation] = []
    var answers: [Answer] = []
    var batch: [Operation]?
    /// By node and resource, every mode that was ever granted.
    var past: [Int: [ResourceName: Set<LockMode>]] = [:]
    var lastHandle: UInt64 = 0
    var lastOperation = 0
    var lastEngine = 0
    var changes = 0
  }

  private let state = Mutex(State())

  /// Holds nothing.
  public init() {}

  /// The engine of a new process on a node.
  ///
  /// - Parameter isPrompt: whether it performs and answers by itself, at once.
  public func engine(node: Int, isPrompt: Bool = false) -> NodeEngine {
    let number = state.withLock { state in
      state.lastEngine += 1
      state.nodes[state.lastEngine] = node
      return state.lastEngine
    }
    return NodeEngine(self, number: number, isPrompt: isPrompt)
  }

  // MARK: - What engines ask for

  func submit(
    _ engine: Int, _ lock: LockID?, _ kind: Operation.Kind, then: LockEngine.Completion?
  ) -> LockID {
    state.withLock { state in
      let handle: LockID
      if let lock {
        handle = lock
      } else {
        state.lastHandle += 1
        handle = LockID(number: state.lastHandle)
      }
      switch kind {
      case .lock(let resource, _, _, _): state.resources[handle] = resource
      default: break
      }
      let resource: ResourceName? =
        if case .adopt(let resource, _, _) = kind { resource } else { state.resources[handle] }
      state.lastOperation += 1
      let operation = Operation(
        number: state.lastOperation, engine: engine, lock: handle, kind: kind, then: then,
        resource: resource)
      if state.batch != nil {
        state.batch?.append(operation)
      } else {
        state.operations.append(operation)
      }
      return handle
    }
  }

  /// Sorted, because whoever begins several operations may have them from a dictionary.
  func together(_ begin: () -> Void) {
    let isOutermost = state.withLock { state in
      defer { state.batch = state.batch ?? [] }
      return state.batch == nil
    }
    begin()
    guard isOutermost else { return }
    state.withLock { state in
      let batch = (state.batch ?? []).sorted {
        (($0.resource?.description ?? ""), $0.number) < (
          ($1.resource?.description ?? ""), $1.number
        )
      }
      state.operations += batch
      state.batch = nil
    }
  }

  func onLoss(_ engine: Int, _ report: @escaping @Sendable (LockLoss) -> Void) {
    state.withLock { $0.reports[engine] = report }
  }

  func records(_ engine: Int) -> [LockRecord] {
    state.withLock { state in
      state.table.locks.compactMap { record in
        guard let lock = state.locks[record.lock], lock.engine == engine else { return nil }
        return LockRecord(
          lock: lock.handle, resource: record.resource, granted: record.granted,
          requested: record.requested, queue: record.queue)
      }
    }
  }

  // MARK: - Who drives the simulation

  /// What waits to be performed, taken out.
  func takeOperations() -> [Operation] {
    state.withLock { state in
      defer { state.operations = [] }
      return state.operations
    }
  }

  /// What waits to be told, taken out.
  func takeAnswers() -> [Answer] {
    state.withLock { state in
      defer { state.answers = [] }
      return state.answers
    }
  }

  /// Counts what has changed in the table.
  var changes: Int { state.withLock { $0.changes } }

  func perform(_ operation: Operation) {
    state.withLock { $0.perform(operation) }
  }

  /// The end of an engine's process: what it held are orphans now, what it waited for is withdrawn.
  func die(_ engine: Int) {
    state.withLock { state in
      state.operations.removeAll { $0.engine == engine }
      state.answers.removeAll { $0.engine == engine }
      for (number, lock) in state.sorted where lock.engine == engine {
        state.orphan(number)
      }
    }
  }

  /// The locks of a node that was cast out are dropped, and with them what its writers wrote.
  func castOut(_ node: Int) {
    state.withLock { state in
      for (number, lock) in state.sorted where lock.node == node { state.drop(number) }
    }
  }

  /// The lockspace is taken from under the engines of a node: what it held is gone, and everything
  /// else it asks for fails.
  func setAdrift(_ engine: Int, node: Int) {
    state.withLock { state in
      state.adrift.insert(engine)
      for (number, lock) in state.sorted where lock.node == node { state.drop(number) }
    }
  }

  /// Removes a granted lock by force.
  ///
  /// - Returns: what tells its engine of it, later; nil where no engine has it.
  func steal(_ resource: ResourceName, from node: Int) -> (@Sendable () -> Void)? {
    state.withLock { state in
      guard
        let (number, lock) = state.sorted.first(where: {
          $1.node == node && $1.resource == resource && $1.granted?.writesValue == true
        })
      else { return nil }
      state.drop(number)
      guard let engine = lock.engine, let report = state.reports[engine] else { return {} }
      let loss = LockLoss(lock: lock.handle, resource: resource, reason: "it was removed by force")
      return { report(loss) }
    }
  }

  /// Gives back what a former process of the node has left and nobody has adopted.
  func releaseOrphans(of node: Int) -> [ResourceName] {
    state.withLock { state in
      let orphans = state.sorted.filter { $1.node == node && $1.engine == nil }
      for (number, _) in orphans { state.drop(number) }
      return orphans.map(\.1.resource)
    }
  }

  /// Everything that is held in another mode than NL, in a stable order.
  var held: [Held] {
    state.withLock { state in
      state.sorted.compactMap { _, lock in
        guard let mode = lock.granted, mode != .nl else { return nil }
        return Held(
          node: lock.node, resource: lock.resource, mode: mode, isOrphan: lock.engine == nil)
      }
    }
  }

  /// The modes for which a node's conversions from NL wait.
  func waiting(_ resource: ResourceName, on node: Int) -> [LockMode] {
    state.withLock { state in
      state.locks.values.compactMap {
        $0.node == node && $0.resource == resource && $0.granted == .nl && $0.requested != .nl
          ? $0.requested : nil
      }
    }
  }

  /// Whether a node has ever held a resource in that mode, or in one that covers it.
  func hasHeld(_ resource: ResourceName, _ mode: LockMode, on node: Int) -> Bool {
    state.withLock { $0.past[node]?[resource]?.contains { $0.covers(mode) } == true }
  }

  /// The modes in which a node holds a resource.
  func modes(_ resource: ResourceName, on node: Int) -> [LockMode] {
    state.withLock { state in
      state.locks.values.compactMap {
        $0.node == node && $0.resource == resource ? $0.granted : nil
      }
    }
  }
}

extension ClusterLocks.State {
  var sorted: [(LockID, ClusterLocks.Lock)] {
    locks.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  mutating func perform(_ operation: ClusterLocks.Operation) {
    changes += 1
    let engine = operation.engine
    if case .adopt(let resource, let mode, let then) = operation.kind {
      let adoption = adrift.contains(engine) ? .nothing : adopt(resource, mode, operation)
      answers.append(.init(engine: engine) { then(adoption) })
      return
    }
    func answer(_ outcome: LockOutcome) {
      guard let then = operation.then else { return }
      answers.append(.init(engine: engine) { then(outcome) })
    }
    if adrift.contains(engine) {
      if case .lock = operation.kind { return answer(.failed(errno: 22)) }
      return answer(.unknownLock)
    }
    if case .lock(let resource, let mode, let options, let value) = operation.kind {
      let (number, completions) = table.lock(resource, mode, options, value: value)
      locks[number] = ClusterLocks.Lock(
        node: nodes[engine] ?? 0, engine: engine, resource: resource, handle: operation.lock,
        requested: mode)
      numbers[operation.lock] = number
      busy[number] = .some(operation.then)
      return finish(completions)
    }
    guard let number = numbers[operation.lock], locks[number]?.engine == engine else {
      return answer(.unknownLock)
    }
    do throws(LockTable.Rejection) {
      switch operation.kind {
      case .lock, .adopt: break
      case .convert(let mode, let options, let value):
        let completions = try table.convert(number, to: mode, options, value: value)
        locks[number]?.requested = mode
        busy[number] = .some(operation.then)
        finish(completions)
      case .unlock(let value):
        let completions = try table.unlock(number, value: value)
        busy[number] = .some(operation.then)
        finish(completions)
      case .cancel: finish(try table.cancel(number))
      }
    } catch {
      answer(error.outcome)
    }
  }

  private mutating func adopt(
    _ resource: ResourceName, _ mode: LockMode, _ operation: ClusterLocks.Operation
  ) -> Adoption {
    let node = nodes[operation.engine]
    let orphans = sorted.filter { $1.node == node && $1.engine == nil && $1.resource == resource }
    guard let (number, _) = orphans.first(where: { $1.granted == mode }) else {
      return orphans.isEmpty ? .nothing : .otherMode
    }
    locks[number]?.engine = operation.engine
    locks[number]?.handle = operation.lock
    numbers[operation.lock] = number
    resources[operation.lock] = resource
    return .adopted(operation.lock)
  }

  /// Tells those who wait, and forgets what ended.
  private mutating func finish(_ completions: [LockTable.Completion]) {
    for completion in completions {
      let number = completion.lock
      switch completion.outcome {
      case .granted:
        guard let lock = locks[number] else { break }
        locks[number]?.granted = lock.requested
        past[lock.node, default: [:]][lock.resource, default: []].insert(lock.requested)
      case .released: locks[number]?.granted = nil
      default: break
      }
      if let then = busy.removeValue(forKey: number), let then, let engine = locks[number]?.engine {
        let outcome = completion.outcome
        answers.append(.init(engine: engine) { then(outcome) })
      }
      if locks[number]?.granted == nil { forget(number) }
    }
  }

  private mutating func forget(_ number: LockID) {
    guard let lock = locks.removeValue(forKey: number) else { return }
    numbers[lock.handle] = nil
    resources[lock.handle] = nil
    busy[number] = nil
  }

  mutating func orphan(_ number: LockID) {
    changes += 1
    busy[number] = nil
    // Cancelling what does not wait does nothing.
    if let completions = try? table.cancel(number) { finish(completions) }
    guard let lock = locks[number] else { return }
    numbers[lock.handle] = nil
    locks[number]?.engine = nil
  }

  mutating func drop(_ number: LockID) {
    changes += 1
    busy[number] = nil
    if let completions = try? table.cancel(number) { finish(completions) }
    guard locks[number] != nil else { return }
    if let completions = try? table.unlock(number, value: LockValue.none) { finish(completions) }
  }
}
