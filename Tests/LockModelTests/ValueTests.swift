import LockModel
import Testing

@Suite struct ValueTests {
  @Test func resourceNamesAreBounded() throws {
    #expect(throws: ResourceName.Invalid.empty) { try ResourceName("") }
    #expect(throws: ResourceName.Invalid.tooLong(65)) {
      try ResourceName(String(repeating: "a", count: 65))
    }
    #expect(throws: ResourceName.Invalid.unprintable) { try ResourceName("a b") }
    #expect(throws: ResourceName.Invalid.unprintable) { try ResourceName("ä") }
    let longest = try ResourceName(String(repeating: "a", count: 64))
    #expect(longest.description.utf8.count == 64)
  }

  @Test(arguments: [
    "83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7", "83F1535F99AB0BF4E9D02DFD85D3E3F7",
    "83f1535f 99ab 0bf4 e9d0-2dfd85d3e3f7",
  ])
  func uuidsAreRead(text: String) {
    #expect(DomainUUID(text)?.description == "83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7")
  }

  @Test(arguments: [
    "", "83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f", "g3f1535f99ab0bf4e9d02dfd85d3e3f7",
    "83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f70",
  ])
  func othersAreNot(text: String) {
    #expect(DomainUUID(text) == nil)
  }

  @Test func ownersReadBack() throws {
    let uuid = try #require(DomainUUID("83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7"))
    let owner = OwnerID(domain: uuid, instance: 42)
    #expect(OwnerID("\(owner)") == owner)
    #expect(OwnerID("\(uuid).") == nil)
    #expect(OwnerID("\(uuid).042") == nil)
    #expect(OwnerID("\(uuid)") == nil)
  }

  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00Z"), (951_782_400_000, "2000-02-29T00:00:00Z"),
      (1_772_357_405_999, "2026-03-01T09:30:05Z"), (4_107_542_399_000, "2100-02-28T23:59:59Z"),
      (4_107_542_400_000, "2100-03-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"),
    ] as [(Int64, String)])
  func timesAreUTC(milliseconds: Int64, text: String) {
    #expect(Timestamp(milliseconds: milliseconds).description == text)
  }

  @Test func untrustedTextStaysOnOneLine() {
    #expect("\(Quoted("web\n01\u{1b}[31m"))" == "'web\\n01\\u{1b}[31m'")
    #expect("\(Quoted("it's"))" == "'it\\'s'")
    #expect("\(Quoted(String(repeating: "y", count: 400), limit: 3))" == "'yyy…'")
    #expect("\(Quoted("Zürich\u{202e}"))" == "'Zürich\\u{202e}'")
  }
}
