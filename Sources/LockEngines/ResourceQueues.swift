import LockModel

/// The locks of one resource, and the order in which they are granted.
///
/// This is the master's half of the kernel's lock manager (fs/dlm/lock.c, `struct dlm_rsb`), rule
/// for rule, so that what is proved against one engine holds for the other.
struct ResourceQueues: Sendable {
  struct Entry: Sendable {
    let lock: LockID
    var granted: LockMode?
    var requested: LockMode
    var options: LockOptions
    /// What to write, where granting the request writes.
    var value: LockValue?
  }

  private(set) var granted: [Entry] = []
  private(set) var converting: [Entry] = []
  private(set) var waiting: [Entry] = []
  private var value: LockValue?

  var isEmpty: Bool { granted.isEmpty && converting.isEmpty && waiting.isEmpty }

  /// Whether a lock is granted in some mode, or was before a conversion of it began to wait.
  func holds(_ lock: LockID) -> Bool {
    granted.contains { $0.lock == lock } || converting.contains { $0.lock == lock }
  }

  // MARK: - Operations

  /// `do_request`.
  mutating func request(
    _ lock: LockID, _ mode: LockMode, _ options: LockOptions, _ value: LockValue?
  ) -> [LockTable.Completion] {
    let expedites = options.contains(.expedite)
    guard !options.contains(.queueConversion),
      !expedites || (mode == .nl && !options.contains(.noQueue))
    else { return [.init(lock, .invalid)] }
    let entry = Entry(lock: lock, granted: nil, requested: mode, options: options, value: value)
    if canBeGranted(entry, now: true) { return [grant(entry)] }
    if options.contains(.noQueue) { return [.init(lock, .refused)] }
    waiting.append(entry)
    return []
  }

  /// `do_convert` and its effects.
  mutating func convert(
    _ lock: LockID, _ mode: LockMode, _ options: LockOptions, _ value: LockValue?
  ) throws(LockTable.Rejection) -> [LockTable.Completion] {
    guard let index = granted.firstIndex(where: { $0.lock == lock }) else { throw .busy }
    let held = granted[index].granted
    guard !options.contains(.expedite),
      // `__quecvt_compat_matrix`
      !options.contains(.queueConversion) || held?.covers(mode) == false
    else { throw .invalid }
    let entry = Entry(lock: lock, granted: held, requested: mode, options: options, value: value)
    if canBeGranted(entry, now: true) {
      granted.remove(at: index)
      return [grant(entry)] + grantPending()
    }
    if options.contains(.noQueue) { return [.init(lock, .refused)] }
    if blocksAConversion(entry) { return [.init(lock, .deadlock)] }
    granted.remove(at: index)
    converting.append(entry)
    return []
  }

  /// `do_cancel`. A lock for which nothing waits is left alone: `validate_unlock_args` finds
  /// EBUSY, and `dlm_unlock` makes 0 of it.
  mutating func cancel(_ lock: LockID) -> [LockTable.Completion] {
    if let index = converting.firstIndex(where: { $0.lock == lock }) {
      granted.append(converting.remove(at: index))
    } else if let index = waiting.firstIndex(where: { $0.lock == lock }) {
      waiting.remove(at: index)
    } else {
      return []
    }
    return [.init(lock, .cancelled)] + grantPending()
  }

  /// `do_unlock`. The kernel would also take a lock away whose request still waits, and answer both
  /// operations with one completion; here every operation has its own, so that is refused.
  mutating func unlock(_ lock: LockID, _ value: LockValue?) throws(LockTable.Rejection)
    -> [LockTable.Completion]
  {
    guard let index = granted.firstIndex(where: { $0.lock == lock }) else { throw .busy }
    let entry = granted.remove(at: index)
    if let value, entry.granted?.writesValue == true { write(value) }
    return [.init(lock, .released)] + grantPending()
  }

  private mutating func write(_ value: LockValue) {
    self.value = value == .none ? nil : value
  }

  // MARK: - Granting

  private mutating func grant(_ entry: Entry) -> LockTable.Completion {
    let transfer = ValueTransfer(from: entry.granted, to: entry.requested)
    if transfer == .write, let new = entry.value { write(new) }
    var entry = entry
    entry.granted = entry.requested
    granted.append(entry)
    return .init(entry.lock, .granted(transfer == .read ? value : nil))
  }

  /// `grant_pending_locks`: the conversions that stand first, then the waiters that stand first.
  private mutating func grantPending() -> [LockTable.Completion] {
    var completions: [LockTable.Completion] = []
    while let first = converting.first, canBeGranted(first, now: false) {
      converting.removeFirst()
      completions.append(grant(first))
    }
    while let first = waiting.first, canBeGranted(first, now: false) {
      waiting.removeFirst()
      completions.append(grant(first))
    }
    return completions
  }

  /// `_can_be_granted`, which quotes Roy Davis, "VAXcluster Principles", chapter 6.
  ///
  /// - Parameter now: whether the request has just come; otherwise it stands in its queue.
  private func canBeGranted(_ entry: Entry, now: Bool) -> Bool {
    if entry.options.contains(.expedite) { return true }
    if granted.contains(where: { Self.blocks($0, entry) })
      || converting.contains(where: { Self.blocks($0, entry) })
    {
      return false
    }
    switch (isConversion: entry.granted != nil, now: now) {
    case (isConversion: true, now: true):
      // In place, past those that wait, unless it asked to queue.
      return !entry.options.contains(.queueConversion) || converting.isEmpty
    case (isConversion: true, now: false): return converting.first?.lock == entry.lock
    case (isConversion: false, now: true): return converting.isEmpty && waiting.isEmpty
    case (isConversion: false, now: false):
      return converting.isEmpty && waiting.first?.lock == entry.lock
    }
  }

  /// `queue_conflict`: whether what `holder` holds keeps `entry` from what it wants.
  private static func blocks(_ holder: Entry, _ entry: Entry) -> Bool {
    guard holder.lock != entry.lock, let mode = holder.granted else { return false }
    return !mode.isCompatible(with: entry.requested)
  }

  /// `conversion_deadlock_detect`: whether what `entry` holds blocks a conversion ahead of it.
  private func blocksAConversion(_ entry: Entry) -> Bool {
    converting.contains { Self.blocks(entry, $0) }
  }
}
