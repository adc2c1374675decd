import Dispatch
import Glibc
import Synchronization
import Testing

@testable import Agent

@Suite struct SpareThreadsTests {
  /// Threads that are freed by hand: nothing runs an event loop.
  final class Work: Sendable {
    let started = Mutex<[Int: Int]>([:])
    let begun = DispatchSemaphore(value: 0)
    let ends = DispatchSemaphore(value: 0)

    func task(_ number: Int) -> @Sendable (Int) -> Void {
      { [self] thread in
        started.withLock { $0[number] = thread }
        begun.signal()
        ends.wait()
      }
    }

    /// The threads of the tasks that run, once there are so many.
    func threads(_ count: Int) -> [Int: Int] {
      while started.withLock({ $0.count }) < count { begun.wait() }
      return started.withLock { $0 }
    }
  }

  @Test func whatIsGivenUpMakesRoomUpToALimit() throws {
    let work = Work()
    var threads = SpareThreads("test", maximum: 2, limit: 3, loop: try EventLoop()) { _ in }
    for number in 0..<5 { threads.run(work.task(number)) }
    var running = work.threads(2)
    #expect(Set(running.keys) == [0, 1])
    threads.giveUp(running[0]!)
    running = work.threads(3)
    #expect(Set(running.keys) == [0, 1, 2])
    threads.giveUp(running[1]!)
    usleep(20_000)
    #expect(work.threads(3).count == 3, "there may be three in all")
    // The first one comes out after all, and is used again.
    for _ in 0..<5 { work.ends.signal() }
    threads.free(running[0]!)
    running = work.threads(4)
    #expect(running.count == 4)
    threads.free(running[3]!)
    #expect(work.threads(5).count == 5)
  }
}
