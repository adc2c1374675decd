import CLinux
import Glibc
import LockModel

/// A descriptor on one process (pidfd_open(2)): it cannot come to mean another one, and becomes
/// readable when the process, with all its threads, has exited and so has closed its files. The
/// state letter of /proc says less: a process whose first thread is a zombie may still write.
public final class PIDFD: Sendable {
  /// Why there is no descriptor.
  public enum Failure: Error, Hashable, Sendable {
    /// That very process is gone.
    case gone
    /// It cannot be told, or the kernel has no descriptors left; why, for a person.
    case unavailable(String)
  }

  /// For epoll(7): readable once the process is gone.
  public let descriptor: Int32

  /// Opens a descriptor on that very process. Any thread.
  ///
  /// - Throws: ``Failure``; only ``Failure/gone`` says anything about the process.
  public init(_ process: ProcessRef, in table: ProcessTable) throws(Failure) {
    let descriptor = dlmguard_pidfd_open(process.pid)
    self.descriptor = descriptor
    if descriptor == -ESRCH { throw .gone }
    guard descriptor >= 0 else {
      throw .unavailable(String(cString: dlmguard_error_text(-descriptor)))
    }
    // The pid might have been given to another process before it was opened.
    let present: ProcessRef?
    do throws(ProcessTable.Unreadable) {
      present = try table.process(process.pid)
    } catch {
      throw .unavailable(error.description)
    }
    if present != process || isGone { throw .gone }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Whether the process is gone now; where the kernel cannot tell, it is not.
  public var isGone: Bool { dlmguard_pidfd_gone(descriptor) == 1 }

  /// Ends that very process (SIGKILL), and no other that may have its number by now. It is gone when
  /// ``isGone`` says so: one in an uninterruptible sleep goes when that ends.
  ///
  /// - Throws: ``Failure/unavailable(_:)`` where the kernel does not let.
  public func kill() throws(Failure) {
    try send(SIGKILL)
  }

  /// Asks that very process to end (SIGTERM): QEMU writes what it has cached, and exits.
  ///
  /// - Throws: ``Failure/unavailable(_:)`` where the kernel does not let.
  public func terminate() throws(Failure) {
    try send(SIGTERM)
  }

  /// Stops that very process (SIGSTOP), and no other that may have its number by now: for a guest that
  /// libvirt does not pause. Nothing it does goes on but what the kernel has of it already: requests
  /// to storage that are under way reach it. Only SIGCONT makes it go on; until then libvirt gets
  /// no answer from it.
  ///
  /// - Throws: ``Failure/unavailable(_:)`` where the kernel does not let.
  public func stop() throws(Failure) {
    try send(SIGSTOP)
  }

  private func send(_ signal: Int32) throws(Failure) {
    let error = dlmguard_pidfd_signal(descriptor, signal)
    guard error < 0 else { return }
    throw .unavailable(String(cString: dlmguard_error_text(-error)))
  }
}
