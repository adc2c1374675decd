import Foundation
import Testing

@testable import ResourceIdentity

@Suite struct AliasTests {
  @Test(arguments: Alias.table) func whatIsOneMeetsAndWhatIsNotDoesNot(alias: Alias) throws {
    let (first, second) = try alias.look()
    #expect(
      Alias.relation(first, second) == alias.relation,
      "\(first) and \(second)")
  }

  /// The page is what operators go by.
  @Test func theDocumentationHasThisVeryTable() throws {
    let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("docs/resources.md")
    let lines = try String(contentsOf: page, encoding: .utf8).split(separator: "\n")
      .map(String.init)
    let start = try #require(lines.firstIndex { $0.hasPrefix("| one way | another way |") })
    let rows = lines[(start + 2)...].prefix { $0.hasPrefix("|") }
    #expect(Array(rows) == Alias.table.map(\.description))
  }
}
