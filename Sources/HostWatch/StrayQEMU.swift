import CLinux
import Glibc
import LockModel

/// A QEMU process that libvirt does not keep: started by hand, by `virt-qemu-run`, by other software.
/// Also, for a moment, one that libvirt asks for what it can do; that one has no disks.
public struct StrayQEMU: Hashable, Sendable {
  /// Which it is.
  public let process: ProcessRef
  /// What it was told to be (`-uuid`); untrusted.
  public let uuid: DomainUUID?
  /// What it calls its guest (`-name`). Untrusted text.
  public let name: String?
  /// What it has open that can be a disk, in the order of its descriptors, each once.
  public let files: [OpenFile]
  /// Why there may be more files than these; nil where there are not.
  public let obstacle: Unreadable?

  /// A regular file or block device that a process has open. Storage that QEMU reaches through the network,
  /// or through a character device, is none.
  public struct OpenFile: Hashable, Sendable {
    /// Where it is, or was when it was opened, in the process's own mount namespace. Untrusted.
    public let path: String
    /// `/proc/PID/fd/N`, which leads to that very file whatever has become of the path.
    public let link: String
    /// Whether it is a block device and not a regular file.
    public let isBlockDevice: Bool
    /// Whether the process may write it.
    public let isWritable: Bool
  }
}

extension ProcessTable {
  /// What a search for ``StrayQEMU``s brought.
  public struct Strays: Hashable, Sendable {
    /// Those that were found, in no order.
    public let found: [StrayQEMU]
    /// What could not be looked at, so that there may be others; the first few.
    public let unreadable: [Unreadable]
  }

  /// Looks at every process for QEMUs that are not among those that are known. Storage itself is not
  /// touched. A thread that can be spared: a process may make it wait.
  ///
  /// - Parameter known: the QEMU processes that libvirt keeps, as of when it is called: that is after
  ///   the others were seen, so that none is taken for a stray that libvirt has just started.
  public func strays(besides known: () -> Set<ProcessRef>) -> Strays {
    var unreadable: [Unreadable] = []
    func tried<Result>(_ body: () throws(Unreadable) -> Result?) -> Result? {
      do throws(Unreadable) {
        return try body()
      } catch {
        if unreadable.count < 16 { unreadable.append(error) }
        return nil
      }
    }
    let pids = tried { () throws(Unreadable) -> [Int32]? in try self.pids() } ?? []
    let processes = pids.compactMap { pid in
      tried { () throws(Unreadable) -> ProcessRef? in try isQEMU(pid) ? process(pid) : nil }
    }
    let expected = processes.isEmpty ? [] : known()
    let found = processes.filter { !expected.contains($0) }.compactMap { process in
      tried { () throws(Unreadable) -> StrayQEMU? in try stray(process) }
    }
    return Strays(found: found, unreadable: unreadable)
  }

  private func isQEMU(_ pid: Int32) throws(Unreadable) -> Bool {
    if let program = try? target(of: "\(proc)/\(pid)/exe"), Self.isQEMU(program) { return true }
    // Started by way of another program, such as the dynamic linker.
    return Self.isQEMU(try commandLine(pid, limit: 512).words.first ?? "")
  }

  private static func isQEMU(_ program: String) -> Bool {
    guard var name = program.split(separator: "/").last else { return false }
    // Its file was replaced by a newer one.
    if name.hasSuffix(Self.deleted) { name.removeLast(Self.deleted.count) }
    return name.hasPrefix("qemu-system-") || name == "qemu-kvm" || name == "kvm"
  }

  private static let deleted = " (deleted)"

  /// Nil where it is gone.
  private func stray(_ process: ProcessRef) throws(Unreadable) -> StrayQEMU? {
    let commandLine = try commandLine(process.pid, limit: 1 << 16)
    var search = DiskSearch(
      table: self, pid: process.pid, pidFiles: commandLine.values(of: "pidfile"))
    search.run()
    guard try self.process(process.pid) == process else { return nil }
    return StrayQEMU(
      process: process, uuid: commandLine.uuid, name: commandLine.guestName,
      files: search.files, obstacle: search.obstacle)
  }

  /// Where a symbolic link of /proc leads; nil where it, or its process, is not there.
  func target(of link: String) throws(Unreadable) -> String? {
    var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = dlmguard_read_link(link, &bytes, bytes.count)
    if count == -Int(ENOENT) || count == -Int(ESRCH) { return nil }
    guard count >= 0 else { throw Unreadable(link, count) }
    return String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
