import AgentAPI
import GuardCore
import LockModel

/// A host: what outlives a power failure of it, and what runs on it now.
final class Node {
  let index: Int
  let name: String
  let id: NodeID
  /// The ledger on its disk, and in which boot each record was written.
  var ledger: [OwnerID: (record: OwnerRecord, boot: Int)] = [:]
  var isDiskFull = false
  /// Guests of which it has a managed save image.
  var saved: Set<Int> = []
  /// Of those, whose locks were taken from the node meanwhile.
  var savedWithoutLocks: Set<Int> = []
  /// Why its lockspace is stopped.
  var stops: Set<String> = []
  /// Since when it is cut off from the others, in ms: it waits to be fenced, or to see them again.
  var isolatedSince: Int64?
  /// The last one that is over, in ms.
  var formerIsolation: (since: Int64, until: Int64)?
  var isIsolated: Bool { isolatedSince != nil }
  /// `mode = "observe"` in its configuration.
  var isObserving = false
  /// `saved_guests = "all"` in its configuration.
  var keepsSaved = false
  /// Guests that its libvirt starts by itself.
  var autostarts: Set<Int> = []
  /// What becomes of the next hook of a kind.
  var hookFaults: [HookOperation: HookFault] = [:]
  /// Nil while it is off.
  var boot: Boot?

  init(_ index: Int) {
    self.index = index
    name = "n\(index + 1)"
    id = NodeID(UInt32(index + 1))!
  }
}

/// What runs on a node from one start of it to its end.
final class Boot {
  /// What libvirt's status file and pid file say of a domain.
  struct Domain {
    let qemu: QEMU
    /// Whether the start has come to its end.
    var isComplete = false
  }

  /// Locks of a guest are gone.
  struct Robbery {
    /// In ms.
    let since: Int64
    /// Since when an agent could have found out, and have killed what relies on them.
    var isDueSince: Int64
  }

  let number: Int
  var agent: Agent?
  var daemon: Daemon?
  var processes: [QEMU] = []
  /// By guest.
  var domains: [Int: Domain] = [:]
  var hooks: [Int: Hook] = [:]
  /// Whose locks were taken from the node by force.
  var robbed: [Int: Robbery] = [:]
  /// Whether the node has been in the lockspace since it started.
  var hasJoined = false
  private var lastPID: Int32 = 100
  private var ticks: UInt64 = 0

  init(_ number: Int) {
    self.number = number
  }

  /// A new process: its pid may have been another one's before.
  func process() -> ProcessRef {
    ticks += 1
    let taken = Set(
      processes.map(\.process.pid) + [daemon?.process.pid, agent?.process.pid].compactMap { $0 })
    let last = Int32(max(123, 102 + taken.count))
    repeat { lastPID = lastPID >= last ? 101 : lastPID + 1 } while taken.contains(lastPID)
    return ProcessRef(pid: lastPID, startTime: ticks)
  }

  /// What a look at the command lines finds.
  func qemu(of domain: DomainUUID) -> QEMU? {
    processes.first { $0.guest.uuid == domain && $0.stage == .running }
  }

  func qemu(_ process: ProcessRef) -> QEMU? {
    processes.first { $0.process == process && $0.isAlive }
  }

  func isAlive(_ process: ProcessRef) -> Bool {
    daemon?.process == process || agent?.process == process || qemu(process) != nil
  }
}

/// Guests on which something is being done, also by a second daemon that the first knows nothing of: what that one
/// has ended the first has not.
struct Jobs {
  private var own: [Int: Int] = [:]
  private var twins: [Int: Int] = [:]

  var isEmpty: Bool { own.isEmpty && twins.isEmpty }

  func contains(_ guest: Int) -> Bool { own[guest] != nil }

  mutating func insert(_ guest: Int, isTwin: Bool = false) {
    if isTwin { twins[guest, default: 0] += 1 } else { own[guest, default: 0] += 1 }
  }

  mutating func remove(_ guest: Int) {
    if let count = twins[guest] {
      twins[guest] = count > 1 ? count - 1 : nil
    } else {
      own[guest] = own[guest].flatMap { $0 > 1 ? $0 - 1 : nil }
    }
  }
}

/// One process of libvirt's daemon.
final class Daemon {
  let number: Int
  let process: ProcessRef
  /// Guests on which a job is under way.
  var busy = Jobs()
  /// It ends when its jobs have, and begins no more.
  var isLeaving = false
  /// Guests that it was told to start once more: it asks the guard about them, always.
  var twins: Set<Int> = []

  init(_ number: Int, _ process: ProcessRef) {
    self.number = number
    self.process = process
  }
}
