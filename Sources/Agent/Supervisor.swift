import CLinux
import Glibc

/// The service manager that started the agent, as far as it wants to be told how the agent does:
/// sd_notify(3) without its library.
struct Supervisor: Sendable {
  /// What it may be told.
  enum Word: Hashable, Sendable {
    /// The agent answers: what was ordered after it may start.
    case ready
    /// One line for `systemctl status`.
    case status(String)
    /// The event loop turns.
    case alive
    /// The agent is on its way out, by itself or because it was told to.
    case stopping

    fileprivate var assignment: String {
      switch self {
      case .ready: "READY=1"
      case .status(let text): "STATUS=\(Self.line(text))"
      case .alive: "WATCHDOG=1"
      case .stopping: "STOPPING=1"
      }
    }

    /// Whatever came from elsewhere makes no assignment of its own.
    private static func line(_ text: String) -> String {
      String(decoding: text.utf8.map { $0 < 0x20 || $0 == 0x7f ? 0x20 : $0 }, as: UTF8.self)
    }
  }

  /// Nobody listens.
  static let none = Supervisor(environment: { _ in nil })

  private let address: String?
  /// How often it wants a sign of life, in ms: twice within the time after which it ends the agent;
  /// nil where it wants none.
  let pulse: Int64?

  /// Whether anybody listens.
  var listens: Bool { address != nil }

  /// The one that this process's environment names.
  init() {
    self.init { name in getenv(name).map { String(cString: $0) } }
  }

  /// - Parameter environment: the value of a variable; `NOTIFY_SOCKET`, `WATCHDOG_USEC` and
  ///   `WATCHDOG_PID` are asked for (sd_notify(3), sd_watchdog_enabled(3)).
  init(environment: (String) -> String?) {
    address = environment("NOTIFY_SOCKET")
    let isMeant = environment("WATCHDOG_PID").map { Int32($0) == getpid() } ?? true
    let limit = environment("WATCHDOG_USEC").flatMap { Int64($0) } ?? 0
    pulse = isMeant && limit > 0 ? max(1, limit / 2_000) : nil
  }

  /// Tells it, without waiting for it. Any thread.
  ///
  /// - Returns: false where it has no room now: again later. Where it cannot be told at all there is
  ///   nothing to be done about that, and the agent goes on without.
  @discardableResult
  func tell(_ words: Word...) -> Bool {
    guard let address else { return true }
    let message = Array(words.map(\.assignment).joined(separator: "\n").utf8)
    return dlmguard_notify(address, message, message.count) != -EAGAIN
  }
}
