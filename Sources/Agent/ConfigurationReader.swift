import AgentAPI
import LockModel
import ResourceIdentity
import TOMLKit

/// Takes known keys out of a table, so that what is left is unknown.
struct ConfigurationReader {
  let table: TOMLTable
  let text: String
  let file: String
  var known: Set<String> = []

  init(table: TOMLTable, text: String, file: String) {
    self.table = table
    self.text = text
    self.file = file
  }

  private func problem(_ key: String, _ problem: String) -> Configuration.Problem {
    Configuration.Problem(file: file, line: line(of: key), problem: "\(key): \(problem)")
  }

  /// TOMLKit tells no positions of values; a key stands at the start of its line.
  private func line(of key: String) -> Int? {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.firstIndex { line in
      let words = line.drop { " \t\"[".contains($0) }
      guard words.hasPrefix(key) else { return false }
      return words.dropFirst(key.count).first.map { " \t=\".]".contains($0) } ?? false
    }.map { $0 + 1 }
  }

  private mutating func string(_ key: String) throws(Configuration.Problem) -> String? {
    known.insert(key)
    guard let value = table[key] else { return nil }
    guard let string = value.string else { throw problem(key, "is not text in quotes") }
    return string
  }

  mutating func optionalString(
    _ key: String, _ value: inout String?
  ) throws(Configuration.Problem) {
    guard let string = try string(key) else { return }
    guard !string.isEmpty else { throw problem(key, "is empty") }
    value = string
  }

  mutating func path(_ key: String, _ value: inout String) throws(Configuration.Problem) {
    guard let string = try string(key) else { return }
    guard string.hasPrefix("/") else { throw problem(key, "is not an absolute path") }
    value = string
  }

  /// The kernel's limit is `DLM_LOCKSPACE_LEN` (include/uapi/linux/dlm.h); the name becomes a
  /// directory of sysfs and a part of a device's name.
  mutating func lockspace(_ key: String, _ value: inout String) throws(Configuration.Problem) {
    guard let string = try string(key) else { return }
    guard (1...64).contains(string.utf8.count),
      string.utf8.allSatisfy({ ResourceName.isPrintable($0) && $0 != UInt8(ascii: "/") })
    else { throw problem(key, "must be 1 to 64 printable ASCII characters, without / or spaces") }
    value = string
  }

  /// Tables with a `name`, which every node gives to the same storage, and a `path`, each once.
  mutating func storages(
    _ key: String, _ value: inout [Storage]
  ) throws(Configuration.Problem) {
    known.insert(key)
    guard let entry = table[key] else { return }
    guard let tables = entry.array else { throw problem(key, "is not a list: write [[storage]]") }
    for entry in tables {
      guard let fields = entry.table else {
        throw problem(key, "is not a list of tables: write [[storage]]")
      }
      if let unknown = fields.keys.first(where: { !["name", "path"].contains($0) }) {
        throw problem(unknown, "is no setting of a [[storage]]")
      }
      guard let name = fields["name"]?.string, let path = fields["path"]?.string else {
        throw problem(key, "needs a name and a path, as text in quotes")
      }
      guard (1...32).contains(name.utf8.count),
        name.utf8.allSatisfy({ ResourceName.isPrintable($0) && $0 != UInt8(ascii: "/") })
      else {
        throw problem("name", "must be 1 to 32 printable ASCII characters, without / or spaces")
      }
      guard path.hasPrefix("/") else { throw problem("path", "is not an absolute path") }
      guard !value.contains(where: { $0.name == name || $0.path == path }) else {
        throw problem(key, "two of them have the name \"\(name)\" or the path \"\(path)\"")
      }
      value.append(Storage(name: name, path: path))
    }
  }

  mutating func flag(_ key: String, _ value: inout Bool) throws(Configuration.Problem) {
    known.insert(key)
    guard let entry = table[key] else { return }
    guard let bool = entry.bool else { throw problem(key, "is not true or false") }
    value = bool
  }

  mutating func choice<Value: RawRepresentable & CaseIterable>(
    _ key: String, _ value: inout Value
  ) throws(Configuration.Problem) where Value.RawValue == String {
    guard let string = try string(key) else { return }
    guard let choice = Value(rawValue: string) else {
      let choices = Value.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
      throw problem(key, "is \"\(string)\", but must be \(choices)")
    }
    value = choice
  }

  mutating func milliseconds(
    _ key: String, _ range: ClosedRange<Int64>, _ value: inout Int64
  ) throws(Configuration.Problem) {
    known.insert(key)
    guard let entry = table[key] else { return }
    guard let number = entry.int else { throw problem(key, "is not a whole number") }
    guard range.contains(Int64(number)) else {
      throw problem(
        key, "is \(number), but must be from \(range.lowerBound) to \(range.upperBound) (ms)")
    }
    value = Int64(number)
  }

  mutating func nothingElse() throws(Configuration.Problem) {
    let unknown = table.keys.filter { !known.contains($0) }.sorted {
      (line(of: $0) ?? .max, $0) < (line(of: $1) ?? .max, $1)
    }
    if let key = unknown.first { throw problem(key, "is no setting of dlmguard") }
  }

  /// The keys that the hook reads too, by its own scanner: both must come to the same.
  mutating func hookSettings() throws(Configuration.Problem) -> HookSettings {
    var agents = (
      socket: HookSettings().socket, timeout: Int64(HookSettings().hookTimeout),
      sessionStarts: HookSettings().sessionStarts
    )
    try path("socket", &agents.socket)
    let timeouts = HookSettings.timeouts
    try milliseconds(
      "hook_timeout_ms", Int64(timeouts.lowerBound)...Int64(timeouts.upperBound), &agents.timeout)
    try choice("session_starts", &agents.sessionStarts)
    let hooks: HookSettings
    do throws(HookSettings.Problem) {
      hooks = try HookSettings(text: text)
    } catch {
      throw Configuration.Problem(
        file: file, line: error.line, problem: "\(error.key): \(error.problem)")
    }
    guard hooks.socket == agents.socket, Int64(hooks.hookTimeout) == agents.timeout,
      hooks.sessionStarts == agents.sessionStarts
    else {
      throw Configuration.Problem(
        file: file, line: nil,
        problem: "socket, hook_timeout_ms and session_starts must stand on lines of their own, as "
          + "key = value before any [table]: libvirt's hook reads them no other way")
    }
    return hooks
  }
}
