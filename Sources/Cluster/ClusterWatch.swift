import CLinux
import Dispatch
import Glibc
import LockModel
import Synchronization

/// Watches whether this node may take locks, and whether those it has still mean something.
///
/// A thread of its own waits for corosync's news (poll(2)), and looks once a second at what gives
/// none: the kernel's lockspace, and dlm_controld. What may wait without end (connecting to
/// corosync, questions to dlm_controld) is asked on two further threads, one question at a time, so
/// that a daemon that hangs does not hide what the others say.
public final class ClusterWatch: Sendable {
  /// What is watched, and what is taken for trouble.
  public struct Settings: Hashable, Sendable {
    /// The lockspace; it need not be there yet.
    public var lockspace: String
    /// For how many ms a stopped lockspace is taken for an ordinary recovery.
    public var bound: Int64
    /// The administrator has answered for what fencing would see to.
    public var allowUnfenced: Bool

    /// All of them.
    public init(lockspace: String, bound: Int64, allowUnfenced: Bool) {
      self.lockspace = lockspace
      self.bound = bound
      self.allowUnfenced = allowUnfenced
    }
  }

  private let wakeUp: WakeUp
  private let isStopped: Flag

  /// Starts to watch.
  ///
  /// - Parameter report: called on the watch's own thread, one change after the other; what it takes
  ///   is time in which nothing is watched.
  /// - Throws: ``Unavailable`` where the kernel has no descriptors left.
  public init(
    _ settings: Settings, report: @escaping @Sendable (ClusterChange) -> Void
  ) throws(Unavailable) {
    let wakeUp = try WakeUp()
    let isStopped = Flag()
    self.wakeUp = wakeUp
    self.isStopped = isStopped
    DispatchQueue(label: "dlmguard.cluster").async {
      var lookout = Lookout(settings, wakeUp: wakeUp)
      while true {
        let changes = lookout.round()
        for change in changes {
          if isStopped.isRaised { return }
          report(change)
        }
        if isStopped.isRaised { return }
        lookout.wait()
      }
    }
  }

  deinit { stop() }

  /// Ends it; does not wait for that. A report that has begun goes on, and no other follows. Any
  /// thread, also from within a report.
  public func stop() {
    isStopped.raise()
    wakeUp.raise()
  }

  /// Why nothing can be watched, for a person.
  public struct Unavailable: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was attempted, and what is wrong.
    public let description: String
  }
}

/// Raised once.
private final class Flag: Sendable {
  private let value = Atomic(false)

  var isRaised: Bool { value.load(ordering: .acquiring) }
  func raise() { value.store(true, ordering: .releasing) }
}

/// Ends the wait of a thread in poll(2). Any thread.
final class WakeUp: Sendable {
  let descriptor: Int32

  init() throws(ClusterWatch.Unavailable) {
    descriptor = dlmguard_eventfd()
    guard descriptor >= 0 else {
      throw ClusterWatch.Unavailable(
        description: "cannot create an event descriptor: "
          + String(cString: dlmguard_error_text(-descriptor)))
    }
  }

  deinit { close(descriptor) }

  func raise() { dlmguard_eventfd_raise(descriptor) }
  func clear() { dlmguard_eventfd_clear(descriptor) }
}
