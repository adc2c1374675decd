import Agent
import Foundation
import GuardCore
import ResourceIdentity
import Testing

@Suite struct ConfigurationTests {
  @Test func anEmptyFileIsTheDefaults() throws {
    #expect(try Configuration(toml: "", file: "f") == Configuration())
  }

  /// The example that is installed shows every setting with its default.
  @Test func theInstalledExampleIsTheDefaultsToo() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(
      contentsOf: root.appendingPathComponent("etc/dlmguard.conf"), encoding: .utf8)
    #expect(try Configuration(toml: text, file: "f") == Configuration())
    let settings = text.split(separator: "\n").filter { $0.hasPrefix("#") && $0.contains(" = ") }
      .map { $0.dropFirst() }.filter { !$0.hasPrefix(" ") && !$0.hasPrefix("node_name") }
    #expect(settings.count == 16)
    var expected = Configuration()
    // The table's header is no setting, and its two settings mean nothing without it.
    expected.storages = [Storage(name: "images", path: "/srv/images")]
    let shown = settings.map { $0.hasPrefix("name = ") ? "[[storage]]\n\($0)" : String($0) }
    #expect(try Configuration(toml: shown.joined(separator: "\n"), file: "f") == expected)
  }

  @Test func everySettingIsTaken() throws {
    let configuration = try Configuration(
      toml: """
        engine = "dlm"
        lockspace = "vm-locks"
        allow_unfenced = true
        stopped_limit_ms = 1000
        node_name = "n1"
        readonly = "concurrent"
        unlockable = "refuse"
        storage_timeout_ms = 100
        release_grace_ms = 0
        socket = "/s"
        hook_timeout_ms = 200
        session_starts = "refuse"
        state_dir = "/st"
        libvirt_run_dir = "/r"
        libvirt_save_dir = "/sv"
        [[storage]]
        name = "images"
        path = "/srv/images"
        [[storage]]
        path = "/b"
        name = "b"
        """, file: "f")
    #expect(
      configuration.storages == [
        Storage(name: "images", path: "/srv/images"), Storage(name: "b", path: "/b"),
      ])
    #expect(configuration.engine == .dlm && configuration.lockspace == "vm-locks")
    #expect(configuration.allowUnfenced && configuration.stoppedLimit == 1_000)
    #expect(configuration.nodeName == "n1" && configuration.socket == "/s")
    #expect(configuration.policy.readOnly == .concurrent)
    #expect(configuration.policy.unlockable == .refuse)
    #expect(configuration.storageTimeout == 100 && configuration.policy.releaseGrace == 0)
    #expect(configuration.stateDirectory == "/st" && configuration.libvirtRunDirectory == "/r")
    #expect(configuration.libvirtSaveDirectory == "/sv")
  }

  /// The hook must hear why before it gives up by itself.
  @Test(arguments: [(100, 50), (1_500, 750), (2_000, 1_000), (10_000, 9_000), (60_000, 59_000)])
  func theAnswerComesBeforeTheHooksDeadline(timeout: Int, limit: Int64) throws {
    let configuration = try Configuration(toml: "hook_timeout_ms = \(timeout)", file: "f")
    #expect(configuration.policy.answerLimit == limit)
    #expect(Configuration().policy.answerLimit == 9_000)
  }

  @Test(arguments: [
    ("# one\nreadonly = \"protected\"\nread_only = \"x\"\n", "f:3: read_only: is no setting"),
    ("engine = \"magic\"", "f:1: engine: is \"magic\", but must be \"local\" or \"dlm\""),
    ("lockspace = \"\"", "f:1: lockspace: must be 1 to 64"),
    ("lockspace = \"a/b\"", "f:1: lockspace: must be 1 to 64"),
    ("lockspace = \"a b\"", "f:1: lockspace: must be 1 to 64"),
    ("lockspace = \"\(String(repeating: "x", count: 65))\"", "f:1: lockspace: must be 1 to 64"),
    ("storage = 1", "f:1: storage: is not a list: write [[storage]]"),
    ("storage = [1]", "f:1: storage: is not a list of tables"),
    ("\n[[storage]]\nname = \"a\"", "f:2: storage: needs a name and a path"),
    ("[[storage]]\nname = 1\npath = \"/a\"", "f:1: storage: needs a name and a path"),
    ("[[storage]]\nname = \"a\"\npath = \"a\"", "f:3: path: is not an absolute path"),
    ("[[storage]]\nname = \"a/b\"\npath = \"/a\"", "f:2: name: must be 1 to 32"),
    ("[[storage]]\nname = \"a\"\npath = \"/a\"\nx = 1", "f:4: x: is no setting of a [[storage]]"),
    (
      "[[storage]]\nname = \"a\"\npath = \"/a\"\n[[storage]]\nname = \"a\"\npath = \"/b\"",
      "f:1: storage: two of them have the name \"a\""
    ),
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
    ("[storage]\npath = \"/x\"", "f:"),
  ])
  func mistakesNameFileLineAndKey(text: String, expected: String) {
    #expect {
      try Configuration(toml: text, file: "f")
    } throws: { error in
      "\(error)".hasPrefix(expected)
    }
  }
}
