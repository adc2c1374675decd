import AgentAPI

/// What one look of the doctor's comes to.
struct Finding: Hashable {
  /// How bad it is. A warning is for a person to judge: guests are guarded.
  enum Result: String, CaseIterable, Hashable, Comparable {
    case ok, warning, failure

    static func < (lhs: Result, rhs: Result) -> Bool {
      lhs.severity < rhs.severity
    }

    private var severity: Int {
      switch self {
      case .ok: 0
      case .warning: 1
      case .failure: 2
      }
    }
  }

  /// What was looked at, in a word.
  let check: String
  let result: Result
  /// What was found. May hold untrusted text.
  let why: String
  /// The command, or the deed, that mends it; nil where nothing is to be mended.
  let remedy: String?

  static func ok(_ check: String, _ why: String) -> Finding {
    Finding(check: check, result: .ok, why: why, remedy: nil)
  }

  static func warning(_ check: String, _ why: String, _ remedy: String) -> Finding {
    Finding(check: check, result: .warning, why: why, remedy: remedy)
  }

  static func failure(_ check: String, _ why: String, _ remedy: String) -> Finding {
    Finding(check: check, result: .failure, why: why, remedy: remedy)
  }

  /// `check`, `result`, `why`, and `remedy` (null where nothing is to be mended).
  var json: JSON {
    .object(
      ("check", .string(check)), ("result", .string(result.rawValue)), ("why", .string(why)),
      ("remedy", remedy.map(JSON.string) ?? .null))
  }
}
