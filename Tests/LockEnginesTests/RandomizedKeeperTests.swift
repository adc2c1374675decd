import LockEngineConformance
import LockEngines
import LockModel
import Synchronization
import Testing

/// Random calls of several owners, answered late and out of order.
@Suite struct RandomizedKeeperTests {
  static let uuid = DomainUUID("83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7")!
  static let owners = (1...4).map { OwnerID(domain: uuid, instance: $0) }

  /// What each owner should hold, by the answers that it has had.
  final class Ledger: Sendable {
    private let state = Mutex<(holds: [OwnerID: [ResourceName: LockMode]], open: Int)>(([:], 0))

    func begin() { state.withLock { $0.open += 1 } }

    func end(_ owner: OwnerID, _ change: (inout [ResourceName: LockMode]) -> Void) {
      state.withLock {
        $0.open -= 1
        change(&$0.holds[owner, default: [:]])
      }
    }

    func holds(_ owner: OwnerID) -> [ResourceName: LockMode] {
      state.withLock { $0.holds[owner] ?? [:] }
    }

    var open: Int { state.withLock { $0.open } }
  }

  @Test(arguments: 1...30 as ClosedRange<UInt64>) func callsAreAllOrNothing(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let engine = LateEngine(seed: seed &+ 1000)
    let keeper = ClaimKeeper(engine: engine)
    let ledger = Ledger()
    let conflicts = Mutex(0)
    let resources = try (0..<6).map { try ResourceName("r\($0)") }
    // Some runs let calls overlap, some carry each to its end: only those can be foretold.
    let overlaps = seed % 2 == 0
    for step in 0..<300 {
      let what: Comment = "seed \(seed), step \(step)"
      let owner = Self.owners.randomElement(using: &random)!
      let some = resources.shuffled(using: &random).prefix(Int.random(in: 0...4, using: &random))
      ledger.begin()
      if Int.random(in: 0..<3, using: &random) == 0 {
        keeper.release(owner, Array(some)) {
          ledger.end(owner) { holds in for name in some { holds[name] = nil } }
          #expect(keeper.held(owner) == ledger.holds(owner), what)
        }
      } else {
        let claims = some.map { name in
          Claim(
            resource: name, mode: [.cr, .cw, .pr, .pr, .pw].randomElement(using: &random)!,
            device: "disk", location: "/\(name)")
        }
        let others = Self.owners.filter { $0 != owner }.map(ledger.holds)
        let refusable = claims.filter { claim in
          let wanted = ledger.holds(owner)[claim.resource]?.union(claim.mode) ?? claim.mode
          return others.contains { $0[claim.resource]?.isCompatible(with: wanted) == false }
        }
        keeper.acquire(owner, claims) { result in
          ledger.end(owner) { holds in
            guard case .success = result else { return }
            for claim in claims {
              holds[claim.resource] = holds[claim.resource]?.union(claim.mode) ?? claim.mode
            }
          }
          var refused: [Claim] = []
          if case .failure(let conflict) = result {
            refused = conflict.refused.map(\.claim)
            conflicts.withLock { $0 += 1 }
            #expect(!refused.isEmpty && Set(refused).isSubset(of: claims), what)
          }
          if !overlaps { #expect(refused == refusable, what) }
          #expect(keeper.held(owner) == ledger.holds(owner), what)
        }
      }
      if overlaps {
        for _ in 0..<Int.random(in: 0..<6, using: &random) { _ = engine.deliverOne() }
      } else {
        engine.deliverAll()
      }
      // With calls under way the ledger lags behind the engine, which may have let others in.
      for name in resources where !overlaps {
        let modes = Self.owners.compactMap { ledger.holds($0)[name] }
        for (index, mode) in modes.enumerated() {
          #expect(modes[(index + 1)...].allSatisfy { $0.isCompatible(with: mode) }, what)
        }
      }
    }
    engine.deliverAll()
    #expect(ledger.open == 0, "seed \(seed): calls were never answered")
    #expect(conflicts.withLock { $0 } > 10, "seed \(seed): hardly a conflict")
    let kept = Self.owners.flatMap { ledger.holds($0).map { "\($0.key) \($0.value)" } }
    let locked = engine.locks().compactMap { record in
      record.granted.map { "\(record.resource) \($0)" }
    }
    #expect(kept.sorted() == locked.sorted(), "seed \(seed)")
  }
}
