import LockModel
import Synchronization
import Testing

@testable import LockEngines

/// Two nodes' keepers over one lock manager.
private final class Nodes: Sendable {
  let engine = LocalEngine()
  let source: ClaimKeeper
  let destination: ClaimKeeper
  let owner = OwnerID(domain: DomainUUID(String(repeating: "1", count: 32))!, instance: 1)
  let copy = OwnerID(domain: DomainUUID(String(repeating: "1", count: 32))!, instance: 7)
  let stranger = OwnerID(domain: DomainUUID(String(repeating: "2", count: 32))!, instance: 1)
  let settled = Mutex<[[RefusedClaim]]>([])

  init() {
    source = Self.keeper(1, engine)
    destination = Self.keeper(2, engine)
  }

  private static func keeper(_ node: UInt32, _ engine: LocalEngine) -> ClaimKeeper {
    ClaimKeeper(
      engine: engine,
      signature: .init(node: NodeID(node)!, now: { Timestamp(milliseconds: 5) }),
      patience: Patience { _, then in then() })
  }

  func claim(_ name: String, _ mode: LockMode = .pw) -> Claim {
    Claim(resource: try! ResourceName(name), mode: mode, device: "disk vda", location: name)
  }

  func take(_ claims: Claim..., for owner: OwnerID, on keeper: ClaimKeeper) -> Bool {
    let answer = Mutex<Bool?>(nil)
    keeper.acquire(owner, claims) { result in
      answer.withLock { $0 = if case .success = result { true } else { false } }
    }
    return answer.withLock { $0 } ?? false
  }

  enum Queued: Equatable {
    case held, waiting
    case refused([ResourceName])
  }

  func queue(_ claims: Claim...) -> Queued? {
    let answer = Mutex<Queued?>(nil)
    destination.queue(copy, claims) { result in
      answer.withLock { answer in
        answer =
          switch result {
          case .success(let isWaiting): isWaiting ? .waiting : .held
          case .failure(let conflict): .refused(conflict.refused.map(\.claim.resource))
          }
      }
    } settled: { [self] refused in
      settled.withLock { $0.append(refused) }
    }
    return answer.withLock { $0 }
  }

  /// What bars the copy, by `NAME: HOLDER`; nil without an answer.
  func probe() -> [String]? {
    let answer = Mutex<[String]?>(nil)
    destination.probe(copy) { barred in
      answer.withLock { $0 = barred.map { "\($0): \($1.map { "\($0.node)" } ?? "?")" }.sorted() }
    }
    return answer.withLock { $0 }
  }

  func release(_ owner: OwnerID, on keeper: ClaimKeeper) -> Bool {
    let isDone = Mutex(false)
    keeper.release(owner) { isDone.withLock { $0 = true } }
    return isDone.withLock { $0 }
  }

  /// `NAME granted>requested`, sorted.
  var locks: [String] {
    engine.locks().map { lock in
      "\(lock.resource) \(lock.granted.map { "\($0)" } ?? "-")"
        + (lock.requested.map { ">\($0)" } ?? "")
    }.sorted()
  }

  func holder(_ name: String) -> Holder? {
    let value = Mutex<LockValue?>(nil)
    let lock = engine.lock(try! ResourceName(name), .nl, .expedite) { outcome in
      if case .granted(let read) = outcome { value.withLock { $0 = read } }
    }
    engine.unlock(lock) { _ in }
    return value.withLock { $0 }.flatMap { Holder($0) }
  }
}

@Suite struct KeeperHandoverTests {
  @Test func whatTheSameDomainHoldsElsewhereIsWaitedFor() {
    let nodes = Nodes()
    #expect(nodes.take(nodes.claim("a"), nodes.claim("b"), for: nodes.owner, on: nodes.source))
    #expect(nodes.queue(nodes.claim("a"), nodes.claim("b"), nodes.claim("c")) == .waiting)
    #expect(nodes.locks == ["a NL>PW", "a PW", "b NL>PW", "b PW", "c PW"])
    #expect(nodes.settled.withLock { $0.isEmpty })
    #expect(!nodes.take(nodes.claim("a"), for: nodes.stranger, on: nodes.destination))
    #expect(nodes.release(nodes.owner, on: nodes.source))
    #expect(nodes.settled.withLock { $0 } == [[]])
    #expect(nodes.locks == ["a PW", "b PW", "c PW"])
    #expect(nodes.holder("a")?.node == NodeID(2))
    #expect(nodes.holder("b")?.node == NodeID(2))
    #expect(!nodes.take(nodes.claim("b"), for: nodes.stranger, on: nodes.source))
  }

  @Test func whatIsFreeIsHeldAtOnce() {
    let nodes = Nodes()
    #expect(nodes.queue(nodes.claim("a"), nodes.claim("b")) == .held)
    #expect(nodes.locks == ["a PW", "b PW"])
    #expect(nodes.settled.withLock { $0.isEmpty })
  }

  @Test func somebodyElsesRefusesTheWhole() {
    let nodes = Nodes()
    #expect(nodes.take(nodes.claim("a"), for: nodes.owner, on: nodes.source))
    #expect(nodes.take(nodes.claim("b"), for: nodes.stranger, on: nodes.source))
    #expect(
      nodes.queue(nodes.claim("a"), nodes.claim("b"), nodes.claim("c"))
        == .refused([try! ResourceName("b")]))
    #expect(nodes.locks == ["a PW", "b PW"])
    #expect(nodes.destination.isIdle)
    #expect(nodes.release(nodes.owner, on: nodes.source))
    #expect(nodes.settled.withLock { $0.isEmpty })
  }

  @Test func aReaderWhoCannotSignRefusesIt() {
    let nodes = Nodes()
    #expect(nodes.take(nodes.claim("a", .pr), for: nodes.owner, on: nodes.source))
    #expect(nodes.queue(nodes.claim("a")) == .refused([try! ResourceName("a")]))
    #expect(nodes.queue(nodes.claim("a", .pr)) == .held)
    #expect(nodes.locks == ["a PR", "a PR"])
  }

  @Test func whatWaitsIsWithdrawn() {
    let nodes = Nodes()
    #expect(nodes.take(nodes.claim("a"), nodes.claim("b"), for: nodes.owner, on: nodes.source))
    #expect(nodes.queue(nodes.claim("a"), nodes.claim("b"), nodes.claim("c")) == .waiting)
    #expect(nodes.release(nodes.copy, on: nodes.destination))
    #expect(nodes.locks == ["a PW", "b PW"])
    #expect(nodes.destination.isIdle)
    #expect(nodes.settled.withLock { $0.isEmpty })
    #expect(nodes.queue(nodes.claim("a")) == .waiting)
  }

  @Test func itWaitsForEachRequestByItself() {
    let nodes = Nodes()
    #expect(nodes.take(nodes.claim("a"), nodes.claim("b"), for: nodes.owner, on: nodes.source))
    #expect(nodes.queue(nodes.claim("a")) == .waiting)
    #expect(nodes.queue(nodes.claim("a"), nodes.claim("b")) == .waiting)
    #expect(nodes.locks == ["a NL>PW", "a PW", "b NL>PW", "b PW"])
    #expect(nodes.release(nodes.owner, on: nodes.source))
    #expect(nodes.settled.withLock { $0 } == [[], []])
    #expect(nodes.release(nodes.copy, on: nodes.destination))
    #expect(nodes.locks.isEmpty)
  }

  @Test func aNewProcessWaitsAgain() {
    let nodes = Nodes()
    #expect(nodes.take(nodes.claim("a"), nodes.claim("b"), for: nodes.owner, on: nodes.source))
    #expect(nodes.take(nodes.claim("x"), for: nodes.stranger, on: nodes.source))
    let answer = Mutex<([RefusedClaim], Bool)?>(nil)
    nodes.destination.queueAgain(
      nodes.copy, ["a", "b", "c", "x"].map { nodes.claim($0) }
    ) { refused, isWaiting in
      answer.withLock { $0 = (refused, isWaiting) }
    } settled: { refused in
      nodes.settled.withLock { $0.append(refused) }
    }
    #expect(answer.withLock { $0?.0.map(\.claim.location) } == ["x"])
    #expect(answer.withLock { $0?.1 } == true)
    #expect(nodes.locks == ["a NL>PW", "a PW", "b NL>PW", "b PW", "c PW", "x PW"])
    #expect(nodes.release(nodes.owner, on: nodes.source))
    #expect(nodes.locks == ["a PW", "b PW", "c PW", "x PW"])
    #expect(nodes.settled.withLock { $0 } == [[]])
  }

  /// One of its disks may be given back there, or lost, long before the others.
  @Test func aNewProcessHasArrivedWhenAllOfItHas() {
    let nodes = Nodes()
    let former = OwnerID(domain: nodes.owner.domain, instance: 2)
    #expect(nodes.take(nodes.claim("a"), for: nodes.owner, on: nodes.source))
    #expect(nodes.take(nodes.claim("b"), for: former, on: nodes.source))
    let isWaiting = Mutex<Bool?>(nil)
    nodes.destination.queueAgain(nodes.copy, ["a", "b"].map { nodes.claim($0) }) { _, waits in
      isWaiting.withLock { $0 = waits }
    } settled: { refused in
      nodes.settled.withLock { $0.append(refused) }
    }
    #expect(isWaiting.withLock { $0 } == true)
    #expect(nodes.release(nodes.owner, on: nodes.source))
    #expect(nodes.locks == ["a PW", "b NL>PW", "b PW"])
    #expect(nodes.settled.withLock { $0 } == [])
    #expect(nodes.release(former, on: nodes.source))
    #expect(nodes.settled.withLock { $0 } == [[]])
  }

  /// Whoever waits is told who is in the way, and of nothing once nobody is.
  @Test func whatWaitsIsProbed() {
    let nodes = Nodes()
    #expect(nodes.take(nodes.claim("a"), nodes.claim("b"), for: nodes.owner, on: nodes.source))
    #expect(nodes.probe() == [])
    #expect(nodes.queue(nodes.claim("a"), nodes.claim("b"), nodes.claim("c")) == .waiting)
    #expect(nodes.probe() == ["a: node id 1", "b: node id 1"])
    let before = nodes.locks
    #expect(nodes.probe()?.count == 2 && nodes.locks == before, "it leaves nothing behind")
    #expect(nodes.release(nodes.owner, on: nodes.source))
    #expect(nodes.probe() == [])
  }
}
