import LockModel
import Testing

@testable import LockEngines

@Suite struct KernelTableTests {
  /// As Linux 6.1 prints it.
  static let text = """
    id nodeid remid pid xid exflags flags sts grmode rqmode time_ms r_nodeid r_len r_name
    3 2 8 1201 0 88 1 2 4 -1 1190 2 8 "file:a/b"
    1f 0 0 1201 0 88 3 2 5 -1 990 0 43 "domain:83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7"
    2 3 5 0 0 88 10001 2 4 -1 1190 0 8 "file:c/d"
    4 0 0 1201 0 80 1 1 -1 4 1190 0 8 "a b \"c\"d"
    5 0 0 1201 0 80 1 3 0 4 1190 0 1 "e"

    """

  @Test func locksOfThisNodeAreRead() {
    let table = KernelTable(text: Array(Self.text.utf8))
    #expect(
      table.entries == [
        .init(number: 3, granted: .pw, name: "file:a/b"),
        .init(
          number: 0x1f, granted: .ex, name: "domain:83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7"),
        .init(number: 4, granted: nil, name: "a b \"c\"d"),
        .init(number: 5, granted: .nl, name: "e"),
      ])
  }

  @Test(arguments: ["", "\n", "3 2 8", "3 2 8 1201 0 88 1 2 9 -1 1190 2 8 name"])
  func nonsenseIsSkipped(text: String) {
    #expect(KernelTable(text: Array(text.utf8)).entries == [])
  }

  @Test func aLockspaceThatIsNotThereHasNoTable() {
    #expect(KernelTable(of: "there-is-none") == nil)
  }
}
