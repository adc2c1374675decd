import AgentAPI
import LockModel

/// Something in the cluster that guests use: a name, a place, and what it is a part of.
struct Storage {
  let name: ResourceName
  let path: String
  /// Of which other storage it is a part.
  let parent: Int?
  /// The only guest that ever uses it, and only by attaching it while it runs.
  var isSpareOf: Int?
}

/// One use of a storage by a guest.
struct Use: Hashable {
  let storage: Int
  let access: Access

  var writes: Bool { access == .exclusiveWrite || access == .sharedWrite }
}

/// A virtual machine, defined on every node.
struct Guest {
  let index: Int
  let name: String
  let uuid: DomainUUID
  /// What its XML names from the beginning.
  let disks: [Use]
  /// What libvirt finds when it looks into the images.
  let chain: [Use]
  /// No virtual machine: a program that locks what it uses by the operations of the agent's socket.
  let isClient: Bool

  var uses: [Use] { disks + chain }
  var domain: Domain { Domain(uuid: uuid, name: name) }

  init(_ index: Int, name: String, disks: [Use], chain: [Use], isClient: Bool = false) {
    self.index = index
    self.name = name
    self.disks = disks
    self.chain = chain
    self.isClient = isClient
    var bytes = [UInt8](repeating: 0, count: 16)
    bytes[15] = UInt8(truncatingIfNeeded: index + 1)
    // Sixteen bytes are a UUID.
    uuid = DomainUUID(bytes: bytes)!
  }
}

/// A QEMU process, or a client's.
final class QEMU {
  enum Stage {
    /// Forked, and not yet the program; it holds libvirt's pid file.
    case forked
    /// Its images are open.
    case running
    case dead
  }

  let process: ProcessRef
  let guest: Guest
  let node: Int
  var stage = Stage.forked
  /// In uninterruptible sleep: signals wait.
  var isStuck = false
  var isKilled = false
  /// Whether its agent has had its CPUs stopped.
  var isPaused = false
  /// Whether somebody has: an administrator, QEMU itself after an I/O error, a job of libvirt's.
  var isSuspended = false
  /// What a block job writes beside the disk that it works on, which the guest may go on with.
  var mirror: (from: Int, to: Int)?
  /// Whether its memory is being written to a save image.
  var isBeingSaved = false
  /// Whether it was started to receive a migration, and whether it still does.
  var isIncoming = false
  var isReceiving = false
  /// Whether libvirt has its CPUs stand still for a migration.
  var isHalted = false
  /// The migration that takes it away.
  var departure: Int64?
  /// When the last one began, in ms.
  var departed = Int64.min / 2
  /// Whether its locks have come after it.
  var hasArrived = false
  /// Whether the guard let it start, before it opened anything.
  var isGuarded: Bool
  /// Whether libvirt has asked before it let it start.
  let isAskedFor: Bool
  /// Whether a lock that it relies on was ever taken from its node by force.
  var hasLostLocks = false
  /// An administrator has asked for its locks to be taken away.
  var isRevoked = false
  /// What it has open now, or is about to open.
  var uses: [Use]
  /// Of that, what was attached while it ran and has not been seen to be locked.
  var unlocked: Set<Use> = []
  /// When something that was not locked was last detached from it, in ms.
  var detached = Int64.min / 2
  /// When a client was told that it may not use what it asked for, in ms, and by which agent.
  var refused: (since: Int64, agent: Int)?
  /// A client's own name for what it holds.
  var owner: OwnerID?
  /// From when on the guard knows its process, in ms: libvirt's `started` hook may be lost.
  var boundSince: Int64 = .max

  init(_ process: ProcessRef, _ guest: Guest, node: Int, isGuarded: Bool) {
    self.process = process
    self.guest = guest
    self.node = node
    self.isGuarded = isGuarded
    isAskedFor = isGuarded
    uses = guest.uses
  }

  /// What must be locked for it.
  var relied: [Use] { uses.filter { !unlocked.contains($0) } }

  var isAlive: Bool { stage != .dead }

  /// Whether it may write.
  var runs: Bool { stage == .running && !standsStill }

  /// Whether its CPUs stand still, for whatever reason.
  var standsStill: Bool { isHalted || isPaused || isSuspended }
}
