import Glibc
import LockEngines
import LockModel

// What a node's kernel and the master of a resource do.
extension ClusterLocks.State {
  /// `DLM_ECANCEL` and `DLM_EUNLOCK` (linux/dlmconstants.h).
  private static let cancelled: Int32 = 0x10001
  private static let unlocked: Int32 = 0x10002

  var sorted: [(Int, ClusterLocks.Lock)] {
    locks.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  // MARK: - What a node's kernel does by itself

  mutating func create(
    _ engine: Int, _ resource: ResourceName, _ mode: LockMode, _ operation: OperationID
  ) throws(SubmissionError) -> Int {
    guard !adrift.contains(engine), let node = nodes[engine] else {
      throw SubmissionError(errno: ENOENT)
    }
    // The smallest that is free (fs/dlm/lock.c, `_create_lkb`).
    var number: KernelNumber = 1
    while lockOfNumber[.init(node: node, number: number)] != nil { number += 1 }
    lastLock += 1
    locks[lastLock] = ClusterLocks.Lock(
      node: node, engine: engine, resource: resource, number: number, operation: operation,
      requested: mode)
    lockOfNumber[.init(node: node, number: number)] = lastLock
    return lastLock
  }

  /// The lock that has a number now, whose ever it is.
  func find(_ engine: Int, _ number: KernelNumber) throws(SubmissionError) -> Int {
    guard !adrift.contains(engine), let node = nodes[engine],
      let index = lockOfNumber[.init(node: node, number: number)]
    else { throw SubmissionError(errno: ENOENT) }
    return index
  }

  mutating func send(
    _ kind: ClusterLocks.Operation.Kind, _ index: Int, _ operation: OperationID,
    as underWay: ClusterLocks.UnderWay
  ) {
    guard let lock = locks[index] else { return }
    locks[index]?.operation = operation
    locks[index]?.underWay = underWay
    lastOperation += 1
    operations.append(
      ClusterLocks.Operation(
        number: lastOperation, engine: lock.engine ?? 0, lock: index, kind: kind,
        resource: lock.resource))
  }

  /// - Parameter status: as in ``LockNews/status``.
  private mutating func report(_ index: Int, _ status: Int32, _ value: LockValue? = nil) {
    guard let lock = locks[index], let engine = lock.engine, !dying.contains(engine) else { return }
    var item = LockNews(number: lock.number, status: status, operation: lock.operation)
    item.value = value
    news[engine, default: []].append(item)
    arrivals.append(engine)
  }

  /// Reports to the process that waits for an operation that the lock is gone.
  mutating func reportEnd(of index: Int, _ operation: OperationID) {
    guard let lock = locks[index], lock.underWay != .nothing else { return }
    locks[index]?.operation = operation
    report(index, Self.unlocked)
  }

  // MARK: - The master

  mutating func perform(_ operation: ClusterLocks.Operation) {
    changes += 1
    let index = operation.lock
    // Dropped with its node, or with the lockspace: it is never answered.
    guard let lock = locks[index] else { return }
    do throws(LockTable.Rejection) {
      switch operation.kind {
      case .request(let mode, let options, let value):
        let (master, completions) = table.lock(lock.resource, mode, options, value: value)
        locks[index]?.master = master
        lockOfMaster[master] = index
        finish(completions)
      case .convert(let mode, let options, let value):
        guard let master = lock.master else { return }
        let completions = try table.convert(master, to: mode, options, value: value)
        locks[index]?.requested = mode
        finish(completions)
      case .unlock:
        guard let master = lock.master else { return }
        finish(try table.unlock(master, value: nil))
      case .cancel:
        guard let master = lock.master else { return }
        finish(try table.cancel(master))
      }
    } catch {
      locks[index]?.underWay.end()
      report(index, error == .invalid ? EINVAL : EBUSY)
    }
  }

  /// Reports to those who wait, and frees the numbers of what has ended.
  private mutating func finish(_ completions: [LockTable.Completion]) {
    for completion in completions {
      guard let index = lockOfMaster[completion.lock], let lock = locks[index] else { continue }
      locks[index]?.underWay.end()
      switch completion.outcome {
      case .granted(let value):
        locks[index]?.granted = lock.requested
        past[lock.node, default: [:]][lock.resource, default: []].insert(lock.requested)
        report(index, 0, value)
      case .refused: report(index, EAGAIN)
      case .cancelled: report(index, Self.cancelled)
      case .deadlock: report(index, EDEADLK)
      case .released:
        report(index, Self.unlocked)
        locks[index]?.granted = nil
      case .invalid: report(index, EINVAL)
      case .busy, .unknownLock, .failed: break
      }
      if locks[index]?.granted == nil { forget(index) }
    }
  }

  private mutating func forget(_ index: Int) {
    guard let lock = locks.removeValue(forKey: index) else { return }
    lockOfNumber[.init(node: lock.node, number: lock.number)] = nil
    if let master = lock.master { lockOfMaster[master] = nil }
  }

  // MARK: - The end of processes and nodes

  mutating func leaveOrphans(of engine: Int) {
    for (index, lock) in sorted where lock.engine == engine {
      changes += 1
      locks[index]?.engine = nil
      locks[index]?.underWay = .nothing
      // Cancelling what does not wait does nothing.
      if let master = lock.master, let completions = try? table.cancel(master) {
        finish(completions)
      }
      if locks[index]?.granted == nil { forget(index) }
    }
  }

  mutating func drop(_ index: Int) {
    changes += 1
    locks[index]?.engine = nil
    if let master = locks[index]?.master {
      if let completions = try? table.cancel(master) { finish(completions) }
      if let completions = try? table.unlock(master, value: LockValue.none) { finish(completions) }
    }
    forget(index)
  }
}
