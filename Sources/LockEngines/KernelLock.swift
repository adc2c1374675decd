import CLibDLM
import LockModel

/// One lock in the kernel, with the memory that libdlm writes to from its request to its end: that
/// must not move. Touched on the engine's thread only.
final class KernelLock {
  /// What is under way.
  struct Pending {
    enum Kind: Equatable {
      case request(LockMode)
      case conversion(LockMode)
      /// The conversion to NL that goes before the release of a writer's lock.
      case releaseOfWriter
      case release
    }

    var kind: Kind
    let then: LockEngine.Completion
  }

  let id: LockID
  let resource: ResourceName
  let status: UnsafeMutablePointer<dlm_lksb>
  private let block: UnsafeMutablePointer<CChar>
  private let ended: (KernelLock, Int32) -> Void

  /// Nil until a new request is granted.
  var granted: LockMode?
  var pending: Pending?
  /// The value block as this lock last read or wrote it; nil where it never did. While the lock is a
  /// writer's, nobody else can have changed it.
  private var known: [UInt8]?

  /// - Parameter ended: told the positive status of every completion (0, `EAGAIN`, `EUNLOCK`, …).
  init(_ id: LockID, _ resource: ResourceName, ended: @escaping (KernelLock, Int32) -> Void) {
    self.id = id
    self.resource = resource
    self.ended = ended
    block = .allocate(capacity: LockValue.length)
    block.initialize(repeating: 0, count: LockValue.length)
    status = .allocate(capacity: 1)
    status.initialize(to: dlm_lksb())
    status.pointee.sb_lvbptr = block
  }

  deinit {
    status.deallocate()
    block.deallocate()
  }

  /// The kernel's own number, once the request has been sent; used again after the lock's end.
  var number: UInt32 { status.pointee.sb_lkid }

  /// What libdlm hands back to its callbacks.
  var argument: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

  func completed() {
    ended(self, status.pointee.sb_status)
  }

  // MARK: - The value block

  /// Fills the block for an operation, and tells whether the kernel may be given it. VALBLK stands
  /// with every operation but one: a writer that does not know what is written would overwrite it.
  func prepareBlock(for transfer: ValueTransfer, _ value: LockValue?) -> Bool {
    switch transfer {
    case .write:
      guard let bytes = value?.bytes ?? known else { return false }
      fill(bytes)
    case .read:
      // Left as it is where nobody has ever written.
      fill(LockValue.none.bytes)
    case .none: fill(known ?? LockValue.none.bytes)
    }
    return true
  }

  /// What a granted operation has read, for its caller; and what is now known.
  func takeBlock(of transfer: ValueTransfer) -> LockValue? {
    switch transfer {
    case .none: return nil
    case .write:
      known = bytes
      return nil
    case .read:
      let isValid = UInt8(bitPattern: status.pointee.sb_flags) & UInt8(DLM_SBF_VALNOTVALID) == 0
      let read = isValid ? bytes : LockValue.none.bytes
      known = read
      return LockValue(read).flatMap { $0 == .none ? nil : $0 }
    }
  }

  private var bytes: [UInt8] {
    Array(UnsafeRawBufferPointer(start: block, count: LockValue.length))
  }

  private func fill(_ bytes: [UInt8]) {
    UnsafeMutableRawBufferPointer(start: block, count: LockValue.length).copyBytes(from: bytes)
  }
}
