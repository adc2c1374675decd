import LockEngineConformance
import LockEngines
import LockModel
import Testing

/// Random operations, each judged by a model that knows the rules but not the table's code: one
/// flat list of locks that is searched and sorted anew for every question.
@Suite struct RandomizedTableTests {
  @Test func tableObeysTheModel() throws {
    var reached: Set<String> = []
    for seed in 1...20 as ClosedRange<UInt64> { reached.formUnion(try outcomes(seed: seed)) }
    #expect(reached.count == 7, "only \(reached) were reached")
  }

  private func outcomes(seed: UInt64) throws -> Set<String> {
    var random = SeededRandom(seed: seed)
    var table = LockTable()
    var model = Model()
    let resources = [try ResourceName("a"), try ResourceName("b")]
    for step in 0..<1000 {
      let what = "seed \(seed), step \(step)"
      let mode = LockMode.allCases.randomElement(using: &random)!
      let options =
        [[], [], .noQueue, .queueConversion, [.noQueue, .queueConversion], .expedite]
        .randomElement(using: &random)! as LockOptions
      let known = model.locks.randomElement(using: &random)?.id
      var actual: [LockTable.Completion] = []
      var expected: [LockTable.Completion] = []
      switch (Int.random(in: 0..<10, using: &random), known) {
      case (0..<4, _), (_, nil):
        let resource = resources.randomElement(using: &random)!
        let (lock, completions) = table.lock(resource, mode, options)
        (actual, expected) = (completions, model.lock(lock, resource, mode, options))
      case (4..<7, let lock?):
        actual = outcome(of: lock) { () throws(LockTable.Rejection) in
          try table.convert(lock, to: mode, options)
        }
        expected = model.convert(lock, mode, options)
      case (7, let lock?):
        actual = outcome(of: lock) { () throws(LockTable.Rejection) in try table.cancel(lock) }
        expected = model.cancel(lock)
      case (_, let lock?):
        actual = outcome(of: lock) { () throws(LockTable.Rejection) in try table.unlock(lock) }
        expected = model.unlock(lock)
      }
      try #require(actual == expected, "\(what)")
      try #require(Set(table.locks) == Set(model.records), "\(what)")
      try #require(conflicts(in: table.locks) == [], "\(what)")
    }
    return model.reached
  }

  private func outcome(
    of lock: LockID, _ body: () throws(LockTable.Rejection) -> [LockTable.Completion]
  ) -> [LockTable.Completion] {
    do throws(LockTable.Rejection) {
      return try body()
    } catch {
      return [LockTable.Completion(lock, error.outcome)]
    }
  }

  /// Pairs that hold what they may not hold together.
  private func conflicts(in records: [LockRecord]) -> [[LockRecord]] {
    var conflicts: [[LockRecord]] = []
    for a in records {
      for b in records where a.lock < b.lock && a.resource == b.resource {
        guard let first = a.granted, let second = b.granted else { continue }
        if !Model.matrix[first.rawValue]!.contains(second.rawValue) { conflicts.append([a, b]) }
      }
    }
    return conflicts
  }
}

/// The rules of granting over one flat list; a queue is the locks that wait, by when they came.
private struct Model {
  /// Which modes go together, by the kernel's numbers.
  static let matrix: [UInt8: Set<UInt8>] = [
    0: [0, 1, 2, 3, 4, 5], 1: [0, 1, 2, 3, 4], 2: [0, 1, 2], 3: [0, 1, 3], 4: [0, 1], 5: [0],
  ]

  struct Lock {
    let id: LockID
    let resource: ResourceName
    var held: LockMode?
    var wanted: LockMode?
    /// When it came to where it stands.
    var arrival: Int
  }

  private(set) var locks: [Lock] = []
  /// The kinds of outcome met so far, so that a test knows it has tested something.
  private(set) var reached: Set<String> = []
  private var clock = 0

  var records: [LockRecord] {
    locks.map { lock in
      LockRecord(
        lock: lock.id, resource: lock.resource, granted: lock.held, requested: lock.wanted,
        queue: lock.wanted == nil ? .granted : lock.held == nil ? .waiting : .converting)
    }
  }

  private mutating func end(_ id: LockID, _ outcome: LockOutcome) -> LockTable.Completion {
    switch outcome {
    case .granted: reached.insert("granted")
    default: reached.insert("\(outcome)")
    }
    return LockTable.Completion(id, outcome)
  }

  private func fits(_ id: LockID?, _ resource: ResourceName, _ mode: LockMode) -> Bool {
    locks.allSatisfy { other in
      guard other.resource == resource, other.id != id, let held = other.held else { return true }
      return Self.matrix[mode.rawValue]!.contains(held.rawValue)
    }
  }

  private func queue(_ resource: ResourceName, conversions: Bool) -> [Lock] {
    locks.filter {
      $0.resource == resource && $0.wanted != nil && ($0.held != nil) == conversions
    }.sorted { $0.arrival < $1.arrival }
  }

  mutating func lock(
    _ id: LockID, _ resource: ResourceName, _ mode: LockMode, _ options: LockOptions
  ) -> [LockTable.Completion] {
    if options.contains(.queueConversion) || (options == .expedite && mode != .nl) {
      return [end(id, .invalid)]
    }
    clock += 1
    let somebodyWaits = locks.contains { $0.resource == resource && $0.wanted != nil }
    if options == .expedite || (!somebodyWaits && fits(nil, resource, mode)) {
      locks.append(Lock(id: id, resource: resource, held: mode, wanted: nil, arrival: clock))
      return [end(id, .granted(nil))]
    }
    if options == .noQueue { return [end(id, .refused)] }
    locks.append(Lock(id: id, resource: resource, held: nil, wanted: mode, arrival: clock))
    return []
  }

  mutating func convert(_ id: LockID, _ mode: LockMode, _ options: LockOptions)
    -> [LockTable.Completion]
  {
    let index = locks.firstIndex { $0.id == id }!
    let resource = locks[index].resource
    guard locks[index].wanted == nil, let held = locks[index].held else { return [end(id, .busy)] }
    let gives = Self.matrix[mode.rawValue]!
    // QUECVT wants a mode that shuts out somebody whom the present one lets in.
    let isMore = !gives.isSuperset(of: Self.matrix[held.rawValue]!)
    if options == .expedite || (options.contains(.queueConversion) && !isMore) {
      return [end(id, .invalid)]
    }
    clock += 1
    let ahead = queue(resource, conversions: true)
    if fits(id, resource, mode) && (ahead.isEmpty || !options.contains(.queueConversion)) {
      locks[index].held = mode
      return [end(id, .granted(nil))] + settle(resource)
    }
    if options.contains(.noQueue) { return [end(id, .refused)] }
    let blocks = ahead.contains { !Self.matrix[$0.wanted!.rawValue]!.contains(held.rawValue) }
    if blocks { return [end(id, .deadlock)] }
    locks[index].wanted = mode
    locks[index].arrival = clock
    return []
  }

  mutating func cancel(_ id: LockID) -> [LockTable.Completion] {
    let index = locks.firstIndex { $0.id == id }!
    let resource = locks[index].resource
    if locks[index].wanted == nil { return [] }
    locks[index].wanted = nil
    if locks[index].held == nil { locks.remove(at: index) }
    return [end(id, .cancelled)] + settle(resource)
  }

  mutating func unlock(_ id: LockID) -> [LockTable.Completion] {
    let index = locks.firstIndex { $0.id == id }!
    let resource = locks[index].resource
    if locks[index].wanted != nil { return [end(id, .busy)] }
    locks.remove(at: index)
    return [end(id, .released)] + settle(resource)
  }

  /// Grants one request after the other until none may be granted.
  private mutating func settle(_ resource: ResourceName) -> [LockTable.Completion] {
    let conversions = queue(resource, conversions: true)
    let candidate = conversions.first ?? queue(resource, conversions: false).first
    guard let candidate, let wanted = candidate.wanted, fits(candidate.id, resource, wanted),
      let index = locks.firstIndex(where: { $0.id == candidate.id })
    else { return [] }
    locks[index].held = wanted
    locks[index].wanted = nil
    return [end(candidate.id, .granted(nil))] + settle(resource)
  }
}
