import CLinux
import Dispatch
import Foundation
import Glibc
import Synchronization
import Testing

@testable import Agent

@Suite struct EventLoopTests {
  /// Runs a loop on a thread of its own until `body` stops it.
  func running(_ body: (EventLoop) throws -> Void) throws {
    let loop = try EventLoop()
    let done = DispatchSemaphore(value: 0)
    let thread = DispatchQueue(label: "loop")
    try body(loop)
    thread.async {
      loop.run()
      done.signal()
    }
    #expect(done.wait(timeout: .now() + 60) == .success, "the loop has not stopped")
  }

  @Test func timersRunInTheOrderOfTheirTimeAndNotWhenCancelled() throws {
    let order = Mutex<[Int]>([])
    try running { loop in
      let append = { @Sendable (number: Int) in order.withLock { $0.append(number) } }
      loop.after(60) {
        append(4)
        loop.stop()
      }
      loop.after(20) { append(2) }
      let cancelled = loop.after(30) { append(99) }
      loop.after(0) { append(1) }
      loop.after(20) { append(3) }
      loop.cancel(cancelled)
      loop.cancel(cancelled)
    }
    #expect(order.withLock { $0 } == [1, 2, 3, 4])
  }

  @Test func aTimerMaySetTheNext() throws {
    let count = Mutex(0)
    @Sendable func again(_ loop: EventLoop) {
      guard
        count.withLock({ count in
          count += 1
          return count < 50
        })
      else { return loop.stop() }
      loop.after(0) { again(loop) }
    }
    try running { loop in loop.post { again(loop) } }
    #expect(count.withLock { $0 } == 50)
  }

  @Test func postsKeepTheirOrderFromWhereverTheyCome() throws {
    let order = Mutex<[Int]>([])
    try running { loop in
      for number in 0..<1_000 { loop.post { order.withLock { $0.append(number) } } }
      loop.post { loop.stop() }
    }
    #expect(order.withLock { $0 } == Array(0..<1_000))
  }

  @Test func aDescriptorIsReportedUntilItIsForgotten() throws {
    let event = dlmguard_eventfd()
    defer { close(event) }
    let count = Mutex(0)
    try running { loop in
      dlmguard_eventfd_raise(event)
      try loop.watch(event, for: .readable) { readiness in
        #expect(readiness == .readable)
        guard
          count.withLock({ count in
            count += 1
            return count == 3
          })
        else { return }
        loop.forget(event)
        loop.after(20) { loop.stop() }
      }
    }
    #expect(count.withLock { $0 } == 3)
  }

  /// On a thread of its own, whose mask dies with it.
  @Test func signalsAreReadOneByOne() {
    let seen = Mutex<[Int32]>([])
    let done = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      let signals = dlmguard_signals()
      for signal in [SIGHUP, SIGTERM] { pthread_kill(pthread_self(), signal) }
      let numbers = (0..<3).map { _ in dlmguard_next_signal(signals) }
      seen.withLock { $0 = numbers }
      close(signals)
      done.signal()
    }
    done.wait()
    #expect(seen.withLock { $0 } == [SIGHUP, SIGTERM, 0])
  }
}
