import Dispatch

/// A bounded number of threads that may hang: looking at storage, or into another process, waits
/// for as long as that does. What finds no free thread waits its turn. Touched on the event loop's
/// thread only.
struct SpareThreads {
  private let label: String
  private let maximum: Int
  private let limit: Int
  private let loop: EventLoop
  private let finished: @Sendable (Int) -> Void
  private var threads: [Int: DispatchQueue] = [:]
  private var made = 0
  private var idle: [Int] = []
  /// Those that nobody waits for.
  private var givenUp: Set<Int> = []
  private var waiting: [@Sendable (Int) -> Void] = []

  /// - Parameters:
  ///   - maximum: how many may be at work at once, beside those that were given up.
  ///   - limit: how many there may be altogether.
  ///   - finished: calls ``free(_:)`` back, on the loop's thread.
  init(
    _ label: String, maximum: Int, limit: Int? = nil, loop: EventLoop,
    finished: @escaping @Sendable (Int) -> Void
  ) {
    self.label = label
    self.maximum = maximum
    self.limit = limit ?? maximum
    self.loop = loop
    self.finished = finished
  }

  /// Runs `work` on a thread that it may block, and tells it which.
  mutating func run(_ work: @escaping @Sendable (_ thread: Int) -> Void) {
    waiting.append(work)
    startWaiting()
  }

  /// What runs on a thread may never end: another one may take its place.
  mutating func giveUp(_ thread: Int) {
    guard threads[thread] != nil, !idle.contains(thread) else { return }
    givenUp.insert(thread)
    startWaiting()
  }

  /// A thread has done its work.
  mutating func free(_ thread: Int) {
    if givenUp.remove(thread) != nil, threads.count > maximum {
      threads[thread] = nil
    } else {
      idle.append(thread)
    }
    startWaiting()
  }

  private mutating func startWaiting() {
    while !waiting.isEmpty, let thread = freeThread() {
      let work = waiting.removeFirst()
      threads[thread]?.async { [loop, finished] in
        work(thread)
        loop.post { finished(thread) }
      }
    }
  }

  private mutating func freeThread() -> Int? {
    guard threads.count - idle.count - givenUp.count < maximum else { return nil }
    if let thread = idle.popLast() { return thread }
    guard threads.count < limit else { return nil }
    made += 1
    threads[made] = DispatchQueue(label: "\(label).\(made)")
    return made
  }
}
