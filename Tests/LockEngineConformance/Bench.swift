import Glibc
import LockEngines
import LockModel
import Synchronization

/// Something an engine did that the kernel's lock manager would not.
public struct ConformanceFailure: Hashable, Sendable, CustomStringConvertible {
  public let check: String
  public let problem: String

  public var description: String { "\(check): \(problem)" }
}

/// One check's view of the engine: operations whose outcome it can expect.
///
/// It blocks its thread until the engine has settled what was asked; `patience` only bounds how
/// long a broken engine can hang it.
final class Bench {
  /// In ms. A tenth of it once it has run out: what follows in a check fails as well.
  private var patience = 30_000

  private(set) var engine: any LockEngine
  let subject: EngineUnderTest
  private let check: String
  private let prefix: String
  private var resources: Set<ResourceName> = []
  private(set) var failures: [ConformanceFailure] = []

  init(_ subject: EngineUnderTest, check: String, prefix: String) {
    self.subject = subject
    engine = subject.engine
    self.check = check
    self.prefix = prefix
  }

  func fail(_ problem: String) {
    failures.append(ConformanceFailure(check: check, problem: problem))
  }

  func expect(_ condition: Bool, _ problem: @autoclosure () -> String) {
    if !condition { fail(problem()) }
  }

  /// A resource that nobody else uses; `length` pads its name.
  func resource(_ name: String, length: Int = 0) throws(ResourceName.Invalid) -> ResourceName {
    let name = "\(prefix):\(name)"
    let padding = String(repeating: "x", count: max(0, length - name.utf8.count))
    let resource = try ResourceName(name + padding)
    resources.insert(resource)
    return resource
  }

  func lock(
    _ resource: ResourceName, _ mode: LockMode, _ options: LockOptions = [],
    value: LockValue? = nil
  ) -> Operation {
    let outcome = OutcomeBox()
    let lock = engine.lock(resource, mode, options, value: value, then: outcome.set)
    return Operation(lock: lock, outcome: outcome, bench: self)
  }

  func convert(
    _ lock: LockID, to mode: LockMode, _ options: LockOptions = [], value: LockValue? = nil
  ) -> Operation {
    let outcome = OutcomeBox()
    engine.convert(lock, to: mode, options, value: value, then: outcome.set)
    return Operation(lock: lock, outcome: outcome, bench: self)
  }

  func unlock(_ lock: LockID, value: LockValue? = nil) -> Operation {
    let outcome = OutcomeBox()
    engine.unlock(lock, value: value, then: outcome.set)
    return Operation(lock: lock, outcome: outcome, bench: self)
  }

  /// A lock that is expected to be granted at once.
  func held(_ resource: ResourceName, _ mode: LockMode, _ options: LockOptions = .noQueue)
    -> LockID
  {
    lock(resource, mode, options).expectGranted("\(mode) on a resource nobody blocks").lock
  }

  /// Ends the engine as the end of its process would, and goes on with the next.
  func restart() {
    engine = subject.restart()
  }

  func adopt(_ resource: ResourceName, _ mode: LockMode) -> Adoption? {
    let adoption = Mutex<Adoption?>(nil)
    engine.adopt(resource, mode) { result in adoption.withLock { $0 = result } }
    _ = self.await { adoption.withLock { $0 } != nil }
    return adoption.withLock { $0 }
  }

  /// The locks of this check.
  var records: [LockRecord] { engine.locks().filter { resources.contains($0.resource) } }

  func record(of lock: LockID) -> LockRecord? { records.first { $0.lock == lock } }

  /// Waits until `condition` holds; false when `patience` has run out first.
  func await(_ condition: () -> Bool) -> Bool {
    for _ in 0..<patience {
      if condition() { return true }
      usleep(1000)
    }
    patience /= 10
    return condition()
  }

  /// Gives back all that the check has left, and sees that it is gone.
  func clear() {
    for record in records where record.queue != .granted { engine.cancel(record.lock) }
    _ = self.await { records.allSatisfy { $0.queue == .granted } }
    for record in records {
      unlock(record.lock).expect(.released, "giving \(record.lock) back at the end")
    }
    expect(self.await { records.isEmpty }, "locks are left: \(records)")
  }
}

/// An outcome that an engine's thread sets and the bench reads.
final class OutcomeBox: Sendable {
  private let outcomes = Mutex<[LockOutcome]>([])

  func set(_ outcome: LockOutcome) {
    outcomes.withLock { $0.append(outcome) }
  }

  var all: [LockOutcome] { outcomes.withLock { $0 } }
}

/// One operation under way.
struct Operation {
  let lock: LockID
  let outcome: OutcomeBox
  let bench: Bench

  private func settled() -> LockOutcome? {
    let isSettled = bench.await {
      !outcome.all.isEmpty || bench.record(of: lock).map { $0.queue != .granted } == true
    }
    if !isSettled { bench.fail("\(lock) neither ended nor waits") }
    if outcome.all.isEmpty { usleep(bench.subject.quiet * 1000) }
    return outcome.all.first
  }

  @discardableResult func expect(_ expected: LockOutcome, _ what: String) -> Operation {
    _ = bench.await { !outcome.all.isEmpty }
    bench.expect(outcome.all == [expected], "\(what): \(outcome.all), expected \(expected)")
    return self
  }

  @discardableResult func expectGranted(_ what: String) -> Operation {
    _ = bench.await { !outcome.all.isEmpty }
    if case .granted? = outcome.all.first, outcome.all.count == 1 { return self }
    bench.fail("\(what): \(outcome.all), expected to be granted")
    return self
  }

  @discardableResult func expectWaiting(_ what: String) -> Operation {
    if let outcome = settled() { bench.fail("\(what): \(outcome), expected to wait") }
    return self
  }

  /// Whether it was granted, for an operation that does not wait.
  func isGranted() -> Bool {
    _ = bench.await { !outcome.all.isEmpty }
    if case .granted? = outcome.all.first { return true }
    return false
  }
}
