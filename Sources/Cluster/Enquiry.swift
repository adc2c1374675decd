import Dispatch
import Synchronization

/// Asks one thing at a time of what may never answer, on a thread of its own; while it waits nothing
/// else is asked. Any thread.
final class Enquiry: Sendable {
  private let queue: DispatchQueue
  private let isUnderWay = Mutex(false)

  /// - Parameter name: of its thread.
  init(_ name: String) {
    queue = DispatchQueue(label: name)
  }

  /// Runs `question` on the thread, unless another one is still under way.
  func ask(_ question: @escaping @Sendable () -> Void) {
    let isFree = isUnderWay.withLock { isUnderWay in
      defer { isUnderWay = true }
      return !isUnderWay
    }
    guard isFree else { return }
    queue.async {
      question()
      self.isUnderWay.withLock { $0 = false }
    }
  }
}
