/// A lock mode of the distributed lock manager.
///
/// The raw values are the kernel's (`include/uapi/linux/dlmconstants.h`, `DLM_LOCK_*`), so a mode
/// can be handed to libdlm as it is. The order is from weakest to strongest, except that `cw` and
/// `pr` do not cover one another.
public enum LockMode: UInt8, CaseIterable, Hashable, Sendable {
  /// Null: interest only; coexists with everything.
  case nl = 0
  /// Concurrent read: reads, and lets others write.
  case cr = 1
  /// Concurrent write: writes, and lets others write.
  case cw = 2
  /// Protected read: reads, and lets nobody write.
  case pr = 3
  /// Protected write: the one writer; readers may look on in `cr`.
  case pw = 4
  /// Exclusive: nobody else at all.
  case ex = 5

  /// Whether two locks of different owners may be held in these modes at the same time
  /// (fs/dlm/lock.c, `__dlm_compat_matrix`).
  public func isCompatible(with other: LockMode) -> Bool {
    switch (self, other) {
    case (.nl, _), (_, .nl): true
    case (.ex, _), (_, .ex): false
    case (.cr, _), (_, .cr): true
    case (.cw, .cw), (.pr, .pr): true
    default: false
    }
  }

  /// Whether holding `self` gives everything that holding `other` would.
  public func covers(_ other: LockMode) -> Bool {
    union(other) == self
  }

  /// The least mode that covers both: what one owner needs who wants a resource twice.
  public func union(_ other: LockMode) -> LockMode {
    switch (self, other) {
    case (.cw, .pr), (.pr, .cw): .pw
    default: rawValue >= other.rawValue ? self : other
    }
  }

  /// The word that people read in messages.
  public var words: String {
    switch self {
    case .nl: "no access"
    case .cr: "concurrent read"
    case .cw: "shared write"
    case .pr: "read-only"
    case .pw: "exclusive write"
    case .ex: "exclusive"
    }
  }
}

extension LockMode: CustomStringConvertible {
  /// The two letters that the kernel and its tools use: `NL`, `CR`, `CW`, `PR`, `PW`, `EX`.
  public var description: String {
    switch self {
    case .nl: "NL"
    case .cr: "CR"
    case .cw: "CW"
    case .pr: "PR"
    case .pw: "PW"
    case .ex: "EX"
    }
  }

  /// Reads the two letters back; nil for anything else.
  public init?(_ description: some StringProtocol) {
    guard let mode = Self.allCases.first(where: { $0.description == description }) else {
      return nil
    }
    self = mode
  }
}
