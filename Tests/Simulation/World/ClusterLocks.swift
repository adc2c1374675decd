import Glibc
import LockEngines
import LockModel
import Synchronization

/// One cluster's lock manager: the project's own table (``LockTable``) as the master of every resource,
/// shared by the engines of several nodes, and what each node's kernel adds to it.
///
/// As in the kernel, a lock outlives the process that took it, as an orphan of its node, until the next
/// process of that node adopts it or the node is cast out; and a lock has a number on its node, which
/// is given to the next request as soon as the lock has ended, before its process has read that.
///
/// What is sent to the master waits here until ``perform(_:)``, and news wait until a process reads
/// them; the driver of the simulation decides when, and in which order.
public final class ClusterLocks: Sendable {
  /// An operation that a node's kernel has sent to the master.
  struct Operation: Sendable {
    enum Kind {
      case request(LockMode, LockOptions, LockValue?)
      case convert(LockMode, LockOptions, LockValue?)
      case unlock
      case cancel
    }

    let number: Int
    let engine: Int
    let lock: Int
    let kind: Kind
    /// On what; operations of one node on one resource keep their order.
    let resource: ResourceName
  }

  /// A lock in some mode, for those who look at the cluster from outside.
  struct Held: Hashable {
    let node: Int
    let resource: ResourceName
    let mode: LockMode
    let isOrphan: Bool
  }

  /// A lock of a node, from its request to its end.
  struct Lock {
    let node: Int
    /// Nil for an orphan.
    var engine: Int?
    let resource: ResourceName
    /// The kernel's, on its node.
    let number: KernelNumber
    /// By which the master knows it; nil until the request is there.
    var master: LockID?
    /// What the next news of it say (`castparam`).
    var operation: OperationID
    /// As the master has it.
    var granted: LockMode?
    /// What it was last asked for in.
    var requested: LockMode
    var underWay = UnderWay.nothing
  }

  /// What a node's kernel has sent to the master for a lock and has no answer to.
  enum UnderWay {
    case nothing
    /// A conversion to less: granted on the node itself, so that a release may follow at once.
    case downConversion
    case downConversionThenRelease
    /// A request, any other conversion, or a release.
    case operation

    /// One of them has ended.
    mutating func end() { self = self == .downConversionThenRelease ? .operation : .nothing }
  }

  struct State {
    var table = LockTable()
    /// By a count of their own.
    var locks: [Int: Lock] = [:]
    /// By the master's ids.
    var lockOfMaster: [LockID: Int] = [:]
    var lockOfNumber: [NumberOnNode: Int] = [:]
    var nodes: [Int: Int] = [:]
    /// Engines whose lockspace was taken from under them.
    var adrift: Set<Int> = []
    /// Nodes on which a recovery waits.
    var stopped: Set<Int> = []
    /// Processes that cannot end before their node's lockspace goes on.
    var dying: [Int] = []
    var operations: [Operation] = []
    /// By engine, in the order in which its process reads them.
    var news: [Int: [LockNews]] = [:]
    /// Engines that have got news since the driver last asked, once for each.
    var arrivals: [Int] = []
    /// By node and resource, every mode that was ever granted.
    var past: [Int: [ResourceName: Set<LockMode>]] = [:]
    var lastLock = 0
    var lastOperation = 0
    var lastEngine = 0
    var changes = 0
  }

  struct NumberOnNode: Hashable {
    let node: Int
    let number: KernelNumber
  }

  private let state = Mutex(State())

  /// Holds nothing.
  public init() {}

  /// The engine of a new process on a node.
  ///
  /// - Parameters:
  ///   - isPrompt: whether it performs and answers by itself, at once.
  ///   - later: does something after a number of ms; at once by default.
  public func engine(
    node: Int, isPrompt: Bool = false,
    later: @escaping @Sendable (Int64, @escaping @Sendable () -> Void) -> Void = { $1() }
  ) -> NodeEngine {
    let number = state.withLock { state in
      state.lastEngine += 1
      state.nodes[state.lastEngine] = node
      return state.lastEngine
    }
    return NodeEngine(self, number: number, isPrompt: isPrompt, later: later)
  }

  // MARK: - What a process asks its kernel for

  func request(
    _ engine: Int, _ resource: ResourceName, _ mode: LockMode, _ options: LockOptions,
    _ block: LockValue, _ operation: OperationID
  ) throws(SubmissionError) -> KernelNumber {
    try state.withLock { (state) throws(SubmissionError) in
      let index = try state.create(engine, resource, mode, operation)
      state.send(.request(mode, options, block), index, operation, as: .operation)
      return state.locks[index]?.number ?? 0
    }
  }

  func convert(
    _ engine: Int, _ number: KernelNumber, _ mode: LockMode, _ options: LockOptions,
    _ block: LockValue?, _ operation: OperationID
  ) throws(SubmissionError) {
    try state.withLock { (state) throws(SubmissionError) in
      let index = try state.find(engine, number)
      state.locks[index]?.operation = operation
      guard let lock = state.locks[index], lock.underWay == .nothing else {
        throw SubmissionError(errno: EBUSY)
      }
      let isLess = lock.granted.map { $0.covers(mode) } == true
      state.send(
        .convert(mode, options, block), index, operation, as: isLess ? .downConversion : .operation)
    }
  }

  func unlock(_ engine: Int, _ number: KernelNumber, _ operation: OperationID)
    throws(SubmissionError)
  {
    try state.withLock { (state) throws(SubmissionError) in
      let index = try state.find(engine, number)
      state.locks[index]?.operation = operation
      switch state.locks[index]?.underWay {
      case .nothing: state.send(.unlock, index, operation, as: .operation)
      case .downConversion: state.send(.unlock, index, operation, as: .downConversionThenRelease)
      case .downConversionThenRelease, .operation, nil: throw SubmissionError(errno: EBUSY)
      }
    }
  }

  func cancel(_ engine: Int, _ number: KernelNumber, _ operation: OperationID)
    throws(SubmissionError)
  {
    try state.withLock { (state) throws(SubmissionError) in
      let index = try state.find(engine, number)
      state.locks[index]?.operation = operation
      guard let lock = state.locks[index], lock.underWay != .nothing else { return }
      state.lastOperation += 1
      state.operations.append(
        Operation(
          number: state.lastOperation, engine: engine, lock: index, kind: .cancel,
          resource: lock.resource))
    }
  }

  func adopt(_ engine: Int, _ resource: ResourceName, _ mode: LockMode) throws(SubmissionError)
    -> KernelNumber
  {
    try state.withLock { (state) throws(SubmissionError) in
      guard !state.adrift.contains(engine) else { throw SubmissionError(errno: ENOENT) }
      let node = state.nodes[engine]
      let orphans = state.sorted.filter {
        $1.node == node && $1.engine == nil && $1.resource == resource
      }
      guard let (index, lock) = orphans.first(where: { $1.granted == mode }) else {
        throw SubmissionError(errno: orphans.isEmpty ? ENOENT : EAGAIN)
      }
      state.changes += 1
      state.locks[index]?.engine = engine
      return lock.number
    }
  }

  func isStopped(_ engine: Int) -> Bool {
    state.withLock { state in state.nodes[engine].map(state.stopped.contains) == true }
  }

  /// The next news for an engine's process.
  func nextNews(_ engine: Int) -> LockNews? {
    state.withLock { state in
      guard let news = state.news[engine]?.first else { return nil }
      state.news[engine]?.removeFirst()
      return news
    }
  }

  /// The locks of an engine's node.
  func table(_ engine: Int) -> KernelTable {
    state.withLock { state in
      let node = state.nodes[engine]
      return KernelTable(
        entries: state.sorted.filter { $1.node == node }.map { _, lock in
          .init(number: lock.number, granted: lock.granted, name: lock.resource.description)
        })
    }
  }

  /// What another program submits: an address of its own.
  static let ofAnotherProgram = OperationID(rawValue: 0x5600_0000_1000)

  // MARK: - The driver of the simulation

  /// What waits to be performed, taken out.
  func takeOperations() -> [Operation] {
    state.withLock { state in
      defer { state.operations = [] }
      return state.operations
    }
  }

  /// The engines whose news wait to be read, one for each of them; taken out.
  func takeArrivals() -> [Int] {
    state.withLock { state in
      defer { state.arrivals = [] }
      return state.arrivals
    }
  }

  /// Counts what has changed in the table.
  var changes: Int { state.withLock { $0.changes } }

  func perform(_ operation: Operation) {
    state.withLock { $0.perform(operation) }
  }

  /// The end of an engine's process: what it held are orphans, what it waited for is withdrawn. That
  /// waits until the node's lockspace goes on.
  func die(_ engine: Int) {
    state.withLock { state in
      state.operations.removeAll { $0.engine == engine }
      state.arrivals.removeAll { $0 == engine }
      state.news[engine] = nil
      if let node = state.nodes[engine], state.stopped.contains(node) {
        state.dying.append(engine)
      } else {
        state.leaveOrphans(of: engine)
      }
    }
  }

  /// A recovery begins on a node, or is done there.
  func setStopped(_ isStopped: Bool, node: Int) {
    state.withLock { state in
      guard !isStopped else {
        state.stopped.insert(node)
        return
      }
      state.stopped.remove(node)
      for engine in state.dying where state.nodes[engine] == node { state.leaveOrphans(of: engine) }
      state.dying.removeAll { state.nodes[$0] == node }
    }
  }

  /// The locks of a node that was cast out are dropped, and with them what its writers wrote.
  func castOut(_ node: Int) {
    state.withLock { state in
      for (index, lock) in state.sorted where lock.node == node { state.drop(index) }
    }
  }

  /// The lockspace is taken from under the engines of a node: what it held is gone, and everything
  /// else it asks for fails.
  func setAdrift(_ engine: Int, node: Int) {
    state.withLock { state in
      state.adrift.insert(engine)
      for (index, lock) in state.sorted where lock.node == node {
        state.reportEnd(of: index, lock.operation)
        state.drop(index)
      }
    }
  }

  /// Removes a granted lock by force. Its process is told only where it waits for something of it.
  ///
  /// - Returns: whether there was one.
  func steal(_ resource: ResourceName, from node: Int) -> Bool {
    state.withLock { state in
      guard
        let (index, _) = state.sorted.first(where: {
          $1.node == node && $1.resource == resource && $1.granted?.writesValue == true
        })
      else { return false }
      state.reportEnd(of: index, Self.ofAnotherProgram)
      state.drop(index)
      return true
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
