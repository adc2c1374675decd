import LockModel
import Testing

@Suite struct LockModeTests {
  /// The matrix of fs/dlm/lock.c, in the order NL CR CW PR PW EX.
  static let matrix: [[Bool]] = [
    [true, true, true, true, true, true],
    [true, true, true, true, true, false],
    [true, true, true, false, false, false],
    [true, true, false, true, false, false],
    [true, true, false, false, false, false],
    [true, false, false, false, false, false],
  ]

  @Test func compatibilityIsTheKernels() {
    for a in LockMode.allCases {
      for b in LockMode.allCases {
        #expect(
          a.isCompatible(with: b) == Self.matrix[Int(a.rawValue)][Int(b.rawValue)], "\(a) \(b)")
      }
    }
  }

  /// The union must refuse everybody whom either part refuses, and be the least such mode.
  @Test func unionRefusesWhatEitherRefuses() {
    for a in LockMode.allCases {
      for b in LockMode.allCases {
        let union = a.union(b)
        #expect(union == b.union(a))
        #expect(union.covers(a) && union.covers(b))
        for other in LockMode.allCases where union.isCompatible(with: other) {
          #expect(a.isCompatible(with: other) && b.isCompatible(with: other))
        }
      }
    }
    #expect(LockMode.pr.union(.cw) == .pw)
    #expect(LockMode.cr.union(.pw) == .pw)
    #expect(!LockMode.cw.covers(.pr))
  }

  @Test func lettersReadBack() {
    for mode in LockMode.allCases { #expect(LockMode("\(mode)") == mode) }
    #expect(LockMode("pw") == nil)
  }
}
