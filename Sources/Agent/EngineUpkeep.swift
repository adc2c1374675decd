import LockEngines
import Logging

/// What a cluster's engine needs besides its operations: that what nobody claims is given back, and
/// that what is held is compared with the kernel's own table again and again.
final class EngineUpkeep: Sendable {
  /// How long between two audits, in ms.
  private static let interval: Int64 = 30_000

  private let engine: KernelEngine
  private let loop: EventLoop
  private let log: Logger

  init(_ engine: KernelEngine, loop: EventLoop, log: Logger) {
    self.engine = engine
    self.loop = loop
    self.log = log
  }

  /// Once, when every claim that is on record is held again.
  func begin() {
    engine.releaseStrangers { [self] strangers in
      guard let strangers else {
        log.warning(
          "the kernel's lock table cannot be read, so lost and forgotten locks will not be noticed",
          metadata: ["remedy": "mount -t debugfs debugfs /sys/kernel/debug"])
        return
      }
      report(strangers)
      auditLater()
    }
  }

  private func auditLater() {
    loop.after(Self.interval) { [self] in
      engine.audit { [self] isReadable in
        if !isReadable { log.error("the kernel's lock table could not be read; trying again") }
      }
      // A process that could not end while the lockspace was stopped leaves its locks that late.
      engine.releaseStrangers { [self] strangers in
        report(strangers ?? [])
        auditLater()
      }
    }
  }

  private func report(_ strangers: [StrangerLock]) {
    for stranger in strangers {
      log.warning(
        "a lock that no guest on record explains was given back",
        metadata: ["resource": "\(stranger.resource)", "mode": "\(stranger.mode)"])
    }
  }

  /// Takes the lockspace down on this node; nothing may be held.
  ///
  /// - Parameter then: called on any thread, once it is down or has taken too long.
  func leave(then: @escaping @Sendable () -> Void) {
    loop.after(Self.leaveLimit, then)
    engine.leave(then: then)
  }

  /// In ms: a cluster that is in recovery lets nobody leave.
  private static let leaveLimit: Int64 = 5_000
}
