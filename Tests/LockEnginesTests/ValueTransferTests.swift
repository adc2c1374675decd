import LockEngines
import LockModel
import Testing

@Suite struct ValueTransferTests {
  /// `dlm_lvb_operations` as fs/dlm/lock.c has it: 1 reads, 0 writes, -1 does nothing. Rows are
  /// the granted mode, from UN, columns the requested one.
  static let table: [[Int]] = [
    [1, 1, 1, 1, 1, 1],
    [1, 1, 1, 1, 1, 1],
    [-1, 1, 1, 1, 1, 1],
    [-1, -1, 1, 1, 1, 1],
    [-1, -1, -1, 1, 1, 1],
    [0, 0, 0, 0, 0, 1],
    [0, 0, 0, 0, 0, 0],
  ]

  @Test func transfersAreTheKernels() {
    for (row, from) in ([nil] + LockMode.allCases.map(Optional.some)).enumerated() {
      for to in LockMode.allCases {
        let expected: ValueTransfer =
          switch Self.table[row][Int(to.rawValue)] {
          case 1: .read
          case 0: .write
          default: .none
          }
        #expect(ValueTransfer(from: from, to: to) == expected, "\(from as Any) to \(to)")
      }
    }
  }

  @Test func aValueHasItsLength() {
    #expect(LockValue([UInt8](repeating: 1, count: 31)) == nil)
    #expect(LockValue([UInt8](repeating: 1, count: 33)) == nil)
    #expect(LockValue([UInt8](repeating: 1, count: 32))?.bytes.count == 32)
  }
}
