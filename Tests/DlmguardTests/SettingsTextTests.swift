import AgentAPI
import Configuration
import Testing

@testable import dlmguard

@Suite struct SettingsTextTests {
  static let file = try! ConfigurationFile(
    text: """
      mode = "observe"
      node_name = "n1"
      [[network]]
      name = "ceph"
      protocol = "rbd"
      hosts = ["mon1", "mon2:6789"]
      """, file: "/etc/dlmguard/dlmguard.conf",
    dropIns: [("/etc/dlmguard/dlmguard.conf.d/1.conf", "[resources]\npci = 'read-only'")])

  @Test func peopleReadEverySettingAndWhereItStands() {
    let lines = SettingsText(file: Self.file, style: .plain).lines
    let words = lines.map { $0.split(separator: " ").joined(separator: " ") }
    for line in [
      "engine local default", "node_id - default", "mode observe /etc/dlmguard/dlmguard.conf:1",
      "resources.file true default",
      "resources.pci read-only /etc/dlmguard/dlmguard.conf.d/1.conf:2",
      "network ceph rbd mon1, mon2:6789 /etc/dlmguard/dlmguard.conf:3",
    ] {
      #expect(words.contains(line), "\(line)")
    }
    let narrow = SettingsText(file: Self.file, style: Style(width: 80, isBold: false)).lines
    #expect(narrow.allSatisfy { $0.count <= 80 })
  }

  @Test func programsReadValues() {
    let json = Self.file.json
    #expect(json["file"] == .string("/etc/dlmguard/dlmguard.conf"))
    guard case .array(let settings)? = json["settings"] else { return #expect(Bool(false)) }
    func setting(_ key: String) -> JSON? { settings.first { $0["key"] == .string(key) } }
    #expect(
      setting("node_id")
        == .object(("key", .string("node_id")), ("value", .null), ("from", .string("default"))))
    #expect(setting("stopped_limit_ms")?["value"] == .integer(60_000))
    #expect(setting("resources.pci")?["value"] == .string("read-only"))
    #expect(setting("resources.mdev")?["value"] == .bool(false))
    #expect(setting("mode")?["from"] == .string("/etc/dlmguard/dlmguard.conf:1"))
    #expect(setting("network")?["value"]?["protocol"] == .string("rbd"))
  }
}
