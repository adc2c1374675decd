import Glibc
import LockModel
import Testing

@testable import LockEngines

/// Locks that another program of the node uses by their numbers.
extension KernelLocksTests {
  @Test func aReleaseByAnotherProgramIsALossWhereTheTableSaysSo() {
    hold(1, a, 1)
    device.entries = []
    report(1, Self.unlocked, Self.stranger)
    #expect(told.losses.map(\.resource) == [a] && record(1) == nil)
    #expect(device.last == .request("a", .pw), "a number is used that may be another lock's")
  }

  @Test func aReleaseByAnotherProgramIsALossWhereTheKernelSaysSo() {
    hold(1, a, 1)
    device.errors = [ENOENT]
    report(1, Self.unlocked, Self.stranger)
    #expect(device.last == .convert(1, .pw, block: LockValue.none))
    #expect(told.losses.map(\.lock) == [LockID(number: 1)] && record(1) == nil)
  }

  @Test(arguments: [0, EAGAIN, 0x10001, 0x10002])
  func newsOfAnotherProgramLoseNothingThatTheKernelStillGrants(status: Int32) {
    hold(1, a, 1)
    device.entries = [.init(number: 1, granted: .pw, name: "a")]
    report(1, status, Self.stranger)
    let question = device.lastOperation
    #expect(device.last == .convert(1, .pw, block: LockValue.none))
    report(1, 0, question)
    #expect(told.losses == [] && record(1)?.granted == .pw && record(1)?.requested == nil)
  }

  @Test func aLockThatWasWeakenedAndIsAnotherGuestsByNowIsLost() {
    hold(1, a, 1)
    device.entries = [.init(number: 1, granted: .nl, name: "a")]
    report(1, 0, Self.stranger)
    report(1, EAGAIN, device.lastOperation)
    #expect(told.losses.map(\.resource) == [a] && record(1) == nil)
  }

  @Test func theQuestionWaitsForTheOtherProgramsConversion() {
    hold(1, a, 1)
    device.errors = [EBUSY]
    report(1, 0, Self.stranger)
    let question = device.lastOperation
    #expect(record(1)?.requested == .pw && told.losses == [])
    report(1, 0, question)
    #expect(record(1)?.requested == nil && record(1)?.granted == .pw)
  }

  /// The kernel says another program's id with this one's grant (6.1 reads it when the news are read).
  @Test func aGrantUnderAnotherProgramsIdIsAskedForAgain() throws {
    let operation = request(1, a, 1)
    device.entries = [.init(number: 1, granted: .pw, name: "a")]
    report(1, 0, Self.stranger)
    #expect(device.last == .convert(1, .pw, block: nil) && device.lastOperation == operation)
    report(1, 0, operation)
    #expect(told.outcomes(1) == [.granted(nil)])
  }

  @Test func whatWaitsGoesOnWaiting() {
    hold(1, a, 1, .nl)
    let operation = convert(1, .pw, 10)
    device.errors = [EBUSY]
    report(1, Self.cancelled, Self.stranger)
    #expect(told.outcomes(10) == [] && device.lastOperation == operation)
    report(1, 0, operation)
    #expect(told.outcomes(10) == [.granted(nil)] && record(1)?.granted == .pw)
  }

  @Test func aConversionThatAnotherProgramCancelledIsMadeAgain() {
    hold(1, a, 1, .nl)
    let operation = convert(1, .pw, 10)
    report(1, Self.cancelled, Self.stranger)
    #expect(device.last == .convert(1, .pw, block: nil) && device.lastOperation == operation)
    report(1, EAGAIN, operation)
    #expect(told.outcomes(10) == [.refused] && record(1)?.granted == .nl && told.losses == [])
  }

  @Test func aRequestThatAnotherProgramTookAwayIsCancelled() {
    request(1, a, 1, .pw, [])
    device.errors = [ENOENT]
    report(1, Self.cancelled, Self.stranger)
    #expect(told.outcomes(1) == [.cancelled] && record(1) == nil && told.losses == [])
  }

  @Test func aReleaseThatAnotherProgramBeatIsDone() {
    hold(1, a, 1, .pr)
    _ = unlock(1, 10)
    device.entries = []
    report(1, Self.unlocked, Self.stranger)
    #expect(told.outcomes(10) == [.released] && told.losses == [])
  }

  @Test func aReleaseUnderAnotherProgramsIdIsAskedForAgain() {
    hold(1, a, 1, .pr)
    let operation = unlock(1, 10)
    device.errors = [EBUSY]
    report(1, 0, Self.stranger)
    #expect(told.outcomes(10) == [] && device.last == .unlock(1))
    report(1, Self.unlocked, operation)
    #expect(told.outcomes(10) == [.released])
  }

  @Test func newsOfAnUnknownNumberAreIgnored() {
    report(9, 0, Self.stranger)
    report(9, Self.unlocked, Self.stranger)
    #expect(device.submissions.isEmpty && told.losses == [])
  }

  @Test func aSecondAnswerToOneOperationEndsNothing() {
    let operation = request(1, a, 1)
    report(1, 0, operation)
    report(1, 0, operation)
    #expect(told.outcomes(1) == [.granted(nil)])
    report(1, 0, device.lastOperation)
    #expect(told.losses == [] && record(1)?.granted == .pw && record(1)?.requested == nil)
  }

  /// A program that submits no id of its own: the kernel says this process's last one again.
  @Test(arguments: [false, true]) func aReleaseUnderOnesOwnFormerIdIsALoss(canReadTable: Bool) {
    let operation = request(1, a, 1)
    report(1, 0, operation)
    if canReadTable { device.entries = [] } else { device.errors = [ENOENT] }
    report(1, Self.unlocked, operation)
    #expect(told.losses.map(\.resource) == [a] && record(1) == nil)
  }

  @Test func newsThatAnotherLockWaitsChangeNothing() {
    hold(1, a, 1)
    var news = LockNews(number: 1, status: 0, operation: Self.stranger)
    news.isBlocking = true
    device.news = [news]
    locks.takeNews()
    #expect(record(1)?.granted == .pw && device.submissions.count == 1)
  }
}
