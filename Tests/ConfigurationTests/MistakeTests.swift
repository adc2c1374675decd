import Configuration
import Testing

@Suite struct MistakeTests {
  private func mistakes(_ text: String, dropIns: [(file: String, text: String)] = []) -> [String] {
    do throws(Configuration.Mistakes) {
      _ = try ConfigurationFile(text: text, file: "f", dropIns: dropIns)
      return []
    } catch {
      return error.problems.map(\.description)
    }
  }

  @Test(arguments: [
    ("# one\nreadonly = \"protected\"\nread_only = \"x\"\n", "f:3: read_only: is no setting"),
    ("engine = \"magic\"", "f:1: engine: is \"magic\", but must be \"local\" or \"dlm\""),
    ("mode = \"off\"", "f:1: mode: is \"off\", but must be \"enforce\" or \"observe\""),
    (
      "unidentified = \"x\"", "f:1: unidentified: is \"x\", but must be \"refuse\" or \"node-path\""
    ),
    ("lockspace = \"\"", "f:1: lockspace: must be 1 to 64"),
    ("lockspace = \"a/b\"", "f:1: lockspace: must be 1 to 64"),
    ("lockspace = \"a b\"", "f:1: lockspace: must be 1 to 64"),
    ("lockspace = \"\(String(repeating: "x", count: 65))\"", "f:1: lockspace: must be 1 to 64"),
    ("storage = 1", "f:1: storage: is not a list: write [[storage]]"),
    ("storage = [1]", "f:1: storage: is not a list of tables"),
    ("[storage]\npath = \"/x\"", "f:1: storage: is not a list: write [[storage]]"),
    ("\n[[storage]]\nname = \"a\"", "f:2: storage.path: is missing"),
    ("[[storage]]\nname = 1\npath = \"/a\"", "f:2: storage.name: is not text"),
    ("[[storage]]\nname = \"a\"\npath = \"a\"", "f:3: storage.path: is not an absolute path"),
    ("[[storage]]\nname = \"a/b\"\npath = \"/a\"", "f:2: storage.name: must be 1 to 32"),
    (
      "[[storage]]\nname = \"a\"\npath = \"/a\"\nx = 1",
      "f:4: storage.x: is no setting of a [[storage]]"
    ),
    (
      "[[storage]]\nname = \"a\"\npath = \"/a\"\n[[storage]]\nname = \"a\"\npath = \"/b\"",
      "f:5: storage.name: \"a\" is taken at f:1"
    ),
    (
      "[[storage]]\nname = \"a\"\npath = \"/a\"\n[[storage]]\nname = \"b\"\npath = \"/a\"",
      "f:6: storage.path: is that of the storage \"a\" already"
    ),
    ("network = 1", "f:1: network: is not a list: write [[network]]"),
    ("[[network]]\nname = \"a\"\nprotocol = \"rbd\"", "f:1: network.hosts: is missing"),
    (
      "[[network]]\nname = \"a:1\"\nprotocol = \"rbd\"\nhosts = [\"m\"]",
      "f:2: network.name: must be 1 to 32 printable ASCII characters, without / : or spaces"
    ),
    (
      "[[network]]\nname = \"a\"\nprotocol = \"nfs4\"\nhosts = [\"m\"]",
      "f:3: network.protocol: is \"nfs4\", but must be \"nbd\", \"rbd\","
    ),
    (
      "[[network]]\nname = \"a\"\nprotocol = \"rbd\"\nhosts = []",
      "f:4: network.hosts: is not a list of at least one"
    ),
    (
      "[[network]]\nname = \"a\"\nprotocol = \"rbd\"\nhosts = [1]",
      "f:4: network.hosts: is not text"
    ),
    (
      "[[network]]\nname = \"a\"\nprotocol = \"rbd\"\nhosts = [\n\"m\",\n\"m\"]",
      "f:4: network.hosts: has \"m\" twice"
    ),
    (
      """
      [[network]]
      name = "a"
      protocol = "rbd"
      hosts = ["m", "n"]
      [[network]]
      name = "b"
      protocol = "rbd"
      hosts = ["o", "n"]
      """, "f:8: network.hosts: has a host of the network \"a\""
    ),
    ("resources = 1", "f:1: resources: is not a table: write [resources]"),
    ("[resources]\ndisk = true", "f:2: resources.disk: is no kind of resource; there are file, "),
    ("[resources]\ndomain = true", "f:2: resources.domain: is no setting: the domain itself is"),
    ("[resources]\nfile = \"read-only\"", "f:2: resources.file: must be true or false: how it is"),
    ("[resources]\ntpm = 1", "f:2: resources.tpm: must be true or false"),
    (
      "[resources]\npci = \"backing\"",
      "f:2: resources.pci: must be true, false, \"exclusive-write\", \"shared-write\" or \"read-only\""
    ),
    ("node_id = 0", "f:1: node_id: is 0, but must be from 1 to 4294967295"),
    ("node_id = \"1\"", "f:1: node_id: is not a whole number"),
    ("allow_unfenced = 1", "f:1: allow_unfenced: is not true or false"),
    ("stopped_limit_ms = 999", "f:1: stopped_limit_ms: is 999, but must be from 1000 to 3600000"),
    ("\nengine = 1", "f:2: engine: is not text"),
    ("storage_timeout_ms = \"1\"", "f:1: storage_timeout_ms: is not a whole number"),
    ("storage_timeout_ms = 1", "f:1: storage_timeout_ms: is 1, but must be from 100 to 60000"),
    ("state_dir = \"here\"", "f:1: state_dir: is not an absolute path"),
    ("node_name = \"\"", "f:1: node_name: is empty"),
    ("\n\nengine \"local\"", "f:3:"),
    ("hook_timeout_ms = 1", "f:1: hook_timeout_ms:"),
    ("hook_timeout_ms = 0x100", "f:1: hook_timeout_ms:"),
    ("session_starts = 'allow'", "f:1: session_starts:"),
    ("mode = \"observe\"\u{0}\nengine = 1", "f: holds a NUL byte"),
    ("mode = \"observe\"\n\nmode = \"enforce\"", "f:3: mode: stands there twice, first on line 1"),
    (
      "[resources]\npci = true\npci = false",
      "f:3: resources.pci: stands there twice, first on line 2"
    ),
    ("[resources]\n[resources]", "f:2: resources: stands there twice, first on line 1"),
  ])
  func eachNamesFileLineAndKey(text: String, expected: String) {
    let mistakes = mistakes(text)
    #expect(mistakes.count == 1 && mistakes[0].hasPrefix(expected), "\(mistakes)")
  }

  /// TOMLKit would end the program.
  @Test(arguments: [
    "[#", "[[#", "[.a]", "[[.a]]", "[=", "[[ # x\n", "[[[", "[[\n", "[[!", "[[\\", "[\n", "[ .a]",
    "mode = \"observe\"\n\n[[,",
  ])
  func aTableWithoutANameIsAMistake(text: String) {
    let mistakes = mistakes(text)
    let line = text.hasPrefix("mode") ? 3 : 1
    #expect(
      mistakes == ["f:\(line): is no head of a table: write [name] or [[name]]"], "\(mistakes)")
  }

  @Test(arguments: [
    "[resources]", "[ resources ]", "[\"resources\"]", "['resources']", "x = '''\n[#'''",
  ])
  func aTableWithANameIsNone(text: String) {
    #expect(!mistakes(text).contains { $0.contains("head of a table") })
  }

  /// TOMLKit would end the program over the second one.
  @Test(arguments: ["a = 1979-05-27T07:32:00Z", "a = 1979-05-27T:", "a = 07:32", "a = [1, 10:\n2]"])
  func aDateIsAMistake(text: String) {
    let expected = "f:2: holds a date or a time, which is no setting of dlmguard"
    #expect(mistakes("#\n" + text) == [expected])
  }

  @Test(arguments: ["a = -1", "a = 1e-5", "a = '10:30'", "a = 1 # 10:30", "socket = \"/a-1:2\""])
  func whatIsNoDateIsNotTakenForOne(text: String) {
    #expect(!mistakes(text).contains { $0.contains("a date or a time") })
  }

  @Test func anOddKeyDoesNotBreakTheLine() {
    #expect(
      mistakes("\"a\\tb\\nc\" = 1") == ["f: a\u{fffd}b\u{fffd}c: is no setting of dlmguard"])
  }

  /// The same word may be a key of several tables.
  @Test(arguments: [
    ("#network = 2\n[resources]\nnetwork = true\nfile = 3", "f:4: resources.file:"),
    ("mode = \"observe\"\n[resources]\nmode = true", "f:3: resources.mode:"),
    (
      "[resources]\nfile = true\n[[storage]]\nfile = 1\nname = 'a'\npath = '/a'",
      "f:4: storage.file"
    ),
    (
      "[[storage]]\nname = 'a'\npath = '/a'\n[[storage]]\nname = 'b'\npath = 'b'",
      "f:6: storage.path:"
    ),
    ("storage = [\n{ name = 'a', path = 'a' }]", "f:1: storage.path:"),
    ("resources = { pci = 1 }", "f:1: resources.pci:"),
    ("resources . \"pci\" = 1", "f:1: resources.pci:"),
    (
      "lockspace = \"\"\"\npci = 1\n\"\"\"\n[resources]#]\npci = 1",
      "f:1: lockspace:|f:5: resources.pci:"
    ),
    ("[\"resources\"] # [x]\npci = 1", "f:2: resources.pci:"),
  ])
  func noOtherKeyOfThatNameIsBlamed(text: String, expected: String) {
    let mistakes = mistakes(text)
    let expected = expected.split(separator: "|")
    #expect(mistakes.count == expected.count, "\(mistakes)")
    for (mistake, prefix) in zip(mistakes, expected) { #expect(mistake.hasPrefix(prefix)) }
  }

  @Test func allAreToldAtOnceInTheirOrder() {
    #expect(
      mistakes("x = 1\nengine = 1\n[resources]\nmdev = 1\n", dropIns: [("g", "mode = 1\ny = 1")])
        .map { $0.split(separator: " ")[0...1].joined(separator: " ") } == [
          "f:1: x:", "f:2: engine:", "f:4: resources.mdev:", "g:1: mode:", "g:2: y:",
        ])
  }
}
