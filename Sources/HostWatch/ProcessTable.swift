import CLinux
import Glibc
import LockModel

/// Reads /proc (proc(5)): which process is which.
///
/// Reading another process's command line can wait for that process, so callers do it on a thread
/// that they can spare.
public struct ProcessTable: Sendable {
  let proc: String
  private let libvirtRunDirectory: String

  /// - Parameter libvirtRunDirectory: where libvirt keeps `NAME.pid` of its QEMU processes.
  public init(libvirtRunDirectory: String, proc: String = "/proc") {
    self.libvirtRunDirectory = libvirtRunDirectory
    self.proc = proc
  }

  /// /proc did not say what there is: which is not the same as nothing being there.
  public typealias Unreadable = HostWatch.Unreadable

  /// The process that has that pid now; nil where there is none.
  ///
  /// - Throws: ``Unreadable`` where that cannot be told.
  public func process(_ pid: Int32) throws(Unreadable) -> ProcessRef? {
    try status(pid).map { ProcessRef(pid: pid, startTime: $0.startTime) }
  }

  /// The libvirt daemon above a process: the process itself or its nearest ancestor of that name. A
  /// hook may be called through a script, whose end would say nothing about the start. Nil where
  /// there is none, or it cannot be told.
  public func driver(of pid: Int32) -> ProcessRef? {
    var pid = pid
    for _ in 0..<16 {
      guard pid > 0, let status = try? status(pid) else { return nil }
      if status.isDriver {
        return ProcessRef(pid: pid, startTime: status.startTime)
      }
      pid = status.parent
    }
    return nil
  }

  /// The libvirt daemon that runs QEMU on this host: its pid file says which; where there is none, it
  /// is the oldest of its name that runs as the same user as the caller. Nil where none runs.
  ///
  /// - Parameter runDirectory: where the daemon leaves its pid file.
  /// - Throws: ``Unreadable`` where that cannot be told.
  public func driver(runDirectory: String = "/run") throws(Unreadable) -> ProcessRef? {
    for daemon in Self.drivers {
      if let pid = number(in: "\(runDirectory)/\(daemon).pid"), let process = try driver(pid) {
        return process
      }
    }
    var oldest: ProcessRef?
    for pid in try pids() {
      // The pid files of other users' daemons lie elsewhere, and their hooks are not this host's.
      var owner = stat()
      guard stat("\(proc)/\(pid)", &owner) == 0, owner.st_uid == geteuid(),
        let process = try driver(pid)
      else { continue }
      // A child that has not become another program yet has the name, too.
      if oldest.map({ process.startTime < $0.startTime }) ?? true { oldest = process }
    }
    return oldest
  }

  private func driver(_ pid: Int32) throws(Unreadable) -> ProcessRef? {
    guard let status = try status(pid), status.isDriver else { return nil }
    return ProcessRef(pid: pid, startTime: status.startTime)
  }

  private static let drivers = ["libvirtd", "virtqemud"]

  /// The QEMU process of a domain that libvirt is starting: from before exec(2) until it ends, it
  /// holds a lock on its pid file (util/virpidfile.c, virPidFileAcquirePath). Never waits: the file
  /// is in memory, and no other process's memory is read. Nil says nothing.
  public func starting(_ domain: Domain) -> ProcessRef? {
    guard let path = pidFilePath(domain.name) else { return nil }
    let pid = dlmguard_lock_holder(path)
    return pid > 0 ? try? process(pid) : nil
  }

  /// The same once it has become QEMU, which its command line shows. Nil before that.
  ///
  /// - Throws: ``Unreadable`` where that cannot be told.
  public func begun(_ domain: Domain) throws(Unreadable) -> ProcessRef? {
    guard let process = starting(domain) else { return nil }
    return try qemu(process.pid, of: domain.uuid)
  }

  /// The QEMU process of a domain: libvirt's pid file says which, the command line proves it; where
  /// the file does not help (libvirt writes the name into the file's in its own way), every process
  /// is looked at. Nil where there is none.
  ///
  /// - Throws: ``Unreadable`` where that cannot be told.
  public func qemu(of domain: Domain) throws(Unreadable) -> ProcessRef? {
    if let pid = pidFile(domain.name), let process = try qemu(pid, of: domain.uuid) {
      return process
    }
    for pid in try pids() {
      if let process = try qemu(pid, of: domain.uuid) { return process }
    }
    return nil
  }

  /// Whether the process that has that pid now is a domain's QEMU: it is the one that libvirt is
  /// starting (``starting(_:)``), or its command line says so. Nil where it is not.
  ///
  /// - Throws: ``Unreadable`` where that cannot be told.
  public func qemu(_ pid: Int32, of domain: Domain) throws(Unreadable) -> ProcessRef? {
    if let process = starting(domain), process.pid == pid { return process }
    return try qemu(pid, of: domain.uuid)
  }

  private func qemu(_ pid: Int32, of uuid: DomainUUID) throws(Unreadable) -> ProcessRef? {
    // Before and after reading the command line it must be the same process.
    guard let process = try process(pid),
      try commandLine(pid, limit: 1 << 16).values(of: "uuid").contains("\(uuid)"),
      try self.process(pid) == process
    else { return nil }
    return process
  }

  /// Whether a QEMU was started to receive a migration's stream (`-incoming`, qemu(1)): libvirt starts
  /// no other one so, but to restore a saved guest. False where it is gone.
  ///
  /// - Throws: ``Unreadable`` where that cannot be told.
  public func isIncoming(_ process: ProcessRef) throws(Unreadable) -> Bool {
    guard try !commandLine(process.pid, limit: 1 << 16).values(of: "incoming").isEmpty else {
      return false
    }
    return try self.process(process.pid) == process
  }

  /// The numbers of all processes.
  func pids() throws(Unreadable) -> [Int32] {
    guard let names = try fileNames(in: proc) else {
      throw Unreadable(path: proc, reason: "it is not there")
    }
    return names.compactMap { Int32($0.description) }
  }

  /// The first bytes of what a process was started with; empty where it is gone, or a zombie.
  func commandLine(_ pid: Int32, limit: Int) throws(Unreadable) -> CommandLine {
    CommandLine(try read("\(proc)/\(pid)/cmdline", limit: limit) ?? [])
  }

  private func pidFile(_ name: String) -> Int32? {
    pidFilePath(name).flatMap { number(in: $0) }
  }

  private func number(in path: String) -> Int32? {
    guard let bytes = try? read(path, limit: 32) else { return nil }
    return Int32(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
  }

  private func pidFilePath(_ name: String) -> String? {
    name.contains("/") || name.utf8.contains(0) ? nil : "\(libvirtRunDirectory)/\(name).pid"
  }

  private struct Status {
    let command: String
    let parent: Int32
    let startTime: UInt64

    var isDriver: Bool { ProcessTable.drivers.contains(command) }
  }

  /// `/proc/PID/stat`: the command stands in parentheses and may hold anything, so what follows it
  /// is counted from the last one. Nil where there is no such process.
  private func status(_ pid: Int32) throws(Unreadable) -> Status? {
    let path = "\(proc)/\(pid)/stat"
    guard let bytes = try read(path, limit: 4096) else { return nil }
    if let open = bytes.firstIndex(of: UInt8(ascii: "(")),
      let close = bytes.lastIndex(of: UInt8(ascii: ")")), open < close
    {
      let fields = bytes[(close + 1)...].split(separator: UInt8(ascii: " ")).map {
        String(decoding: $0, as: UTF8.self)
      }
      // Fields 4 and 22 of the line.
      if fields.count > 19, let parent = Int32(fields[1]), let startTime = UInt64(fields[19]) {
        return Status(
          command: String(decoding: bytes[(open + 1)..<close], as: UTF8.self), parent: parent,
          startTime: startTime)
      }
    }
    throw Unreadable(path: path, reason: "it is not as proc(5) says")
  }

  /// The bytes of a file; nil where it, or its process, is not there.
  func read(_ path: String, limit: Int) throws(Unreadable) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: limit)
    let count = dlmguard_read_file(path, &bytes, limit)
    if count == -Int(ENOENT) || count == -Int(ESRCH) { return nil }
    guard count >= 0 else { throw Unreadable(path, count) }
    return Array(bytes[..<count])
  }
}
