import LockModel

/// The kernel's number of a lock (`lkid`): unique among a node's locks in one lockspace at one moment,
/// and used again after the lock's end.
package typealias KernelNumber = UInt32

/// Why the kernel did not take an operation.
package struct SubmissionError: Error, Hashable, Sendable {
  /// As in errno; positive.
  package let errno: Int32

  package init(errno: Int32) {
    self.errno = errno
  }
}

/// What the kernel reports of a lock.
package struct LockNews: Hashable, Sendable {
  package var number: KernelNumber
  /// How the operation ended: 0, `EAGAIN`, `DLM_EUNLOCK`, …; positive.
  package var status: Int32
  /// What was submitted with the operation, by whichever process did that.
  package var operation: OperationID
  /// Whether another lock waits for this one; no operation has ended then.
  package var isBlocking = false
  /// False where the last writer of the value block has died (`DLM_SBF_VALNOTVALID`).
  package var isValueValid = true
  /// The value block, where the operation has read it.
  package var value: LockValue?

  package init(number: KernelNumber, status: Int32, operation: OperationID) {
    self.number = number
    self.status = status
    self.operation = operation
  }
}

/// A lockspace as the kernel offers it to one process (fs/dlm/user.c): operations by number, and a
/// queue of news. Used by one thread, because each call may block there without end.
///
/// Every operation is persistent: its lock outlives the process. `block` is the value block to go with
/// an operation; nil leaves it out (no `DLM_LKF_VALBLK`).
package protocol LockDevice: AnyObject {
  /// The lockspace's name.
  var name: String { get }

  /// Asks for a new lock.
  ///
  /// - Returns: its number; it may end, and its number be used again, before its news are read.
  func request(
    _ resource: ResourceName, _ mode: LockMode, _ options: LockOptions, block: LockValue,
    _ operation: OperationID
  ) throws(SubmissionError) -> KernelNumber

  /// Asks for another mode, for whichever lock has the number.
  func convert(
    _ number: KernelNumber, to mode: LockMode, _ options: LockOptions, block: LockValue?,
    _ operation: OperationID
  ) throws(SubmissionError)

  /// Withdraws what waits for whichever lock has the number. Succeeds where nothing waits.
  func cancel(_ number: KernelNumber, _ operation: OperationID) throws(SubmissionError)

  /// Gives back whichever lock has the number.
  func unlock(_ number: KernelNumber, _ operation: OperationID) throws(SubmissionError)

  /// Takes over a lock that a process of this node has left. Has no news: it is held on return.
  func adopt(_ resource: ResourceName, _ mode: LockMode) throws(SubmissionError) -> KernelNumber

  /// The next completion or blocking notice; nil if none is queued.
  func nextNews() -> LockNews?

  /// Whether a recovery is under way or waits.
  var isStopped: Bool { get }

  /// The locks of this node's processes; nil if debugfs cannot be read.
  func table() -> KernelTable?
}
