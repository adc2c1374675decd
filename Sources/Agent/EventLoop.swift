import CLinux
import Glibc
import Synchronization

/// One thread that waits for file descriptors, timers and work from other threads (epoll(7)), and
/// the executor of the actor that lives on it: whatever the loop calls may assume the actor's
/// isolation.
final class EventLoop: SerialExecutor, Sendable {
  /// What a descriptor is ready for.
  struct Readiness: OptionSet, Sendable {
    let rawValue: UInt32

    static let readable = Readiness(rawValue: UInt32(DLMGUARD_READABLE))
    static let writable = Readiness(rawValue: UInt32(DLMGUARD_WRITABLE))
    static let hangup = Readiness(rawValue: UInt32(DLMGUARD_HANGUP))
  }

  private enum Work: Sendable {
    case job(UnownedJob)
    case call(@Sendable () -> Void)
  }

  private struct State: Sendable {
    var work: [Work] = []
    var handlers: [Int32: @Sendable (Readiness) -> Void] = [:]
    var timers = Timers()
    var nextTimer: UInt64 = 0
    var thread: pthread_t?
    var isStopped = false
  }

  private let epoll: Int32
  private let wakeUp: Int32
  private let clock: Int32
  private let state = Mutex(State())

  /// - Throws: ``SystemError`` where the kernel has no descriptors left.
  init() throws(SystemError) {
    epoll = try SystemError.check("create an epoll descriptor", dlmguard_epoll_create())
    wakeUp = try SystemError.check("create an event descriptor", dlmguard_eventfd())
    clock = try SystemError.check("create a timer", dlmguard_timer())
    for descriptor in [wakeUp, clock] {
      try SystemError.check(
        "watch a descriptor",
        dlmguard_epoll_watch(epoll, descriptor, Readiness.readable.rawValue))
    }
  }

  deinit {
    close(clock)
    close(wakeUp)
    close(epoll)
  }

  /// Runs until ``stop()``; the thread that calls this is the actor's.
  func run() {
    state.withLock { $0.thread = pthread_self() }
    var ready = [dlmguard_ready](repeating: dlmguard_ready(), count: 64)
    while !state.withLock({ $0.isStopped }) {
      let count = dlmguard_epoll_wait(epoll, &ready, Int32(ready.count))
      for event in ready.prefix(Int(max(0, count))) {
        if event.fd == wakeUp {
          dlmguard_eventfd_clear(wakeUp)
          drain()
        } else if event.fd == clock {
          strike()
        } else if let handler = state.withLock({ $0.handlers[event.fd] }) {
          handler(Readiness(rawValue: event.events))
        }
      }
    }
  }

  /// Lets ``run()`` return. Any thread.
  func stop() {
    state.withLock { $0.isStopped = true }
    dlmguard_eventfd_raise(wakeUp)
  }

  private func drain() {
    let work = state.withLock { state in
      defer { state.work = [] }
      return state.work
    }
    for item in work {
      switch item {
      case .job(let job): job.runSynchronously(on: asUnownedSerialExecutor())
      case .call(let call): call()
      }
    }
  }

  /// Calls `call` on the loop's thread, after what was posted before it. Any thread.
  func post(_ call: @escaping @Sendable () -> Void) {
    push(.call(call))
  }

  private func push(_ work: Work) {
    let isFirst = state.withLock { state in
      state.work.append(work)
      return state.work.count == 1
    }
    if isFirst { dlmguard_eventfd_raise(wakeUp) }
  }

  // MARK: - The actor's executor

  func enqueue(_ job: consuming ExecutorJob) {
    push(.job(UnownedJob(job)))
  }

  func asUnownedSerialExecutor() -> UnownedSerialExecutor {
    UnownedSerialExecutor(ordinary: self)
  }

  func checkIsolated() {
    precondition(
      state.withLock { $0.thread } == pthread_self(), "called off the event loop's thread")
  }

  // MARK: - Descriptors

  /// Calls `handler` on the loop's thread whenever the descriptor is ready; until ``forget(_:)``.
  /// Hang-ups are reported whether asked for or not.
  ///
  /// - Throws: ``SystemError`` where the kernel refuses.
  func watch(
    _ descriptor: Int32, for readiness: Readiness, handler: @escaping @Sendable (Readiness) -> Void
  ) throws(SystemError) {
    state.withLock { $0.handlers[descriptor] = handler }
    let result = dlmguard_epoll_watch(epoll, descriptor, readiness.rawValue)
    if result < 0 { state.withLock { $0.handlers[descriptor] = nil } }
    try SystemError.check("watch a descriptor", result)
  }

  /// Changes what a watched descriptor is watched for.
  func rewatch(_ descriptor: Int32, for readiness: Readiness) {
    dlmguard_epoll_watch(epoll, descriptor, readiness.rawValue)
  }

  /// Stops watching; the descriptor stays open.
  func forget(_ descriptor: Int32) {
    dlmguard_epoll_forget(epoll, descriptor)
    state.withLock { $0.handlers[descriptor] = nil }
  }

  // MARK: - Timers

  /// Calls `call` once on the loop's thread, that many ms from now; never sooner, and not at all
  /// where the returned timer is cancelled first.
  @discardableResult
  func after(_ milliseconds: Int64, _ call: @escaping @Sendable () -> Void) -> Timer {
    state.withLock { state in
      let timer = Timer(number: state.nextTimer)
      state.nextTimer += 1
      if state.timers.add(timer, due: dlmguard_uptime() + milliseconds, call) {
        dlmguard_timer_set(clock, milliseconds)
      }
      return timer
    }
  }

  func cancel(_ timer: Timer) {
    // The clock may strike for it all the same, and find nothing to do.
    state.withLock { $0.timers.remove(timer) }
  }

  /// A timer that was set; it may have run out.
  struct Timer: Hashable, Sendable {
    fileprivate let number: UInt64
  }

  private func strike() {
    let now = dlmguard_uptime()
    dlmguard_timer_clear(clock)
    let due = state.withLock { state in
      let due = state.timers.takeDue(at: now)
      if let next = state.timers.nextDue { dlmguard_timer_set(clock, max(0, next - now)) }
      return due
    }
    for call in due { call() }
  }

  /// Timers in the order in which they run out. Most are set for the same time ahead, so a new one
  /// belongs near the end.
  private struct Timers: Sendable {
    private var entries: [(due: Int64, timer: Timer, call: @Sendable () -> Void)] = []

    var nextDue: Int64? { entries.first?.due }

    /// Whether it is now the first to run out.
    mutating func add(_ timer: Timer, due: Int64, _ call: @escaping @Sendable () -> Void) -> Bool {
      let index = (entries.lastIndex { $0.due <= due } ?? -1) + 1
      entries.insert((due, timer, call), at: index)
      return index == 0
    }

    mutating func remove(_ timer: Timer) {
      if let index = entries.lastIndex(where: { $0.timer == timer }) { entries.remove(at: index) }
    }

    mutating func takeDue(at now: Int64) -> [@Sendable () -> Void] {
      let due = entries.prefix { $0.due <= now }
      entries.removeFirst(due.count)
      return due.map(\.call)
    }
  }
}
