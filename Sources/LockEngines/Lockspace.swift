import CLibDLM
import CLinux
import Glibc
import LockModel

/// A lockspace of the kernel's lock manager, opened by this process: libdlm's handle, and nothing
/// that thinks.
///
/// Every call blocks without end, and not even SIGKILL ends it, while the lockspace is stopped
/// (fs/dlm/lock.c, `dlm_lock_recovery`); so does the end of the process. One thread uses it.
public final class Lockspace {
  /// Whether there was a lockspace of that name on this node before.
  public enum Origin: Hashable, Sendable {
    /// No: nobody on this node has held a lock in it since the node started.
    case created
    /// Yes: locks of a former process may be in it, to be adopted.
    case found
  }

  /// Why there is no lockspace, for a person.
  public struct Unavailable: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was attempted, what is wrong, and what to do.
    public let description: String
  }

  /// Its name, on every node.
  public let name: String
  /// Told apart so that claims on record are known to be lost in one and adopted in the other.
  public let origin: Origin
  /// Readable when an operation has ended or somebody waits for what a lock here shuts out.
  let descriptor: Int32
  private let handle: UnsafeMutableRawPointer

  /// Creates the lockspace, or opens the one that a former agent has left: the kernel keeps it, with
  /// its locks, until the node restarts.
  ///
  /// Blocks until the node has joined it (`dlm_new_lockspace` in fs/dlm/lockspace.c): for as long as
  /// the cluster has no quorum, without end.
  ///
  /// - Throws: ``Unavailable``.
  public init(_ name: String) throws(Unavailable) {
    // Exclusively, because every other creation would have to be released once more.
    let created = dlm_new_lockspace(name, 0o600, UInt32(DLM_LSFL_NEWEXCL))
    if let created {
      handle = created
      origin = .created
    } else {
      let error = errno
      guard error == EEXIST else { throw Self.unavailable("create", name, error) }
      guard let found = dlm_open_lockspace(name) else {
        throw Self.unavailable("open", name, errno)
      }
      handle = found
      origin = .found
    }
    self.name = name
    descriptor = dlm_ls_get_fd(handle)
    dlmguard_never_block(descriptor)
  }

  private static func unavailable(_ verb: String, _ name: String, _ error: Int32) -> Unavailable {
    let reason = String(cString: dlmguard_error_text(error))
    let advice =
      switch error {
      case EUNATCH, ENOTCONN: "dlm_controld does not run: systemctl start dlm"
      case ENOENT, ENODEV:
        "the kernel's lock manager is not there: modprobe dlm, and see that udev makes /dev/misc"
      case EPERM, EACCES: "the agent must run as root"
      default: "see dlm_tool status, and the kernel's messages: dmesg | grep dlm"
      }
    return Unavailable(
      description: "cannot \(verb) the lockspace \(Quoted(name)): \(reason); \(advice)")
  }

  /// Leaves the locks in the kernel, as orphans that the next process adopts.
  func close() {
    dlm_close_lockspace(handle)
  }

  /// Leaves the lockspace and takes it down on this node; the kernel refuses, and this says nothing,
  /// where a lock is left. Not usable afterwards.
  func release() {
    dlm_release_lockspace(name, handle, 0)
  }

  /// Hands out what the kernel has to say, until there is nothing more.
  ///
  /// libdlm's own `dlm_dispatch` writes each result to the address that the kernel tells: any process
  /// of root may use a lock of this one by its number, and then that is an address of theirs.
  func hear(_ take: (dlmguard_lock_news) -> Void) {
    var news = dlmguard_lock_news()
    while dlmguard_next_lock_news(descriptor, &news) > 0 { take(news) }
  }

  /// Whether a recovery stands still or is under way: `recover_status` in sysfs, whose bit 0x40 is
  /// set once all is done (fs/dlm/dlm_internal.h, `DLM_RS_DONE`; fs/dlm/lockspace.c).
  var isStopped: Bool {
    var bytes = [UInt8](repeating: 0, count: 32)
    let count = dlmguard_read_file(
      "/sys/kernel/dlm/\(name)/recover_status", &bytes, bytes.count)
    guard count > 0 else { return true }
    let digits = String(decoding: bytes[..<count].prefix { $0 > 0x20 }, as: UTF8.self)
    return UInt32(digits, radix: 16).map { $0 & 0x40 == 0 } ?? true
  }

  // MARK: - Submitting; each returns 0 or what errno says

  /// What every operation says again, because the kernel remembers only the last one's flags
  /// (fs/dlm/lock.c, `set_lock_args`): the lock outlives this process.
  private static let always = UInt32(LKF_PERSISTENT)

  func request(_ lock: KernelLock, _ mode: LockMode, _ flags: UInt32) -> Int32 {
    submit(lock, mode, flags | Self.always, named: true)
  }

  func convert(_ lock: KernelLock, _ mode: LockMode, _ flags: UInt32) -> Int32 {
    submit(lock, mode, flags | Self.always | UInt32(LKF_CONVERT), named: false)
  }

  /// Never calls back: on success the lock is held, and `lksb` has its id (`dlm_user_adopt_orphan`).
  func adopt(_ lock: KernelLock, _ mode: LockMode) -> Int32 {
    submit(lock, mode, Self.always | UInt32(LKF_VALBLK) | UInt32(LKF_ORPHAN), named: true)
  }

  func unlock(_ lock: KernelLock, _ flags: UInt32 = 0) -> Int32 {
    let result = dlm_ls_unlock(
      handle, lock.number, flags, lock.status, lock.argument)
    return result == 0 ? 0 : errno
  }

  private func submit(_ lock: KernelLock, _ mode: LockMode, _ flags: UInt32, named: Bool) -> Int32 {
    var name = named ? lock.resource.description : ""
    let result = name.withUTF8 { bytes in
      dlm_ls_lockx(
        handle, UInt32(mode.rawValue), lock.status, flags, bytes.baseAddress, UInt32(bytes.count),
        0, kernelLockNews, lock.argument, kernelLockNews, nil, nil)
    }
    return result == 0 ? 0 : errno
  }
}

/// The kernel wants an address to call back, and says it again with its news (fs/dlm/user.c,
/// `device_user_lock`); nobody calls it, because ``Lockspace/hear(_:)`` reads the news itself.
private nonisolated func kernelLockNews(_ argument: UnsafeMutableRawPointer?) {}
