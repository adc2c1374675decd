import CLinux
import Glibc
import LockModel

/// A descriptor on one process (pidfd_open(2)): it cannot come to mean another one, and becomes
/// readable when the process, with all its threads, has exited and so has closed its files.
public final class PIDFD: Sendable {
  /// For epoll(7): readable once the process is gone.
  public let descriptor: Int32

  /// Nil where that very process is gone already.
  public init?(_ process: ProcessRef, in table: ProcessTable) {
    descriptor = dlmguard_pidfd_open(process.pid)
    guard descriptor >= 0 else { return nil }
    // The pid might have been given to another process before it was opened.
    if table.process(process.pid) != process { return nil }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Whether the process is gone now; where the kernel cannot tell, it is not.
  public var isGone: Bool { dlmguard_pidfd_gone(descriptor) == 1 }
}
