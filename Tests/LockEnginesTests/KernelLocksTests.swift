import Glibc
import LockEngineConformance
import LockModel
import Synchronization
import Testing

@testable import LockEngines

/// What becomes of a lock whose number the kernel gives to another one, or that another program uses.
/// Numbers and news are those that fs/dlm/user.c of Linux 6.1 and 6.12 gives in these situations.
@Suite struct KernelLocksTests {
  let device = ScriptedDevice()
  let locks: KernelLocks<ScriptedDevice>
  let told = Told()
  let a: ResourceName
  let b: ResourceName

  /// How operations ended, and which locks were lost.
  final class Told: Sendable {
    private let state = Mutex<(outcomes: [UInt64: [LockOutcome]], losses: [LockLoss])>(([:], []))

    func outcome(of number: UInt64) -> LockEngine.Completion {
      { outcome in self.state.withLock { $0.outcomes[number, default: []].append(outcome) } }
    }

    func add(_ loss: LockLoss) { state.withLock { $0.losses.append(loss) } }
    func outcomes(_ number: UInt64) -> [LockOutcome] {
      state.withLock { $0.outcomes[number] ?? [] }
    }
    var losses: [LockLoss] { state.withLock { $0.losses } }
  }

  /// A program of root that uses locks of this one: an address of its own.
  static let stranger = OperationID(rawValue: 0x7ffd_0000_4c20)
  static let unlocked: Int32 = 0x10002
  static let cancelled: Int32 = 0x10001

  init() throws {
    a = try ResourceName("a")
    b = try ResourceName("b")
    var random = SeededRandom(seed: 7)
    let losses = LossReport()
    locks = KernelLocks(device, losses, using: &random)
    losses.setReceiver { [told] in told.add($0) }
  }

  // MARK: - What tests do

  @discardableResult
  func request(
    _ id: UInt64, _ resource: ResourceName, _ number: KernelNumber, _ mode: LockMode = .pw,
    _ options: LockOptions = .noQueue
  ) -> OperationID {
    device.numbers = [number]
    locks.request(LockID(number: id), resource, mode, options, told.outcome(of: id))
    return device.lastOperation
  }

  func report(
    _ number: KernelNumber, _ status: Int32, _ operation: OperationID, _ value: LockValue? = nil
  ) {
    var news = LockNews(number: number, status: status, operation: operation)
    news.value = value
    device.news.append(news)
    locks.takeNews()
  }

  /// A lock that is held.
  func hold(_ id: UInt64, _ resource: ResourceName, _ number: KernelNumber, _ mode: LockMode = .pw)
  {
    report(number, 0, request(id, resource, number, mode))
    #expect(told.outcomes(id) == [.granted(nil)])
  }

  func convert(_ id: UInt64, _ mode: LockMode, _ then: UInt64) -> OperationID {
    locks.convert(LockID(number: id), mode, [], nil, told.outcome(of: then))
    return device.lastOperation
  }

  func unlock(_ id: UInt64, _ then: UInt64) -> OperationID {
    locks.unlock(LockID(number: id), nil, told.outcome(of: then))
    return device.lastOperation
  }

  func record(_ id: UInt64) -> LockRecord? { locks.all.first { $0.lock == LockID(number: id) } }

  func value(_ byte: UInt8) throws -> LockValue {
    try #require(LockValue([UInt8](repeating: byte, count: LockValue.length)))
  }

  // MARK: - Numbers that are used again

  @Test func refusalsAndGrantsUnderOneNumberReachTheirOwnRequests() {
    let first = request(1, a, 1)
    let second = request(2, a, 1)
    let third = request(3, b, 1)
    report(1, EAGAIN, first)
    report(1, EAGAIN, second)
    report(1, 0, third)
    #expect(told.outcomes(1) == [.refused] && told.outcomes(2) == [.refused])
    #expect(told.outcomes(3) == [.granted(nil)] && told.losses == [])
  }

  @Test func theRefusalOfAFormerTenantDoesNotEndWhatIsHeld() {
    let refused = request(1, a, 1)
    let granted = request(2, b, 1)
    report(1, 0, granted)
    report(1, EAGAIN, refused)
    #expect(told.outcomes(1) == [.refused] && record(2)?.granted == .pw)
  }

  @Test func aReleaseThatIsReadLateDoesNotEndTheNextTenant() {
    hold(1, a, 1, .pr)
    let release = unlock(1, 10)
    let next = request(2, b, 1)
    report(1, 0, next)
    report(1, Self.unlocked, release)
    #expect(told.outcomes(10) == [.released] && record(2)?.granted == .pw && told.losses == [])
  }

  @Test func aNumberThatAnOrphanHasIsNotTakenForThatOfAnUnreadRefusal() throws {
    request(1, a, 4)
    device.entries = [.init(number: 4, granted: .pr, name: "b")]
    device.numbers = [4]
    #expect(locks.releaseStrangers() == [StrangerLock(resource: b, mode: .pr)])
    #expect(device.last == .unlock(4))
  }

  @Test func aRequestThatMayNotWaitIsNotCancelledByItsNumber() {
    let first = request(1, a, 1)
    request(2, b, 1, .pw, [])
    locks.cancel(LockID(number: 1))
    #expect(device.last == .request("b", .pw))
    report(1, EAGAIN, first)
    #expect(told.outcomes(1) == [.refused] && told.outcomes(2) == [])
  }

  @Test func whatWaitsIsCancelledByItsOwnId() {
    let operation = request(1, a, 1, .pw, [])
    locks.cancel(LockID(number: 1))
    #expect(device.last == .cancel(1) && device.lastOperation == operation)
    report(1, Self.cancelled, operation)
    #expect(told.outcomes(1) == [.cancelled] && record(1) == nil)
  }

  @Test func idsAreNeverGivenTwiceAndAreNoAddresses() {
    var seen: Set<OperationID> = []
    for number in 1...100 as ClosedRange<UInt64> {
      let operation = request(number, a, 1)
      #expect(seen.insert(operation).inserted && operation.rawValue >= 1 << 63)
      report(1, EAGAIN, operation)
    }
    var random = SystemRandomNumberGenerator()
    let (one, other) = (OperationIDs(using: &random), OperationIDs(using: &random))
    var (first, second) = (one, other)
    #expect(first.make() != second.make())
  }

  @Test func aLockWhoseNumberAnotherOneHasWasReleasedByAnotherProgram() {
    hold(1, a, 1)
    request(2, b, 1)
    #expect(told.losses.map(\.lock) == [LockID(number: 1)])
    #expect(record(1) == nil && record(2) != nil)
  }

  @Test func aGrantOfALockThatIsGoneBeforeItIsReadIsNone() {
    let first = request(1, a, 1)
    let second = request(2, b, 1)
    report(1, 0, first)
    report(1, 0, second)
    #expect(told.outcomes(1) == [.unknownLock] && told.outcomes(2) == [.granted(nil)])
    #expect(told.losses == [])
  }

  // MARK: - Releases and value blocks

  @Test func aWritersReleaseIsAConversionAndAReleaseUnderOneId() throws {
    hold(1, a, 1)
    locks.unlock(LockID(number: 1), try value(5), told.outcome(of: 10))
    let operation = device.lastOperation
    #expect(
      device.submissions.suffix(2).map(\.what) == [
        .convert(1, .nl, block: try value(5)), .unlock(1),
      ])
    #expect(device.submissions.suffix(2).allSatisfy { $0.operation == operation })
    report(1, 0, operation)
    #expect(told.outcomes(10) == [])
    report(1, Self.unlocked, operation)
    #expect(told.outcomes(10) == [.released])
  }

  @Test func aReleaseThatWasBusyFollowsTheConversion() {
    hold(1, a, 1)
    device.errors = [0, EBUSY]
    let operation = unlock(1, 10)
    device.errors = []
    report(1, 0, operation)
    #expect(device.last == .unlock(1) && device.submissions.count == 4)
    report(1, Self.unlocked, operation)
    #expect(told.outcomes(10) == [.released])
  }

  @Test func anAdoptedWriterNeverWritesWhatItDoesNotKnow() throws {
    device.numbers = [3]
    locks.adopt(LockID(number: 1), a, .pw) { _ in
    } retry: {
    }
    for number in 10...11 as ClosedRange<UInt64> {
      let operation = convert(1, .pw, number)
      #expect(device.last == .convert(3, .pw, block: nil))
      report(3, 0, operation)
      #expect(told.outcomes(number) == [.granted(nil)])
    }
  }

  @Test func aValueIsReadWithAGrantAndKeptForTheRelease() throws {
    let operation = request(1, a, 1)
    report(1, 0, operation, try value(8))
    #expect(told.outcomes(1) == [.granted(try value(8))])
    _ = unlock(1, 10)
    #expect(device.submissions[1].what == .convert(1, .nl, block: try value(8)))
  }

  @Test func aValueWhoseWriterDiedIsNone() throws {
    let operation = request(1, a, 1)
    var news = LockNews(number: 1, status: 0, operation: operation)
    news.value = try value(8)
    news.isValueValid = false
    device.news = [news]
    locks.takeNews()
    #expect(told.outcomes(1) == [.granted(nil)])
  }

  // MARK: - Errors, adoption, audits

  @Test(arguments: [
    (ENOENT, LockOutcome.unknownLock), (EBUSY, .busy), (EINVAL, .invalid),
    (ENOMEM, .failed(errno: ENOMEM)),
  ])
  func aRequestThatTheKernelDoesNotTakeLeavesNothing(errno: Int32, outcome: LockOutcome) {
    device.errors = [errno]
    request(1, a, 1)
    #expect(told.outcomes(1) == [outcome] && locks.all == [] && told.losses == [])
  }

  @Test func aLockThatTheKernelDoesNotKnowAnyMoreIsLost() {
    hold(1, a, 1)
    device.errors = [ENOENT]
    _ = convert(1, .pr, 10)
    #expect(told.outcomes(10) == [.unknownLock] && told.losses.map(\.resource) == [a])
  }

  @Test func aSecondOperationIsBusyAndNotSubmitted() {
    hold(1, a, 1, .nl)
    _ = convert(1, .pw, 10)
    _ = convert(1, .pr, 11)
    _ = unlock(1, 12)
    #expect(told.outcomes(11) == [.busy] && told.outcomes(12) == [.busy])
    #expect(device.submissions.count == 2)
  }

  @Test(arguments: [
    (EAGAIN, false, Adoption.otherMode), (ENOENT, false, .nothing), (ENOENT, true, nil),
  ])
  func nothingToAdoptIsBelievedOfALockspaceThatRuns(
    errno: Int32, isStopped: Bool, expected: Adoption?
  ) {
    device.errors = [errno]
    device.isStopped = isStopped
    let answer = Mutex<Adoption?>(nil)
    var retries = 0
    locks.adopt(LockID(number: 1), a, .pw) { adoption in
      answer.withLock { $0 = adoption }
    } retry: {
      retries += 1
    }
    #expect(answer.withLock { $0 } == expected && retries == (expected == nil ? 1 : 0))
  }

  @Test func anAuditComparesNamesAndModesNotNumbersAlone() {
    hold(1, a, 1)
    hold(2, b, 2)
    device.entries = [
      .init(number: 1, granted: .pw, name: "other"), .init(number: 2, granted: .cr, name: "b"),
    ]
    #expect(locks.audit())
    #expect(told.losses.map(\.resource) == [a, b] && locks.all == [])
  }

  @Test func anAuditLeavesWhatIsUnderWayAndWhatIsThere() {
    hold(1, a, 1)
    hold(2, b, 2, .nl)
    _ = convert(2, .pw, 10)
    device.entries = [.init(number: 1, granted: .pw, name: "a")]
    #expect(locks.audit() && told.losses == [])
    device.entries = nil
    #expect(!locks.audit())
  }
}
