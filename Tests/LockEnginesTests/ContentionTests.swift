import LockEngineConformance
import LockModel
import Synchronization
import Testing

@testable import LockEngines

/// Two nodes' keepers over one engine: what they do to each other in a cluster.
@Suite struct ContentionTests {
  /// Time passes only where nothing else can happen, as it does where answers take their usual time.
  final class Pauses: Sendable {
    private let pauses = Mutex<[@Sendable () -> Void]>([])
    private let count = Mutex(0)

    var patience: Patience {
      Patience(named: 200, unnamed: 2_000, step: 50) { _, then in
        self.pauses.withLock { $0.append(then) }
        self.count.withLock { $0 += 1 }
      }
    }

    /// How many pauses there were.
    var taken: Int { count.withLock { $0 } }

    /// Ends the pauses that have begun; false when there are none.
    func end() -> Bool {
      let ended = pauses.withLock { pauses in
        defer { pauses = [] }
        return pauses
      }
      for then in ended { then() }
      return !ended.isEmpty
    }
  }

  static let owners = (1...2).map {
    OwnerID(domain: DomainUUID("00000000-0000-0000-0000-00000000000\($0)")!, instance: 1)
  }
  let pauses = Pauses()

  func keeper(_ engine: some LockEngine, node: UInt32) -> ClaimKeeper {
    ClaimKeeper(
      engine: engine,
      signature: .init(node: NodeID(node)!, now: { Timestamp(milliseconds: 1_000) }),
      patience: pauses.patience)
  }

  func claims(_ names: some Sequence<Int>, _ mode: LockMode = .pw) throws -> [Claim] {
    try names.map {
      Claim(resource: try ResourceName("r\($0)"), mode: mode, device: "disk", location: "/\($0)")
    }
  }

  typealias Answer = Result<Void, ClaimConflict>

  func settle(_ engine: LateEngine) {
    repeat { engine.deliverAll() } while pauses.end()
  }

  @Test(arguments: 1...200 as ClosedRange<UInt64>) func exactlyOneWinsARace(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let engine = LateEngine(seed: seed)
    let keepers = [keeper(engine, node: 1), keeper(engine, node: 2)]
    let count = Int.random(in: 1...16, using: &random)
    let shared = Int.random(in: 1...count, using: &random)
    let answers = Mutex<[Int: Answer]>([:])
    for node in 0..<2 {
      let own = (0..<(count - shared)).map { 100 * (node + 1) + $0 }
      let wanted = try claims(((0..<shared) + own).shuffled(using: &random))
      keepers[node].acquire(Self.owners[node], wanted) { answer in
        answers.withLock { $0[node] = answer }
      }
      for _ in 0..<Int.random(in: 0...4, using: &random) { _ = engine.deliverOne() }
    }
    settle(engine)
    let results = (0..<2).map { node in answers.withLock { $0[node] } }
    let winners = (0..<2).filter { if case .success? = results[$0] { true } else { false } }
    #expect(winners.count == 1, "\(results)")
    let loser = 1 - (winners.first ?? 0)
    guard case .failure(let conflict)? = results[loser] else { return }
    #expect(conflict.refused.first?.holder?.domain == Self.owners[1 - loser].domain)
    #expect(keepers[loser].held(Self.owners[loser]) == [:])
    #expect(engine.locks().count == count)
    #expect(engine.locks().allSatisfy { $0.granted == .pw })
  }

  @Test func aRefusalNamesTheHolder() throws {
    let engine = LateEngine(seed: 1)
    let (first, second) = (keeper(engine, node: 1), keeper(engine, node: 2))
    first.acquire(Self.owners[0], try claims(0..<3)) { _ in }
    settle(engine)
    let refused = Mutex<[RefusedClaim]>([])
    let wanted = try claims([5, 2, 1, 0])
    second.acquire(Self.owners[1], wanted) { answer in
      if case .failure(let conflict) = answer { refused.withLock { $0 = conflict.refused } }
    }
    settle(engine)
    let holder = Holder(
      node: NodeID(1)!, domain: Self.owners[0].domain, mode: .pw,
      since: Timestamp(milliseconds: 1_000))
    // The one it failed for first, then whatever else was refused.
    #expect(
      refused.withLock { $0 } == [
        RefusedClaim(wanted[3], holder: holder), RefusedClaim(wanted[1]), RefusedClaim(wanted[2]),
      ])
    #expect(pauses.taken == 4)
  }

  @Test func readersNameNobodyAndAreWaitedForLonger() throws {
    let engine = LateEngine(seed: 1)
    let (first, second) = (keeper(engine, node: 1), keeper(engine, node: 2))
    first.acquire(Self.owners[0], try claims([0], .pr)) { _ in }
    settle(engine)
    let wanted = try claims([0])
    let refused = Mutex<[RefusedClaim]>([])
    second.acquire(Self.owners[1], wanted) { answer in
      if case .failure(let conflict) = answer { refused.withLock { $0 = conflict.refused } }
    }
    settle(engine)
    #expect(refused.withLock { $0 } == [RefusedClaim(wanted[0])])
    #expect(pauses.taken == 40)
  }

  @Test func whatIsGivenBackMeanwhileIsTaken() throws {
    let engine = LateEngine(seed: 1)
    let (first, second) = (keeper(engine, node: 1), keeper(engine, node: 2))
    first.acquire(Self.owners[0], try claims(0..<2)) { _ in }
    settle(engine)
    let isGranted = Mutex(false)
    second.acquire(Self.owners[1], try claims(0..<2)) { answer in
      if case .success = answer { isGranted.withLock { $0 = true } }
    }
    engine.deliverAll()
    #expect(!isGranted.withLock { $0 })
    first.release(Self.owners[0]) {}
    settle(engine)
    #expect(isGranted.withLock { $0 })
  }

  @Test func whatIsGivenBackIsSignedByNobody() throws {
    let engine = LateEngine(seed: 1)
    let keeper = keeper(engine, node: 1)
    let resource = try ResourceName("r0")
    _ = engine.lock(resource, .nl) { _ in }
    keeper.acquire(Self.owners[0], try claims([0])) { _ in }
    settle(engine)
    let seen = Mutex<[Holder?]>([])
    keeper.readHolder(of: resource) { holder in seen.withLock { $0.append(holder) } }
    settle(engine)
    keeper.release(Self.owners[0]) {}
    settle(engine)
    keeper.readHolder(of: resource) { holder in seen.withLock { $0.append(holder) } }
    settle(engine)
    #expect(seen.withLock { $0 }.map { $0?.node.number } == [1, nil])
  }

  @Test(arguments: [
    (LockOutcome.failed(errno: 12), "Cannot allocate memory"),
    (.unknownLock, "systemctl restart dlmguardd"), (.invalid, "bug"),
  ]) func whatFailsIsNotAskedForAgain(outcome: LockOutcome, text: String) throws {
    let engine = FailingEngine(resource: try ResourceName("r1"), outcome: outcome)
    let keeper = keeper(engine, node: 1)
    let wanted = try claims(0..<3)
    let refused = Mutex<[RefusedClaim]>([])
    keeper.acquire(Self.owners[0], wanted) { answer in
      if case .failure(let conflict) = answer { refused.withLock { $0 = conflict.refused } }
    }
    let claims = refused.withLock { $0 }
    #expect(claims.map(\.claim) == [wanted[1]] && pauses.taken == 0)
    guard case .failed(let reason)? = claims.first?.cause else { return #expect(Bool(false)) }
    #expect(reason.contains(text))
    #expect(engine.locks() == [], "the others were given back")
  }

  @Test func aLostLockIsForgottenOnce() throws {
    let engine = LateEngine(seed: 1)
    let keeper = keeper(engine, node: 1)
    keeper.acquire(Self.owners[0], try claims([0, 1])) { _ in }
    settle(engine)
    let lock = try #require(engine.locks().first { $0.resource.description == "r0" }).lock
    #expect(keeper.lost(lock) == Self.owners[0])
    #expect(keeper.held(Self.owners[0]).keys.map(\.description) == ["r1"])
    #expect(keeper.lost(lock) == nil)
  }
}

@Suite struct RecoveryTests {
  let engine = OutlivingEngine()
  let owner = ContentionTests.owners[0]

  func keeper() -> ClaimKeeper {
    ClaimKeeper(
      engine: engine,
      signature: .init(node: NodeID(1)!, now: { Timestamp(milliseconds: 1_000) }),
      patience: Patience(named: 50, unnamed: 50, step: 50) { _, then in then() })
  }

  func claim(_ name: String, _ mode: LockMode) throws -> Claim {
    Claim(resource: try ResourceName(name), mode: mode, device: "disk", location: "/\(name)")
  }

  func recover(_ claims: [Claim]) -> (ClaimKeeper, Reclaimed?) {
    engine.die()
    let keeper = keeper()
    let answer = Mutex<Reclaimed?>(nil)
    keeper.recover(owner, claims) { reclaimed in answer.withLock { $0 = reclaimed } }
    return (keeper, answer.withLock { $0 })
  }

  @Test func whatWasLeftIsAdopted() throws {
    let claims = [try claim("a", .pw), try claim("b", .pr), try claim("c", .ex)]
    keeper().acquire(owner, claims) { _ in }
    let before = Set(engine.locks())
    let (keeper, answer) = recover(claims)
    #expect(answer == Reclaimed())
    #expect(Set(engine.locks()) == before)
    keeper.release(owner) {}
    #expect(engine.locks() == [])
  }

  @Test func whatIsGoneIsTakenAnewOrRefused() throws {
    keeper().acquire(owner, [try claim("a", .pw)]) { _ in }
    _ = engine.lock(try ResourceName("c"), .ex) { _ in }
    let intruder = try #require(engine.locks().first { $0.resource.description == "c" }).lock
    let claims = [try claim("a", .pw), try claim("b", .pw), try claim("c", .pw)]
    engine.die()
    // Not an orphan: another node's.
    engine.adopt(try ResourceName("c"), .ex) { #expect($0 == .adopted(intruder)) }
    let keeper = keeper()
    let answer = Mutex<Reclaimed?>(nil)
    keeper.recover(owner, claims) { reclaimed in answer.withLock { $0 = reclaimed } }
    #expect(
      answer.withLock { $0 }
        == Reclaimed(missing: [claims[1]], refused: [RefusedClaim(claims[2])]))
    #expect(keeper.held(owner).count == 2)
  }

  @Test func aConversionThatWasOnlyRecordedIsDone() throws {
    keeper().acquire(owner, [try claim("a", .pr), try claim("b", .pw)]) { _ in }
    let (keeper, answer) = recover([try claim("a", .pw), try claim("b", .pr)])
    #expect(answer == Reclaimed())
    // What was left in a stronger mode keeps it: the record may be older than the lock.
    let held = keeper.held(owner).map { "\($0.key) \($0.value)" }.sorted()
    #expect(held == ["a PW", "b PW"])
  }

  /// Refused more, it keeps what it had; and who asks for that once more takes nobody else's for its own.
  @Test func whatCouldNotBeRaisedIsHeldAsItWas() throws {
    let other = OwnerID(domain: owner.domain, instance: owner.instance + 1)
    let first = keeper()
    first.acquire(owner, [try claim("a", .pr)]) { _ in }
    first.acquire(other, [try claim("a", .pr)]) { _ in }
    let (keeper, answer) = recover([try claim("a", .pw)])
    #expect(answer?.refused.count == 1)
    #expect(keeper.held(owner).values.sorted { $0.rawValue < $1.rawValue } == [.pr])
    keeper.recover(owner, [try claim("a", .pr)]) { #expect($0 == Reclaimed()) }
    keeper.recover(other, [try claim("a", .pr)]) { #expect($0 == Reclaimed()) }
    keeper.release(owner) {}
    keeper.release(other) {}
    #expect(engine.locks() == [])
  }

  @Test func whatWasAdoptedIsSigned() throws {
    let claims = [try claim("a", .pw)]
    let resource = claims[0].resource
    // Nobody has signed it: the agent died in between.
    _ = engine.lock(resource, .pw) { _ in }
    let (keeper, answer) = recover(claims)
    #expect(answer == Reclaimed())
    let holder = Mutex<Holder?>(nil)
    keeper.readHolder(of: resource) { read in holder.withLock { $0 = read } }
    #expect(holder.withLock { $0 }?.domain == owner.domain)
  }
}
