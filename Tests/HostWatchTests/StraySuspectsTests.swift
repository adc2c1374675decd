import LockModel
import Testing

@testable import HostWatch

@Suite struct StraySuspectsTests {
  let one = Self.stray(1)
  let two = Self.stray(2)

  private func found(_ strays: StrayQEMU...) -> StraySuspects {
    var suspects = StraySuspects()
    suspects.replace(with: strays)
    return suspects
  }

  static func stray(_ pid: Int32) -> StrayQEMU {
    StrayQEMU(
      process: ProcessRef(pid: pid, startTime: 5), uuid: nil, name: nil, files: [], obstacle: nil)
  }

  @Test func whoIsFoundInAStatusFileMeanwhileIsNoStray() {
    var suspects = found(one, two)
    #expect(suspects.convicted(besides: [one.process], isReading: false) == [two])
  }

  /// The file that is being read may be that of the process that was found.
  @Test func nobodyIsToldOfWhileAStatusFileIsBeingRead() {
    var suspects = found(one, two)
    #expect(suspects.convicted(besides: [], isReading: true) == [])
    #expect(suspects.convicted(besides: [two.process], isReading: false) == [one])
  }

  @Test func eachIsToldOfOnceASearch() {
    var suspects = found(one, two)
    #expect(suspects.convicted(besides: [], isReading: false) == [one, two])
    #expect(suspects.convicted(besides: [], isReading: false) == [])
    suspects.replace(with: [two])
    #expect(suspects.convicted(besides: [], isReading: false) == [two])
  }

  @Test func whatWasFoundBeforeIsForgotten() {
    var suspects = found(one)
    suspects.replace(with: [two])
    #expect(suspects.convicted(besides: [], isReading: false) == [two])
  }
}
