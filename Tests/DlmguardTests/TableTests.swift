import Testing

@testable import dlmguard

@Suite struct TableTests {
  static let table = Table(
    ["NAME", "PATH"],
    rows: [["a", "/1"], ["a name of some length", "/2/with/a/long/tail"]])

  @Test func columnsAreAsWideAsTheirCells() {
    #expect(
      Self.table.lines(.plain) == [
        "NAME                   PATH", "a                      /1",
        "a name of some length  /2/with/a/long/tail",
      ])
  }

  @Test func cellsAreCutOnlyToFit() {
    let lines = Self.table.lines(Style(width: 20, isBold: false))
    #expect(lines == ["NAME       PATH", "a          /1", "a na…ngth  /2/w…tail"])
    #expect(Self.table.lines(Style(width: 42, isBold: false)) == Self.table.lines(.plain))
  }

  @Test func noColumnVanishes() {
    let lines = Self.table.lines(Style(width: 1, isBold: false))
    #expect(lines.last == "a …gth  /2…ail")
  }

  @Test func onlyHeadersAreBold() {
    let lines = Self.table.lines(Style(width: 80, isBold: true))
    #expect(lines[0] == "\u{1b}[1mNAME                   PATH\u{1b}[0m")
    #expect(!lines[1].contains("\u{1b}"))
  }

  @Test(arguments: [
    ("web01", "web01"), ("my vm", "my vm"), ("", "''"), (" x", "' x'"), ("a  b", "'a  b'"),
    ("a\u{1b}[31m", "'a\\u{1b}[31m'"), ("a\nb", "'a\\nb'"), ("it's", "'it\\'s'"),
    ("h\u{f6}", "h\u{f6}"), ("\u{202e}gpj", "'\\u{202e}gpj'"),
  ]) func wordsCannotMislead(text: String, expected: String) {
    #expect(shown(text) == expected)
  }

  @Test func nothingIsCutFromLongWords() {
    let long = String(repeating: "x", count: 1000)
    #expect(shown(long) == long)
  }

  @Test func messagesMayQuote() {
    #expect(shownMessage("guest 'db\\n' runs") == "guest 'db\\n' runs")
    #expect(shownMessage("guest 'db'\u{1b}[2J") == "'guest \\'db\\'\\u{1b}[2J'")
  }
}
