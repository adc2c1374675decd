import Dispatch

/// A bounded number of threads that may hang: looking at storage, or into another process, waits
/// for as long as that does. What finds no free thread waits its turn. Touched on the event loop's
/// thread only.
struct SpareThreads {
  private let label: String
  private let maximum: Int
  private let loop: EventLoop
  private let finished: @Sendable (Int) -> Void
  private var threads: [DispatchQueue] = []
  private var idle: [Int] = []
  private var waiting: [@Sendable () -> Void] = []

  /// - Parameter finished: calls ``free(_:)`` back, on the loop's thread.
  init(
    _ label: String, maximum: Int, loop: EventLoop, finished: @escaping @Sendable (Int) -> Void
  ) {
    self.label = label
    self.maximum = maximum
    self.loop = loop
    self.finished = finished
  }

  /// Runs `work` on a thread that it may block.
  mutating func run(_ work: @escaping @Sendable () -> Void) {
    if let thread = idle.popLast() {
      start(work, on: thread)
    } else if threads.count < maximum {
      threads.append(DispatchQueue(label: "\(label).\(threads.count)"))
      start(work, on: threads.count - 1)
    } else {
      waiting.append(work)
    }
  }

  private func start(_ work: @escaping @Sendable () -> Void, on thread: Int) {
    threads[thread].async { [loop, finished] in
      work()
      loop.post { finished(thread) }
    }
  }

  /// A thread has done its work.
  mutating func free(_ thread: Int) {
    if waiting.isEmpty {
      idle.append(thread)
    } else {
      start(waiting.removeFirst(), on: thread)
    }
  }
}
