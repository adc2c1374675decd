import Glibc
import LockModel

// Locks of this process that another program of the node has used.
extension KernelLocks {
  /// Another program has used a lock by its number, through a descriptor of its own: the kernel lets
  /// any process of root, and reports the end to this one (fs/dlm/user.c, `dlm_user_unlock`).
  ///
  /// What that program did cannot be seen from the report, which may even be of the lock that had the
  /// number before. So the kernel is asked: by the operation that is under way, submitted again,
  /// because that program's may have taken its place; or by a conversion to the mode that is held,
  /// which changes nothing where it is held.
  func usedByAnother(_ lock: KernelLock) {
    // The number may be another lock's by now, even another node's whose master is here: nothing may
    // be asked of that.
    if isInTable(lock) == false { return isGone(lock) }
    guard let pending = lock.pending else {
      guard let granted = lock.granted else { return }
      let block = lock.block(for: ValueTransfer(from: granted, to: granted), nil)
      return begin(lock, .reassertion(granted), block: block, { _ in }) {
        operation throws(SubmissionError) in
        try device.convert(lock.number, to: granted, .noQueue, block: block, operation)
      }
    }
    do throws(SubmissionError) {
      switch pending.kind {
      // Without a value block: where the operation had been granted already, this would write one.
      case .request(let mode, _), .conversion(let mode), .reassertion(let mode):
        try device.convert(lock.number, to: mode, .noQueue, block: nil, pending.operation)
      case .releaseOfWriter:
        try device.convert(lock.number, to: .nl, [], block: nil, pending.operation)
      case .release: try device.unlock(lock.number, pending.operation)
      }
    } catch {
      switch error.errno {
      // It waits, or its end is to be read; the kernel has taken its id again (fs/dlm/user.c,
      // `dlm_user_convert`).
      case EBUSY: break
      case ENOENT: isGone(lock)
      default: rejected(lock, error)
      }
    }
  }

  /// A lock that another program has used is not in the kernel any more.
  private func isGone(_ lock: KernelLock) {
    switch lock.pending?.kind {
    case .release, .releaseOfWriter: finish(lock, .released, isGone: true)
    case .request: finish(lock, .cancelled, isGone: true)
    case .conversion, .reassertion, nil:
      finish(lock, .unknownLock, isGone: true)
      if lock.granted != nil { report(lock, Self.releasedByAnother) }
    }
  }

  static var releasedByAnother: String { "another program of this node has released it" }

  /// Whether debugfs lists the lock; nil if debugfs cannot be read. Other locks change while the kernel
  /// prints the table, and a line may be skipped, so a lock that is missing is searched repeatedly.
  private func isInTable(_ lock: KernelLock) -> Bool? {
    for _ in 0..<KernelTable.readings {
      guard let table = device.table() else { return nil }
      let isThere = table.entries.contains {
        $0.number == lock.number && $0.name == lock.resource.description
      }
      if isThere { return true }
    }
    return false
  }
}
