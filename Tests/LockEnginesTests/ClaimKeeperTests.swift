import LockEngines
import LockModel
import Synchronization
import Testing

@Suite struct ClaimKeeperTests {
  static let uuid = DomainUUID("83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7")!
  let web = OwnerID(domain: uuid, instance: 1)
  let mail = OwnerID(domain: uuid, instance: 2)
  let engine = LateEngine(seed: 1)
  let events = Events()

  final class Events: Sendable {
    private let list = Mutex<[String]>([])
    func add(_ event: String) { list.withLock { $0.append(event) } }
    var all: [String] { list.withLock { $0 } }
  }

  func claim(_ name: String, _ mode: LockMode) throws -> Claim {
    Claim(resource: try ResourceName(name), mode: mode, device: "disk", location: "/\(name)")
  }

  func held(_ keeper: ClaimKeeper, _ owner: OwnerID) -> [String: LockMode] {
    Dictionary(
      uniqueKeysWithValues: keeper.held(owner).map { ($0.key.description, $0.value) })
  }

  /// Carries one call out to its end.
  func acquire(_ keeper: ClaimKeeper, _ owner: OwnerID, _ claims: [Claim]) -> [Claim] {
    let refused = Mutex<[Claim]?>(nil)
    keeper.acquire(owner, claims) { result in
      switch result {
      case .success: refused.withLock { $0 = [] }
      case .failure(let conflict): refused.withLock { $0 = conflict.refused.map(\.claim) }
      }
    }
    engine.deliverAll()
    guard let refused = refused.withLock({ $0 }) else {
      Issue.record("never answered")
      return []
    }
    return refused
  }

  @Test func everythingIsTaken() throws {
    let keeper = ClaimKeeper(engine: engine)
    #expect(acquire(keeper, web, [try claim("a", .pw), try claim("b", .pr)]) == [])
    #expect(held(keeper, web) == ["a": .pw, "b": .pr])
    #expect(acquire(keeper, web, []) == [])
    #expect(engine.locks().count == 2)
  }

  @Test func whatIsNotNamedIsGivenBackAndWhatIsStrongerWeakened() throws {
    let keeper = ClaimKeeper(engine: engine)
    _ = acquire(
      keeper, web,
      [try claim("a", .pw), try claim("b", .pw), try claim("c", .pr), try claim("d", .pr)])
    keeper.reduce(
      web, to: [try claim("a", .pr), try claim("c", .pr), try claim("d", .pw), try claim("e", .pw)]
    ) { [events] in events.add("reduced") }
    #expect(events.all == [], "the engine has not answered")
    engine.deliverAll()
    #expect(events.all == ["reduced"])
    #expect(held(keeper, web) == ["a": .pr, "c": .pr, "d": .pr], "nothing is taken")
    #expect(acquire(keeper, mail, [try claim("a", .pr), try claim("b", .pw)]) == [])
    #expect(engine.locks().count == 5)
  }

  @Test func whatIsHeldIsRaisedToWhatCoversBoth() throws {
    let keeper = ClaimKeeper(engine: engine)
    _ = acquire(keeper, web, [try claim("a", .pr), try claim("b", .pw), try claim("c", .cr)])
    let more = [try claim("a", .cw), try claim("b", .cr), try claim("c", .pr)]
    #expect(acquire(keeper, web, more) == [])
    #expect(held(keeper, web) == ["a": .pw, "b": .pw, "c": .pr])
    #expect(engine.locks().count == 3)
  }

  @Test func oneRefusalGivesEverythingBack() throws {
    let keeper = ClaimKeeper(engine: engine)
    _ = acquire(keeper, mail, [try claim("b", .pw), try claim("d", .pr)])
    _ = acquire(keeper, web, [try claim("a", .cr), try claim("d", .cr)])
    let wanted = [
      try claim("a", .pw), try claim("b", .pr), try claim("c", .ex), try claim("d", .pw),
    ]
    #expect(acquire(keeper, web, wanted) == [wanted[1], wanted[3]])
    #expect(held(keeper, web) == ["a": .cr, "d": .cr])
    #expect(held(keeper, mail) == ["b": .pw, "d": .pr])
    #expect(Set(engine.locks().map(\.resource.description)) == ["a", "b", "d"])
    #expect(engine.locks().count == 4)
  }

  @Test func theConflictIsToldAfterItIsUndone() throws {
    let keeper = ClaimKeeper(engine: engine)
    _ = acquire(keeper, mail, [try claim("b", .pw)])
    let left = Mutex<Int?>(nil)
    keeper.acquire(web, [try claim("a", .pw), try claim("b", .pw)]) { _ in
      left.withLock { $0 = engine.locks().count }
    }
    engine.deliverAll()
    #expect(left.withLock { $0 } == 1)
  }

  @Test func ownersGiveBackAllOrSome() throws {
    let keeper = ClaimKeeper(engine: engine)
    _ = acquire(keeper, web, [try claim("a", .pw), try claim("b", .pr), try claim("c", .pr)])
    keeper.release(web, [try ResourceName("a"), try ResourceName("z")]) { events.add("some") }
    engine.deliverAll()
    #expect(held(keeper, web) == ["b": .pr, "c": .pr])
    keeper.release(web) { events.add("all") }
    engine.deliverAll()
    keeper.release(web) { events.add("nothing") }
    #expect(events.all == ["some", "all", "nothing"])
    #expect(held(keeper, web) == [:])
    #expect(engine.locks() == [])
  }

  @Test func callsForOneOwnerWaitForEachOther() throws {
    let keeper = ClaimKeeper(engine: engine)
    let a = try claim("a", .pw)
    keeper.acquire(web, [a]) { _ in events.add("acquired") }
    keeper.release(web) { events.add("released") }
    keeper.acquire(web, [a]) { _ in
      events.add("acquired again")
      keeper.release(web) { events.add("released again") }
    }
    #expect(events.all == [])
    // Another owner does not wait; the first one still holds what it wants.
    keeper.acquire(mail, [a]) { events.add("refused: \((try? $0.get()) == nil)") }
    engine.deliverAll()
    let own = events.all.filter { !$0.hasPrefix("refused") }
    #expect(own == ["acquired", "released", "acquired again", "released again"])
    #expect(events.all.contains("refused: true"))
    #expect(engine.locks() == [])
  }

  @Test func aLockThatIsGoneIsForgotten() throws {
    let keeper = ClaimKeeper(engine: engine)
    _ = acquire(keeper, web, [try claim("a", .pr)])
    for record in engine.locks() { engine.engine.unlock(record.lock) { _ in } }
    #expect(acquire(keeper, web, [try claim("a", .pw)]) == [try claim("a", .pw)])
    keeper.release(web) { events.add("released") }
    engine.deliverAll()
    #expect(events.all == ["released"])
    #expect(held(keeper, web) == [:])
  }

  @Test func answersMayComeOnOtherThreads() async throws {
    let keeper = ClaimKeeper(engine: engine)
    let names = ["a", "b", "c", "d"]
    let stop = Mutex(false)
    let pump = Task.detached {
      while !stop.withLock({ $0 }) {
        if !engine.deliverOne() { await Task.yield() }
      }
    }
    await withTaskGroup(of: Void.self) { group in
      for instance in 1...4 {
        group.addTask {
          let owner = OwnerID(domain: Self.uuid, instance: UInt64(instance))
          for round in 0..<50 {
            let claims = names.indices.filter { ($0 + round + instance) % 2 == 0 }
              .compactMap { try? claim(names[$0], $0 % 2 == 0 ? .pw : .pr) }
            let before = keeper.held(owner)
            let isTaken = await withCheckedContinuation { continuation in
              keeper.acquire(owner, claims) {
                continuation.resume(returning: (try? $0.get()) != nil)
              }
            }
            let now = keeper.held(owner)
            #expect(isTaken ? Set(now.keys) == Set(claims.map(\.resource)) : now == before)
            await withCheckedContinuation { continuation in
              keeper.release(owner) { continuation.resume() }
            }
            #expect(keeper.held(owner) == [:])
          }
        }
      }
    }
    stop.withLock { $0 = true }
    await pump.value
    #expect(engine.locks() == [])
  }
}
