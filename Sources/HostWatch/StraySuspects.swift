import LockModel

/// QEMU processes that were not among those that libvirt is known to keep. Its status files may be being
/// read at that moment, so that each may still turn out to be one of them.
public struct StraySuspects: Sendable {
  private var suspects: [StrayQEMU] = []

  /// Nobody is suspected.
  public init() {}

  /// Takes what a search brought in place of what the one before it did.
  public mutating func replace(with found: [StrayQEMU]) {
    suspects = found
  }

  /// Those that libvirt certainly does not keep, each once.
  ///
  /// - Parameters:
  ///   - known: the QEMU processes of the status files that have been read.
  ///   - isReading: whether a status file is being read: then nothing is certain.
  public mutating func convicted(besides known: Set<ProcessRef>, isReading: Bool) -> [StrayQEMU] {
    guard !isReading else { return [] }
    defer { suspects = [] }
    return suspects.filter { !known.contains($0.process) }
  }
}
