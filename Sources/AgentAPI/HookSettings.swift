/// What the hook reads of the configuration file: four top-level keys.
///
/// The agent reads the whole file with a TOML library. The hook cannot afford one at five calls in
/// a domain's life, so it takes its keys in their plainest form only, and is an error where they
/// stand in any other; the agent reads the same text with this type too, and compares.
public struct HookSettings: Hashable, Sendable {
  /// What becomes of a domain that an ordinary user starts (`qemu:///session`).
  public enum SessionStarts: String, CaseIterable, Hashable, Sendable {
    /// It starts, unguarded, with a note.
    case allow
    /// It does not start.
    case refuse
  }

  /// What becomes of a start that is to be refused.
  public enum Mode: String, CaseIterable, Hashable, Sendable {
    /// It is refused, and nothing starts without the agent's word.
    case enforce
    /// It goes on, also where there is no agent, and what it would have been refused for is logged: for
    /// trying the guard out on guests that run already. Two of them may then write one disk.
    case observe
  }

  /// Where hook and agent look for the configuration.
  public static let defaultFile = "/etc/dlmguard/dlmguard.conf"
  /// The keys that it reads, of that file alone: the agent's drop-in files must not hold them.
  public static let keys: Set<String> = [
    "socket", "hook_timeout_ms", "session_starts", "mode",
  ]
  /// What `hook_timeout_ms` may be, in ms.
  public static let timeouts = 100...60_000

  /// The path of the agent's socket.
  public private(set) var socket = AgentClient.defaultPath
  /// How long one call of the hook may take altogether, in ms.
  public private(set) var hookTimeout = 10_000
  /// `session_starts`: decides the `prepare` of a domain under a user's own libvirt.
  public private(set) var sessionStarts = SessionStarts.allow
  /// `mode`.
  public private(set) var mode = Mode.enforce

  /// What holds where there is no file.
  public init() {}

  /// A setting of the hook that it cannot take.
  public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
    /// Counted from 1.
    public let line: Int
    /// The setting, as the file spells it.
    public let key: String
    /// What is wrong with it: reads on after the key, `must be …`.
    public let problem: String

    /// - Parameter line: counted from 1.
    public init(line: Int, key: String, problem: String) {
      self.line = line
      self.key = key
      self.problem = problem
    }

    /// `line 3: hook_timeout_ms must be …`; whoever shows it says which file.
    public var description: String { "line \(line): \(key) \(problem)" }
  }

  /// Reads the text of a configuration file; keys that are not the hook's are passed over.
  ///
  /// Takes a `String`, not any text: a generic that another module calls is built at run time,
  /// which costs the hook a quarter of a millisecond.
  ///
  /// - Throws: ``Problem`` for a key of the hook that stands there twice, in another form than
  ///   `key = "text"` or `key = 123`, or with a value that makes no sense.
  public init(text: String) throws(Problem) {
    var scanner = SettingsScanner(text)
    var seen: [String] = []
    while let key = scanner.nextKey() {
      guard
        key == "socket" || key == "hook_timeout_ms" || key == "session_starts" || key == "mode"
      else {
        scanner.skipValue()
        continue
      }
      let line = scanner.line
      func wrong(_ problem: String) -> Problem { Problem(line: line, key: key, problem: problem) }
      guard !seen.contains(key) else { throw wrong("stands there twice") }
      seen.append(key)
      let value = scanner.plainValue()
      switch key {
      case "socket":
        guard case .text(let path) = value else {
          throw wrong("must be a path in double quotes, without backslashes")
        }
        // sockaddr_un has room for 107 bytes and a NUL (unix(7)).
        guard path.hasPrefix("/"), path.utf8.count <= 107 else {
          throw wrong("must be an absolute path of at most 107 bytes")
        }
        socket = path
      case "hook_timeout_ms":
        guard case .number(let milliseconds) = value, Self.timeouts.contains(milliseconds) else {
          throw wrong(
            "must be a whole number from \(Self.timeouts.lowerBound) to "
              + "\(Self.timeouts.upperBound)")
        }
        hookTimeout = milliseconds
      case "mode":
        guard case .text(let word) = value, let choice = Mode(rawValue: word) else {
          throw wrong("must be \"enforce\" or \"observe\"")
        }
        mode = choice
      default:
        guard case .text(let word) = value, let choice = SessionStarts(rawValue: word) else {
          throw wrong("must be \"allow\" or \"refuse\"")
        }
        sessionStarts = choice
      }
    }
  }
}
