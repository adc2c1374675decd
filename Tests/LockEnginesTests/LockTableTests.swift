import LockEngines
import LockModel
import Testing

@Suite struct LockTableTests {
  typealias Completion = LockTable.Completion

  @Test func completionsComeInOrder() throws {
    var table = LockTable()
    let resource = try ResourceName("r")
    let source = table.lock(resource, .pw).lock
    let waiter = table.lock(resource, .cr).lock
    #expect(table.lock(resource, .nl).completions.count == 1)
    let destination = table.lock(resource, .nl, .expedite).lock
    #expect(try table.convert(destination, to: .pw) == [])
    let late = table.lock(resource, .cr)
    #expect(late.completions == [])
    #expect(
      try table.unlock(source) == [
        Completion(source, .released), Completion(destination, .granted(nil)),
        Completion(late.lock, .granted(nil)),
      ])
    #expect(try table.unlock(waiter) == [Completion(waiter, .released)])
  }

  @Test func idsAreNeverUsedAgain() throws {
    var table = LockTable()
    let resource = try ResourceName("r")
    var seen: Set<LockID> = []
    for _ in 0..<100 {
      let lock = table.lock(resource, .ex).lock
      #expect(seen.insert(lock).inserted)
      _ = try table.unlock(lock)
    }
  }

  @Test func whatCannotBeBegunIsRejected() throws {
    var table = LockTable()
    let resource = try ResourceName("r")
    #expect(throws: LockTable.Rejection.unknownLock) { try table.unlock(LockID(number: 1)) }
    #expect(throws: LockTable.Rejection.unknownLock) { try table.cancel(LockID(number: 1)) }
    let lock = table.lock(resource, .ex).lock
    #expect(throws: LockTable.Rejection.invalid) { try table.convert(lock, to: .ex, .expedite) }
    let waiter = table.lock(resource, .pr).lock
    #expect(throws: LockTable.Rejection.busy) { try table.convert(waiter, to: .nl) }
    #expect(throws: LockTable.Rejection.busy) { try table.unlock(waiter) }
    #expect(try table.cancel(waiter) == [Completion(waiter, .cancelled)])
    #expect(throws: LockTable.Rejection.unknownLock) { try table.cancel(waiter) }
  }

  @Test func anEmptyTableKeepsNothing() throws {
    var table = LockTable()
    let resource = try ResourceName("r")
    let lock = table.lock(resource, .ex).lock
    #expect(table.lock(resource, .ex, .noQueue).completions.map(\.outcome) == [.refused])
    #expect(table.lock(resource, .ex, .expedite).completions.map(\.outcome) == [.invalid])
    _ = try table.unlock(lock)
    #expect(table.locks == [])
  }
}
