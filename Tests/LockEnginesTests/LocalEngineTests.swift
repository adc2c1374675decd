import LockEngineConformance
import LockEngines
import LockModel
import Synchronization
import Testing

@Suite struct LocalEngineTests {
  @Test(arguments: Conformance.names) func conforms(check: String) {
    #expect(Conformance.failures(of: Self.fresh(LocalEngine()), in: check) == [])
  }

  static func fresh(_ engine: some LockEngine) -> EngineUnderTest {
    EngineUnderTest(engine, locksOutliveProcess: false) { LocalEngine() }
  }

  @Test func suiteFindsAFaultyEngine() {
    // One that refuses nothing: the suite must not be satisfied by it.
    final class Lenient: LockEngine {
      func lock(
        _ resource: ResourceName, _ mode: LockMode, _ options: LockOptions, value: LockValue?,
        then: @escaping Completion
      ) -> LockID {
        then(.granted(nil))
        return LockID(number: 1)
      }
      func convert(
        _ lock: LockID, to mode: LockMode, _ options: LockOptions, value: LockValue?,
        then: @escaping Completion
      ) { then(.granted(nil)) }
      func cancel(_ lock: LockID) {}
      func unlock(_ lock: LockID, value: LockValue?, then: @escaping Completion) {
        then(.released)
      }
      func adopt(
        _ resource: ResourceName, _ mode: LockMode, then: @escaping @Sendable (Adoption) -> Void
      ) { then(.adopted(LockID(number: 1))) }
      func locks() -> [LockRecord] { [] }
      func onLoss(_ report: @escaping @Sendable (LockLoss) -> Void) {}
    }
    let satisfied = Conformance.names.filter {
      let faulty = EngineUnderTest(Lenient(), locksOutliveProcess: true) { Lenient() }
      return Conformance.failures(of: faulty, in: $0).isEmpty
    }
    // Nothing in these two is ever to be refused.
    #expect(
      satisfied == [
        "a value is forgotten with the last lock", "cancelling what is granted does nothing",
      ])
  }

  @Test func completionsMayUseTheEngine() throws {
    let engine = LocalEngine()
    let resource = try ResourceName("r")
    let events = Mutex<[String]>([])
    _ = engine.lock(resource, .pw) { _ in
      events.withLock { $0.append("granted") }
      _ = engine.lock(resource, .pw, .noQueue) { outcome in
        events.withLock { $0.append("\(outcome)") }
      }
      // The inner operation completes after this completion has returned.
      events.withLock { $0.append("returned") }
    }
    #expect(events.withLock { $0 } == ["granted", "returned", "refused"])
  }

  @Test func locksDieWithTheProcess() throws {
    let engine = LocalEngine()
    let resource = try ResourceName("r")
    _ = engine.lock(resource, .pw) { _ in }
    let adoption = Mutex<Adoption?>(nil)
    engine.adopt(resource, .pw) { result in adoption.withLock { $0 = result } }
    #expect(adoption.withLock { $0 } == .nothing)
  }

  /// Many threads on few resources: nobody deadlocks, nothing is answered twice or never.
  @Test func threadsDoNotDisturbEachOther() async throws {
    let engine = LocalEngine()
    let resources = try (0..<3).map { try ResourceName("r\($0)") }
    let completed = await withTaskGroup(of: Int.self) { group in
      for worker in 0..<4 {
        group.addTask {
          var completed = 0
          for round in 0..<500 {
            let resource = resources[(worker + round) % resources.count]
            let lock = Mutex<LockID?>(nil)
            let outcome = await withCheckedContinuation { continuation in
              let id = engine.lock(resource, round % 2 == 0 ? .pw : .pr) {
                continuation.resume(returning: $0)
              }
              lock.withLock { $0 = id }
            }
            guard case .granted = outcome, let id = lock.withLock({ $0 }) else { continue }
            let released = await withCheckedContinuation { continuation in
              engine.unlock(id) { continuation.resume(returning: $0) }
            }
            if released == .released { completed += 1 }
          }
          return completed
        }
      }
      return await group.reduce(0, +)
    }
    #expect(completed == 2000)
    #expect(engine.locks() == [])
  }
}
