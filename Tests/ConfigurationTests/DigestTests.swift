import Configuration
import Directory
import Testing

/// What nodes of a cluster compare of their configurations.
@Suite struct DigestTests {
  func differences(_ one: String, _ two: String) throws -> [SettingsGroup] {
    try Configuration(toml: one, file: "f").digest.differences(
      from: Configuration(toml: two, file: "f").digest)
  }

  @Test(arguments: [
    ("readonly = \"concurrent\"", SettingsGroup.readOnly),
    ("unidentified = \"refuse\"", .unidentified), ("allow_unfenced = true", .fencing),
    ("[resources]\npci = true", .resources),
    ("[[storage]]\nname = \"a\"\npath = \"/a\"", .storage),
    ("[[network]]\nname = \"a\"\nprotocol = \"nbd\"\nhosts = [\"a\"]", .network),
  ]) func whatDiffersIsNamed(_ text: String, _ group: SettingsGroup) throws {
    #expect(try differences(text, "") == [group])
    #expect(try differences(text, text) == [])
  }

  @Test func whatIsEachNodesOwnAffairIsNotCompared() throws {
    let storage = "[[storage]]\nname = \"a\"\npath = "
    #expect(
      try differences("socket = \"/a\"\n\(storage)\"/a\"", "node_name = \"x\"\n\(storage)\"/b\"")
        == [])
  }

  @Test func orderMeansNothing() throws {
    let one = "[[storage]]\nname = \"a\"\npath = \"/a\"\n"
    let two = "[[storage]]\nname = \"b\"\npath = \"/b\"\n"
    #expect(try differences(one + two, two + one) == [])
    let hosts = "[[network]]\nname = \"a\"\nprotocol = \"nbd\"\nhosts = "
    #expect(try differences("\(hosts)[\"a\", \"b\"]", "\(hosts)[\"b\", \"a\"]") == [])
  }
}
