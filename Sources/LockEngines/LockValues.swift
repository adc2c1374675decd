import LockModel

/// One lock of one engine, from the request for it to its release.
///
/// The engine gives it out, and never twice in one process: the kernel's own lock ids are small
/// numbers that are used again at once, and are not known before the request has been sent.
public struct LockID: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The engine's own count, not the kernel's `lkid`.
  public let number: UInt64

  /// For engines: operations on an id that none gave out end as ``LockOutcome/unknownLock``.
  public init(number: UInt64) {
    self.number = number
  }

  /// `lock 7`.
  public var description: String { "lock \(number)" }

  /// In the order in which one engine gave them out.
  public static func < (lhs: LockID, rhs: LockID) -> Bool {
    lhs.number < rhs.number
  }
}

/// The lock value block: 32 bytes that a resource carries from one holder to the next
/// (`DLM_USER_LVB_LEN` in `include/uapi/linux/dlm_device.h`).
public struct LockValue: Hashable, Sendable {
  /// Its length in bytes, always.
  public static let length = 32

  /// In one piece: every lock of a batch carries some.
  let block: SIMD32<UInt8>

  init(block: SIMD32<UInt8>) {
    self.block = block
  }

  /// Nil unless there are exactly ``length`` bytes.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.length else { return nil }
    block = SIMD32(bytes)
  }

  /// Exactly ``length`` of them; what they mean is the writer's business.
  public var bytes: [UInt8] { block.indices.map { block[$0] } }

  /// All zero: what writing it says is that nothing is written. The kernel cannot tell the two
  /// apart, so readers are given nil.
  public static let none = LockValue(block: .zero)
}

/// How a request is to be treated when it cannot be granted at once.
public struct LockOptions: OptionSet, Hashable, Sendable {
  /// One bit an option; this program's own numbers, not the kernel's `DLM_LKF_*`.
  public let rawValue: UInt8

  /// - Parameter rawValue: bits that name no option have no effect.
  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// Answer ``LockOutcome/refused`` instead of waiting (`DLM_LKF_NOQUEUE`).
  public static let noQueue = LockOptions(rawValue: 1)
  /// A conversion waits its turn behind the conversions that wait already, even where its mode
  /// would be compatible (`DLM_LKF_QUECVT`). Valid only towards a mode that gives more.
  public static let queueConversion = LockOptions(rawValue: 2)
  /// A new request for ``LockMode/nl`` is granted whatever waits (`DLM_LKF_EXPEDITE`). Without it
  /// even that request stands behind a waiting conversion. Valid for nothing else.
  public static let expedite = LockOptions(rawValue: 4)
}

/// What became of one operation on a lock.
public enum LockOutcome: Hashable, Sendable {
  /// The lock is held in the mode that was asked for. The value block comes with it where the
  /// change of mode reads it (``ValueTransfer``), somebody has written it, and no writer has died
  /// since (`DLM_SBF_VALNOTVALID`).
  case granted(LockValue?)
  /// Not at once, and the request was not to wait (`EAGAIN`). A new lock does not exist; one that
  /// was to be converted stands as it stood.
  case refused
  /// The request was cancelled while it waited (`ECANCEL`). A new lock does not exist; one that
  /// was to be converted stands as it stood.
  case cancelled
  /// The lock is gone (`EUNLOCK`).
  case released
  /// Waiting would be for ever: this lock blocks a conversion that waits already (`EDEADLK`). It
  /// stands as it stood.
  case deadlock
  /// Another operation on the same lock is under way (`EBUSY`); nothing was done.
  case busy
  /// There is no such lock, or no longer (`ENOENT`).
  case unknownLock
  /// The options contradict each other, the mode, or the kind of request (`EINVAL`); nothing was
  /// done, and a new lock does not exist.
  case invalid
  /// The kernel could not do it (out of memory, not root); nothing was done, and a new lock does not
  /// exist. The number is errno's.
  case failed(errno: Int32)
}

/// One lock as an audit sees it.
public struct LockRecord: Hashable, Sendable {
  /// The queue of its resource in which a lock stands.
  public enum Queue: Hashable, Sendable {
    case granted, converting, waiting
  }

  /// The id by which the engine's operations know it.
  public let lock: LockID
  /// What it locks, or waits to lock.
  public let resource: ResourceName
  /// Nil while a new request waits.
  public let granted: LockMode?
  /// Nil while nothing is asked for.
  public let requested: LockMode?
  /// Where it stands; a converting lock still holds its granted mode.
  public let queue: Queue

  /// - Parameter queue: `waiting` goes with no granted mode, `granted` with no requested one.
  public init(
    lock: LockID, resource: ResourceName, granted: LockMode?, requested: LockMode?, queue: Queue
  ) {
    self.lock = lock
    self.resource = resource
    self.granted = granted
    self.requested = requested
    self.queue = queue
  }
}
