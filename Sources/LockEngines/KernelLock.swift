import CLibDLM
import CLinux
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
      /// The same mode again, because a stranger has done something with the lock.
      case reassertion
    }

    var kind: Kind
    let then: LockEngine.Completion
  }

  let id: LockID
  let resource: ResourceName
  let status: UnsafeMutablePointer<dlm_lksb>
  private let block: UnsafeMutablePointer<CChar>
  private var isValueValid = true

  /// Nil until a new request is granted.
  var granted: LockMode?
  var pending: Pending?
  /// The value block as this lock last read or wrote it; nil where it never did. While the lock is a
  /// writer's, nobody else can have changed it.
  private var known: LockValue?

  init(_ id: LockID, _ resource: ResourceName) {
    self.id = id
    self.resource = resource
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

  /// By which the kernel's news are known to be those of this process's operations: an address that no
  /// other lock has.
  var argument: UnsafeMutableRawPointer { UnsafeMutableRawPointer(status) }

  /// Whether news are the end of an operation of this process.
  func isAnswered(by news: dlmguard_lock_news) -> Bool {
    news.argument == UInt64(UInt(bitPattern: argument))
  }

  /// Takes in the value block, if the kernel has read it for this lock.
  func take(_ news: dlmguard_lock_news) {
    isValueValid = news.flags & UInt8(DLM_SBF_VALNOTVALID) == 0
    guard news.has_value != 0 else { return }
    content = withUnsafeBytes(of: news.value) { bytes in
      LockValue(block: bytes.loadUnaligned(as: SIMD32<UInt8>.self))
    }
  }

  // MARK: - The value block

  /// Fills the block for an operation, and tells whether the kernel may be given it. VALBLK stands
  /// with every operation but one: a writer that does not know what is written would overwrite it.
  func prepareBlock(for transfer: ValueTransfer, _ value: LockValue?) -> Bool {
    switch transfer {
    case .write:
      guard let value = value ?? known else { return false }
      content = value
    case .read:
      // Left as it is where nobody has ever written.
      content = .none
    case .none: content = known ?? .none
    }
    return true
  }

  /// What a granted operation has read, for its caller; and what is now known.
  func takeBlock(of transfer: ValueTransfer) -> LockValue? {
    switch transfer {
    case .none: return nil
    case .write:
      known = content
      return nil
    case .read:
      let read = isValueValid ? content : .none
      known = read
      return read == .none ? nil : read
    }
  }

  private var content: LockValue {
    get { LockValue(block: UnsafeRawPointer(block).loadUnaligned(as: SIMD32<UInt8>.self)) }
    set { UnsafeMutableRawPointer(block).storeBytes(of: newValue.block, as: SIMD32<UInt8>.self) }
  }
}
