import Dispatch
import Glibc
import LockModel

/// A lock that a former process left behind, and that was given back because nobody claims it.
public struct StrangerLock: Hashable, Sendable {
  /// What it locked.
  public let resource: ResourceName
  /// The mode it was left in.
  public let mode: LockMode
}

extension KernelEngine {
  /// Compares every granted lock with the kernel's own table; one that is not there, or in another
  /// mode, is reported as lost (``LockEngine/onLoss(_:)``).
  ///
  /// - Parameter then: called on the engine's thread; false where the table cannot be read.
  public func audit(then: @escaping @Sendable (_ isReadable: Bool) -> Void) {
    perform { then($0.audit()) }
  }

  /// Adopts and gives back, one by one, what a former process has left and nobody has adopted.
  ///
  /// - Parameter then: called on the engine's thread with what was found; nil where the table cannot
  ///   be read.
  public func releaseStrangers(then: @escaping @Sendable ([StrangerLock]?) -> Void) {
    perform { then($0.releaseStrangers()) }
  }
}

extension KernelLocks {
  package func audit() -> Bool {
    // While the table is read it changes under other resources, and a line may be passed over.
    var suspects = locks.values.filter { $0.pending == nil && $0.granted != nil }
    var verdicts: [LockID: String] = [:]
    for _ in 0..<KernelTable.readings where !suspects.isEmpty {
      guard let table = device.table() else { return false }
      let entries = Dictionary(
        table.entries.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
      suspects = suspects.filter { lock in
        let entry = entries[lock.number]
        verdicts[lock.id] = Self.verdict(lock, entry)
        return verdicts[lock.id] != nil
      }
    }
    for lock in suspects.sorted(by: { $0.id < $1.id }) {
      forget(lock)
      report(lock, verdicts[lock.id] ?? Self.notInTable)
    }
    return true
  }

  /// Nil where the kernel's table agrees.
  private static func verdict(_ lock: KernelLock, _ entry: KernelTable.Entry?) -> String? {
    guard let entry, entry.name == lock.resource.description else { return notInTable }
    if entry.granted == lock.granted { return nil }
    let mode = entry.granted.map { "\($0)" } ?? "no mode"
    return "the kernel's table has it in \(mode)"
  }

  private static var notInTable: String { "the kernel's table does not have it" }

  /// The numbers of locks that are in the kernel stand for them; that of a request which may have
  /// ended unread does not: an orphan may have it.
  package func releaseStrangers() -> [StrangerLock]? {
    guard let table = device.table() else { return nil }
    let known = Set(locks.values.filter { $0.granted != nil }.map { $0.number })
    var strangers: [StrangerLock] = []
    for entry in table.entries where !known.contains(entry.number) {
      guard let mode = entry.granted, let resource = try? ResourceName(entry.name) else { continue }
      guard let lock = adoptStranger(resource, mode) else { continue }
      strangers.append(StrangerLock(resource: resource, mode: mode))
      unlock(lock, LockValue.none) { _ in }
    }
    return strangers
  }
}
