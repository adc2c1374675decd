import AgentAPI
import Configuration
import GuardCore

/// The agent and the hook read one text, each in its own way, and must come to the same.
func checkConfiguration(_ input: [UInt8]) throws(BrokenPromise) {
  // The hook repairs what is not UTF-8; the agent refuses it.
  let text = String(decoding: input, as: UTF8.self)
  let hooks: HookSettings?
  do throws(HookSettings.Problem) {
    hooks = try HookSettings(text: text)
  } catch {
    try expectLine("\(error)", "the hook's error")
    hooks = nil
  }
  let configuration: Configuration
  do {
    configuration = try Configuration(toml: text, file: "dlmguard.conf")
  } catch {
    return try expectProblems("\(error)", in: "dlmguard.conf")
  }
  guard let hooks else { throw BrokenPromise("the agent takes what the hook does not") }
  try expect(
    configuration.socket == hooks.socket, "the hook calls \(hooks.socket), not the agent")
  try expect(configuration.policy.mode == hooks.mode, "the hook refuses what the agent does not")
  // TOML has no other control characters, and nothing in the file may be ignored.
  try expect(
    text.utf8.allSatisfy { $0 >= 0x20 || [0x09, 0x0a, 0x0d].contains($0) },
    "a control character was read over")
}

/// Each problem is a line that begins with the file.
private func expectProblems(_ text: String, in file: String) throws(BrokenPromise) {
  for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
    try expect(line.hasPrefix("\(file):"), "a problem has more than one line: \(text)")
    try expectLine(String(line), "a problem")
  }
}
