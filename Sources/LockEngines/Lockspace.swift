import CLibDLM
import CLinux
import Glibc
import LockModel

/// A lockspace of the kernel's lock manager, opened by this process: libdlm's handle, and nothing
/// that thinks.
///
/// Every call blocks without end, and not even SIGKILL ends it, while the lockspace is stopped
/// (fs/dlm/lock.c, `dlm_lock_recovery`); so does the end of the process. One thread uses it.
public final class Lockspace: LockDevice {
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
  private let status = SubmissionStatus()

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

  /// libdlm's own `dlm_dispatch` writes each result to the address that the kernel says: any process
  /// of root may use a lock of this one by its number, and then that is an address of theirs.
  package func nextNews() -> LockNews? {
    var news = dlmguard_lock_news()
    guard dlmguard_next_lock_news(descriptor, &news) > 0 else { return nil }
    return LockNews(news)
  }

  package func table() -> KernelTable? { KernelTable(of: name) }

  /// Whether a recovery stands still or is under way: `recover_status` in sysfs, whose bit 0x40 is
  /// set once all is done (fs/dlm/dlm_internal.h, `DLM_RS_DONE`; fs/dlm/lockspace.c).
  package var isStopped: Bool {
    var bytes = [UInt8](repeating: 0, count: 32)
    let count = dlmguard_read_file(
      "/sys/kernel/dlm/\(name)/recover_status", &bytes, bytes.count)
    guard count > 0 else { return true }
    let digits = String(decoding: bytes[..<count].prefix { $0 > 0x20 }, as: UTF8.self)
    return UInt32(digits, radix: 16).map { $0 & 0x40 == 0 } ?? true
  }

  // MARK: - Submitting

  /// What every operation says again, because the kernel remembers only the last one's flags
  /// (fs/dlm/lock.c, `set_lock_args`): the lock outlives this process.
  private static let always = UInt32(LKF_PERSISTENT)

  package func request(
    _ resource: ResourceName, _ mode: LockMode, _ options: LockOptions, block: LockValue,
    _ operation: OperationID
  ) throws(SubmissionError) -> KernelNumber {
    try submit(resource, mode, Self.flags(options), block, operation)
  }

  package func convert(
    _ number: KernelNumber, to mode: LockMode, _ options: LockOptions, block: LockValue?,
    _ operation: OperationID
  ) throws(SubmissionError) {
    status.content.pointee.sb_lkid = number
    _ = try submit(nil, mode, Self.flags(options) | UInt32(LKF_CONVERT), block, operation)
  }

  /// The kernel's `dlm_user_adopt_orphan` has the number on return, and queues no news.
  package func adopt(_ resource: ResourceName, _ mode: LockMode) throws(SubmissionError)
    -> KernelNumber
  {
    try submit(resource, mode, UInt32(LKF_ORPHAN), LockValue.none, OperationID(rawValue: 0))
  }

  package func cancel(_ number: KernelNumber, _ operation: OperationID) throws(SubmissionError) {
    try unlock(number, UInt32(LKF_CANCEL), operation)
  }

  package func unlock(_ number: KernelNumber, _ operation: OperationID) throws(SubmissionError) {
    try unlock(number, 0, operation)
  }

  private func unlock(_ number: KernelNumber, _ flags: UInt32, _ operation: OperationID)
    throws(SubmissionError)
  {
    let result = dlm_ls_unlock(handle, number, flags, status.content, Self.argument(operation))
    if result != 0 { throw SubmissionError(errno: errno) }
  }

  /// - Parameter resource: nil for a conversion, which goes by the number in ``status``.
  /// - Returns: the lock's number.
  private func submit(
    _ resource: ResourceName?, _ mode: LockMode, _ flags: UInt32, _ block: LockValue?,
    _ operation: OperationID
  ) throws(SubmissionError) -> KernelNumber {
    var flags = flags | Self.always
    if let block {
      flags |= UInt32(LKF_VALBLK)
      status.block = block
    }
    var name = resource?.description ?? ""
    let result = name.withUTF8 { bytes in
      dlm_ls_lockx(
        handle, UInt32(mode.rawValue), status.content, flags, bytes.baseAddress,
        UInt32(bytes.count), 0, kernelLockNews, Self.argument(operation), kernelLockNews, nil, nil)
    }
    if result != 0 { throw SubmissionError(errno: errno) }
    return status.content.pointee.sb_lkid
  }

  private static func flags(_ options: LockOptions) -> UInt32 {
    (options.contains(.noQueue) ? UInt32(LKF_NOQUEUE) : 0)
      | (options.contains(.queueConversion) ? UInt32(LKF_QUECVT) : 0)
      | (options.contains(.expedite) ? UInt32(LKF_EXPEDITE) : 0)
  }

  /// The id in the place of an address, which libdlm hands on and the kernel says again.
  private static func argument(_ operation: OperationID) -> UnsafeMutableRawPointer? {
    UnsafeMutableRawPointer(bitPattern: UInt(operation.rawValue))
  }
}

/// What libdlm reads and writes while an operation is submitted, and never later: it would at
/// `dlm_dispatch`, which is not used.
private final class SubmissionStatus {
  let content: UnsafeMutablePointer<dlm_lksb>
  private let bytes: UnsafeMutablePointer<CChar>

  init() {
    bytes = .allocate(capacity: LockValue.length)
    bytes.initialize(repeating: 0, count: LockValue.length)
    content = .allocate(capacity: 1)
    content.initialize(to: dlm_lksb())
    content.pointee.sb_lvbptr = bytes
  }

  deinit {
    content.deallocate()
    bytes.deallocate()
  }

  /// The value block of an operation that has one.
  var block: LockValue {
    get { LockValue(block: UnsafeRawPointer(bytes).loadUnaligned(as: SIMD32<UInt8>.self)) }
    set { UnsafeMutableRawPointer(bytes).storeBytes(of: newValue.block, as: SIMD32<UInt8>.self) }
  }
}

extension LockNews {
  fileprivate init(_ news: dlmguard_lock_news) {
    self.init(
      number: news.number, status: news.status, operation: OperationID(rawValue: news.argument))
    isBlocking = news.blocking != 0
    isValueValid = news.flags & UInt8(DLM_SBF_VALNOTVALID) == 0
    guard news.has_value != 0 else { return }
    value = withUnsafeBytes(of: news.value) { bytes in
      LockValue(block: bytes.loadUnaligned(as: SIMD32<UInt8>.self))
    }
  }
}

/// The kernel wants an address to call back, and says it again with its news (fs/dlm/user.c,
/// `device_user_lock`); it is never called, because ``Lockspace/nextNews()`` reads the news itself.
private nonisolated func kernelLockNews(_ argument: UnsafeMutableRawPointer?) {}
