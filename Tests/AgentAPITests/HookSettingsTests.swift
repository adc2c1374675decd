import AgentAPI
import Testing

@Suite struct HookSettingsTests {
  private func problem(_ text: String) -> HookSettings.Problem? {
    do throws(HookSettings.Problem) {
      _ = try HookSettings(text: text)
      return nil
    } catch {
      return error
    }
  }

  @Test func nothingMeansTheDefaults() throws {
    let settings = HookSettings()
    #expect(settings.socket == AgentClient.defaultPath)
    #expect(settings.hookTimeout == 10_000)
    #expect(settings.sessionStarts == .allow)
    #expect(try HookSettings(text: "") == settings)
    #expect(try HookSettings(text: "# socket = \"/x\"\r\n\r\n  # more") == settings)
  }

  @Test func readsItsKeys() throws {
    let settings = try HookSettings(
      text: """
        \u{feff}# dlmguard
        socket="/run/a b#c.sock"# where
          hook_timeout_ms\t=\t2500   # ms\r
        "session_starts" = "refuse"
        """)
    #expect(settings.socket == "/run/a b#c.sock")
    #expect(settings.hookTimeout == 2500)
    #expect(settings.sessionStarts == .refuse)
  }

  /// Each of these is followed by a key of the hook, which must be found, and holds a bait, which
  /// must not be.
  @Test(arguments: [
    "types = [\n  \"file\", # ]\n  \"]\",\n  [ 'socket = 1' ],\n]",
    "a = \"\"\"\nsocket = 1\n[table]\n\\\"\"\"\nsocket = 1\n\"\"\"",
    "a = '''\nsocket = 1\n''' # '''", "a = \"\"\"socket\"\"\"\"\"", "a = ''''quoted'''''",
    "a = [\"\"\"x\"\"\"\"]",
    "a = { socket = 1, b = [\n[1],\n] }", "a.socket = 1", "socket.a = 1", "socket_mode = 1",
    "\"a=b\" = 'socket = 1'", "'socket ' = 1", "a = 'C:\\'", "a = \"\\\"socket = 1\"",
    "this is no TOML", "\"socket = 1", "Socket = 1", "b = 1979-05-27T07:32:00Z",
  ])
  func passesOverOtherKeys(text: String) throws {
    let settings = try HookSettings(text: text + "\nhook_timeout_ms = 300\n")
    #expect(settings.hookTimeout == 300)
    #expect(settings.socket == AgentClient.defaultPath)
  }

  @Test func theTopLevelEndsAtTheFirstTable() throws {
    for table in ["[storage]", "  [[storage]]", "[ \"a\" ]"] {
      let settings = try HookSettings(text: "a = 1\n\(table)\nhook_timeout_ms = 300\nsocket = 1")
      #expect(settings == HookSettings())
    }
  }

  @Test(arguments: [
    ("socket = 1", "socket"), ("socket =", "socket"), ("socket = '/x'", "socket"),
    ("socket = \"\"\"/x\"\"\"", "socket"), ("socket = \"/x", "socket"),
    ("socket = \"/\\u0041\"", "socket"), ("socket = \"/x\" y", "socket"),
    ("socket = \"x\"", "socket"), ("socket = \"\"", "socket"), ("socket = [\"/x\"]", "socket"),
    ("socket = \"/" + String(repeating: "x", count: 107) + "\"", "socket"),
    ("socket = \"/x\"\nsocket = \"/x\"", "socket"),
    ("hook_timeout_ms = 99", "hook_timeout_ms"), ("hook_timeout_ms = 60001", "hook_timeout_ms"),
    ("hook_timeout_ms = -1", "hook_timeout_ms"), ("hook_timeout_ms = +300", "hook_timeout_ms"),
    ("hook_timeout_ms = 0300", "hook_timeout_ms"), ("hook_timeout_ms = 1_000", "hook_timeout_ms"),
    ("hook_timeout_ms = 300.0", "hook_timeout_ms"),
    ("hook_timeout_ms = \"300\"", "hook_timeout_ms"),
    ("hook_timeout_ms = 99999999999999999999", "hook_timeout_ms"), ("hook_timeout_ms", nil),
    ("session_starts = \"Allow\"", "session_starts"), ("session_starts = true", "session_starts"),
  ])
  func namesWhatItCannotTake(text: String, key: String?) {
    #expect(problem("\n" + text)?.key == key)
  }

  @Test func namesTheLine() {
    #expect(problem("a = [\n1,\n]\n\nhook_timeout_ms = 1")?.line == 5)
    #expect(problem("a = '''\n\n'''\nsession_starts = 1\nb = 1")?.line == 4)
    #expect(
      problem("socket = \"x\"").map { "\($0)" }
        == "line 1: socket must be an absolute path of at most 107 bytes")
  }
}
