import AgentAPI
import Configuration
import Foundation
import GuardCore
import LockModel
import ResourceIdentity
import Testing

@Suite struct ConfigurationFileTests {
  private static let installed: String = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    return try! String(
      contentsOf: root.appendingPathComponent("etc/dlmguard.conf"), encoding: .utf8)
  }()

  @Test func theInstalledExampleIsTheDefaults() throws {
    #expect(try Configuration(toml: Self.installed, file: "f") == Configuration())
  }

  /// Uncommented, the example shows every setting there is, with its default.
  @Test func theInstalledExampleShowsEverySetting() throws {
    let text = Self.installed.split(separator: "\n", omittingEmptySubsequences: false)
      .map { line in
        let code = line.dropFirst()
        let isSetting = code.first?.isLetter == true && code.contains(" = ") || code.hasPrefix("[")
        return line.hasPrefix("#") && isSetting ? String(code) : ""
      }
      // These two have no value that could stand there for their defaults.
      .map { $0.hasPrefix("node_name") || $0.hasPrefix("node_id") ? "#" : $0 }
    #expect(text.count { $0 == "#" } == 2)
    let file = try ConfigurationFile(text: text.joined(separator: "\n"), file: "f")
    var expected = Configuration()
    expected.unidentified = .nodePath
    expected.storages = [Storage(name: "images", path: "/srv/images")]
    expected.networks = [
      NetworkStorage(name: "ceph", networkProtocol: .rbd, hosts: ["mon1", "mon2:6789"])
    ]
    #expect(file.configuration == expected)
    let missing = file.settings.filter { $0.place == nil }.map(\.key)
    #expect(missing == ["node_name", "node_id"])
    // Where each stands is where it is.
    for setting in file.settings {
      guard let line = setting.place?.line else { continue }
      let words = setting.key.hasPrefix("resources.") ? setting.key.dropFirst(10) : setting.key[...]
      #expect(text[line - 1].hasPrefix(words) || text[line - 1] == "[[\(words)]]")
    }
  }

  @Test func theLastFileCountsAndListsAddUp() throws {
    let file = try ConfigurationFile(
      text: "unlockable = 'refuse'\nreadonly = 'concurrent'\n[[storage]]\nname = 'a'\npath = '/a'",
      file: "f",
      dropIns: [
        ("g", "\nunlockable = 'warn'\n[resources]\npci = true\n"),
        ("h", "[resources]\npci = 'read-only'\n[[storage]]\nname = 'b'\npath = '/b'"),
      ])
    #expect(file.configuration.policy.unlockable == .warn)
    #expect(file.configuration.policy.readOnly == .concurrent)
    #expect(file.configuration.policy.resources[.pci] == .always(.readOnly))
    #expect(file.configuration.storages.map(\.name) == ["a", "b"])
    func places(_ key: String) -> [String?] {
      file.settings.filter { $0.key == key }.map { $0.place?.description }
    }
    #expect(places("unlockable") == ["g:2"] && places("readonly") == ["f:2"])
    #expect(places("resources.pci") == ["h:2"] && places("resources.mdev") == [nil])
    #expect(places("storage") == ["f:3", "h:3"])
  }

  @Test func namesAreUniqueAmongAllFiles() {
    let storage = "[[storage]]\nname = 'a'\npath = '/a'"
    #expect {
      try ConfigurationFile(text: storage, file: "f", dropIns: [("g", storage)])
    } throws: { "\($0)" == "g:2: storage.name: \"a\" is taken at f:1" }
  }

  @Test(arguments: [
    "socket = '/s'", "hook_timeout_ms = 5000", "session_starts = 'allow'", "mode = 'observe'",
  ])
  func whatTheHookReadsStandsInTheMainFile(text: String) {
    #expect {
      try ConfigurationFile(text: "", file: "f", dropIns: [("g", text)])
    } throws: { error in
      let key = text.prefix { $0 != " " }
      return "\(error)".hasPrefix("g:1: \(key): must stand in the main file")
    }
  }

  @Test func filesOfADirectoryAreReadInTheOrderOfTheirNames() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "conf-\(UUID())")
    let main = folder.appending(path: "dlmguard.conf")
    let dropIns = folder.appending(path: "dlmguard.conf.d")
    try FileManager.default.createDirectory(at: dropIns, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(try ConfigurationFile(at: main.path).configuration == Configuration())
    for (name, limit) in [("b.conf", 300), ("a.conf", 200), ("B.conf", 100)] {
      try "storage_timeout_ms = \(limit)".write(
        to: dropIns.appending(path: name), atomically: true, encoding: .utf8)
    }
    for ignored in ["c.conf~", ".c.conf", "c.txt"] {
      try "nonsense".write(
        to: dropIns.appending(path: ignored), atomically: true, encoding: .utf8)
    }
    #expect(try ConfigurationFile(at: main.path).configuration.storageTimeout == 300)
    try FileManager.default.removeItem(at: dropIns.appending(path: "b.conf"))
    #expect(try ConfigurationFile(at: main.path).configuration.storageTimeout == 200)
    try "x".write(to: dropIns.appending(path: "z.conf"), atomically: true, encoding: .utf8)
    #expect { try ConfigurationFile(at: main.path) } throws: {
      "\($0)".hasPrefix("\(dropIns.path)/z.conf:1: ")
    }
  }

  @Test func whatCannotBeReadIsAMistake() {
    #expect { try ConfigurationFile(at: "/no/such", mustExist: true) } throws: {
      "\($0)" == "/no/such: there is no such file"
    }
    #expect { try ConfigurationFile(at: "/") } throws: { "\($0)".hasPrefix("/: cannot be read: ") }
  }
}
