import Dispatch

/// A bounded number of threads that may hang: looking at storage waits for as long as the storage
/// does. What finds no free thread waits its turn, and its own deadline. Touched on the event
/// loop's thread only.
struct StorageLanes {
  /// So many dead mounts can be looked at before the next look has to wait.
  static let count = 16

  private let loop: EventLoop
  private let finished: @Sendable (Int) -> Void
  private var lanes: [DispatchQueue] = []
  private var idle: [Int] = []
  private var waiting: [@Sendable () -> Void] = []

  /// - Parameter finished: calls ``free(_:)`` back, on the loop's thread.
  init(loop: EventLoop, finished: @escaping @Sendable (Int) -> Void) {
    self.loop = loop
    self.finished = finished
  }

  /// Runs `work` on a thread that it may block.
  mutating func run(_ work: @escaping @Sendable () -> Void) {
    if let lane = idle.popLast() {
      start(work, on: lane)
    } else if lanes.count < Self.count {
      lanes.append(DispatchQueue(label: "dlmguard.storage.\(lanes.count)"))
      start(work, on: lanes.count - 1)
    } else {
      waiting.append(work)
    }
  }

  private func start(_ work: @escaping @Sendable () -> Void, on lane: Int) {
    lanes[lane].async { [loop, finished] in
      work()
      loop.post { finished(lane) }
    }
  }

  /// A thread has done its work.
  mutating func free(_ lane: Int) {
    if waiting.isEmpty {
      idle.append(lane)
    } else {
      start(waiting.removeFirst(), on: lane)
    }
  }
}
