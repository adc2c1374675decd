import AgentAPI
import GuardCore
import LockModel
import ResourceIdentity
import TOMLKit

/// dlmguard.conf as the agent understands it: flat TOML, nothing in it ignored.
public struct Configuration: Hashable, Sendable {
  /// What keeps the locks.
  public enum Engine: String, CaseIterable, Hashable, Sendable {
    /// A table in this agent, for one host.
    case local
    /// The kernel's distributed lock manager, for a cluster.
    case dlm
  }

  /// `engine` of dlmguard.conf.
  public var engine = Engine.local
  /// The DLM's lockspace: every node that shares storage names the same one.
  public var lockspace = "libvirt"
  /// Whether locks are kept in a cluster without fencing, where two nodes may hold one lock.
  public var allowUnfenced = false
  /// How long a lockspace may stand still, as it does while a dead node is fenced, before that is
  /// reported, in ms.
  public var stoppedLimit: Int64 = 60_000
  /// The node's name in names and messages; nil for the host name.
  public var nodeName: String?
  /// What the core decides by: `readonly`, `unlockable` and `release_grace_ms` of dlmguard.conf, and
  /// what `hook_timeout_ms` leaves for an answer.
  public var policy = Policy(answerLimit: answerLimit(hookTimeout: HookSettings().hookTimeout))
  /// Where the agent listens.
  public var socket = HookSettings().socket
  /// Where the ledger lies.
  public var stateDirectory = "/var/lib/dlmguard"
  /// What nodes share by the administrator's word: `[[storage]]` of dlmguard.conf.
  public var storages: [Storage] = []
  /// How long storage may take to say what a path is, in ms.
  public var storageTimeout: Int64 = 5_000
  /// Where libvirt keeps its pid files.
  public var libvirtRunDirectory = "/run/libvirt/qemu"
  /// Where libvirt keeps managed save images.
  public var libvirtSaveDirectory = "/var/lib/libvirt/qemu/save"

  /// What is wrong with a file, for a person.
  public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The path of the file, as the agent was given it.
    public let file: String
    /// Counted from 1; nil where no line is to blame.
    public let line: Int?
    /// Begins with the key, where one is to blame.
    public let problem: String

    /// `FILE:LINE: PROBLEM`, as compilers write it, or without the line where none is to blame.
    public var description: String {
      line.map { "\(file):\($0): \(problem)" } ?? "\(file): \(problem)"
    }
  }

  /// What holds where there is no file.
  public init() {}

  /// Reads the text of a file.
  ///
  /// - Throws: ``Problem`` for what is not TOML, for unknown keys, wrong types and impossible values.
  public init(toml text: String, file: String) throws(Problem) {
    let table: TOMLTable
    do {
      table = try TOMLTable(string: text)
    } catch let error as TOMLParseError {
      throw Problem(
        file: file, line: Int(error.source.begin.line), problem: error.description)
    } catch {
      throw Problem(file: file, line: nil, problem: "\(error)")
    }
    var reader = ConfigurationReader(table: table, text: text, file: file)
    try reader.choice("engine", &engine)
    try reader.lockspace("lockspace", &lockspace)
    try reader.flag("allow_unfenced", &allowUnfenced)
    try reader.milliseconds("stopped_limit_ms", 1_000...3_600_000, &stoppedLimit)
    try reader.optionalString("node_name", &nodeName)
    try reader.choice("readonly", &policy.readOnly)
    try reader.choice("unlockable", &policy.unlockable)
    try reader.path("socket", &socket)
    try reader.path("state_dir", &stateDirectory)
    try reader.milliseconds("storage_timeout_ms", 100...60_000, &storageTimeout)
    try reader.milliseconds("release_grace_ms", 0...600_000, &policy.releaseGrace)
    try reader.storages("storage", &storages)
    try reader.path("libvirt_run_dir", &libvirtRunDirectory)
    try reader.path("libvirt_save_dir", &libvirtSaveDirectory)
    let hooks = try reader.hookSettings()
    policy.answerLimit = Self.answerLimit(hookTimeout: hooks.hookTimeout)
    try reader.nothingElse()
  }

  /// The hook needs some of its time for itself: to start, to read the XML, to be scheduled on a
  /// host that is busy with the same start.
  private static func answerLimit(hookTimeout: Int) -> Int64 {
    Int64(max(hookTimeout - 1_000, hookTimeout / 2))
  }
}

/// Takes known keys out of a table, so that what is left is unknown.
private struct ConfigurationReader {
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
