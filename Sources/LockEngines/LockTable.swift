import LockModel

/// The kernel lock manager's semantics for one process, as a pure value: no clock, no I/O, no
/// threads.
///
/// Every operation answers with the completions that have become due by it, in order: its own
/// first, if it has one yet, then those of the requests that it let through.
public struct LockTable: Sendable {
  /// The end of one operation.
  public struct Completion: Hashable, Sendable {
    /// The lock on which the operation was.
    public let lock: LockID
    /// How it ended; ``Rejection/busy`` and ``Rejection/unknownLock`` are thrown instead.
    public let outcome: LockOutcome

    /// Changes nothing by itself: the table has acted already.
    public init(_ lock: LockID, _ outcome: LockOutcome) {
      self.lock = lock
      self.outcome = outcome
    }
  }

  /// Why an operation on a lock was not begun. Not a ``Completion``, because the operation that
  /// is under way on that lock will have one.
  public enum Rejection: Error, Hashable, Sendable {
    case busy, unknownLock, invalid

    /// The same to whoever asked an engine.
    public var outcome: LockOutcome {
      switch self {
      case .busy: .busy
      case .unknownLock: .unknownLock
      case .invalid: .invalid
      }
    }
  }

  private var resources: [ResourceName: ResourceQueues] = [:]
  private var resourceOfLock: [LockID: ResourceName] = [:]
  private var lastNumber: UInt64 = 0

  /// Holds no lock; the first that is asked for has number 1.
  public init() {}

  /// Asks for a new lock.
  public mutating func lock(
    _ resource: ResourceName, _ mode: LockMode, _ options: LockOptions = [],
    value: LockValue? = nil
  ) -> (lock: LockID, completions: [Completion]) {
    lastNumber += 1
    let lock = LockID(number: lastNumber)
    resourceOfLock[lock] = resource
    let completions = resources[resource, default: ResourceQueues()]
      .request(lock, mode, options, value)
    return (lock, finish(completions, on: resource))
  }

  /// Asks to hold a lock in another mode.
  ///
  /// - Throws: ``Rejection``: the lock is gone, its last operation still waits, or the options make
  ///   no sense for a conversion to that mode.
  public mutating func convert(
    _ lock: LockID, to mode: LockMode, _ options: LockOptions = [], value: LockValue? = nil
  ) throws(Rejection) -> [Completion] {
    let resource = try resource(of: lock)
    return finish(
      try resources[resource, default: ResourceQueues()].convert(lock, mode, options, value),
      on: resource)
  }

  /// Withdraws what waits for a lock, if anything does: a waiting request is then gone, a waiting
  /// conversion leaves the lock in its former mode.
  ///
  /// - Throws: ``Rejection/unknownLock`` where the lock is gone.
  public mutating func cancel(_ lock: LockID) throws(Rejection) -> [Completion] {
    let resource = try resource(of: lock)
    return finish(resources[resource, default: ResourceQueues()].cancel(lock), on: resource)
  }

  /// Gives a lock back.
  ///
  /// - Throws: ``Rejection/unknownLock`` where the lock is gone, ``Rejection/busy`` while its last
  ///   operation still waits.
  public mutating func unlock(_ lock: LockID, value: LockValue? = nil) throws(Rejection)
    -> [Completion]
  {
    let resource = try resource(of: lock)
    return finish(
      try resources[resource, default: ResourceQueues()].unlock(lock, value), on: resource)
  }

  /// Every lock, by resource and, in each, by queue in the order in which it is served.
  public var locks: [LockRecord] {
    resources.keys.sorted().flatMap { name -> [LockRecord] in
      guard let queues = resources[name] else { return [] }
      return queues.granted.map { entry in
        LockRecord(
          lock: entry.lock, resource: name, granted: entry.granted, requested: nil,
          queue: .granted)
      }
        + Self.records(of: queues.converting, name, .converting)
        + Self.records(of: queues.waiting, name, .waiting)
    }
  }

  private static func records(
    of entries: [ResourceQueues.Entry], _ name: ResourceName, _ queue: LockRecord.Queue
  ) -> [LockRecord] {
    entries.map { entry in
      LockRecord(
        lock: entry.lock, resource: name, granted: entry.granted, requested: entry.requested,
        queue: queue)
    }
  }

  private func resource(of lock: LockID) throws(Rejection) -> ResourceName {
    guard let resource = resourceOfLock[lock] else { throw .unknownLock }
    return resource
  }

  /// Forgets the locks that ended and, with its last lock, the resource and its value block, as
  /// the kernel does (`toss_rsb`).
  private mutating func finish(_ completions: [Completion], on resource: ResourceName)
    -> [Completion]
  {
    for completion in completions {
      switch completion.outcome {
      case .released: resourceOfLock[completion.lock] = nil
      case .refused, .cancelled, .invalid:
        if resources[resource]?.holds(completion.lock) != true {
          resourceOfLock[completion.lock] = nil
        }
      case .granted, .deadlock, .busy, .unknownLock, .failed: break
      }
    }
    if resources[resource]?.isEmpty == true { resources[resource] = nil }
    return completions
  }
}
