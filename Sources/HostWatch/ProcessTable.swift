import CLinux
import Glibc
import LockModel

/// Reads /proc (proc(5)): which process is which.
///
/// Reading another process's command line can wait for that process, so callers do it on a thread
/// that they can spare.
public struct ProcessTable: Sendable {
  private let proc: String
  private let libvirtRunDirectory: String

  /// - Parameter libvirtRunDirectory: where libvirt keeps `NAME.pid` of its QEMU processes.
  public init(libvirtRunDirectory: String, proc: String = "/proc") {
    self.libvirtRunDirectory = libvirtRunDirectory
    self.proc = proc
  }

  /// /proc did not say what there is: which is not the same as nothing being there.
  public struct Unreadable: Error, Hashable, Sendable, CustomStringConvertible {
    let path: String
    let reason: String

    /// What could not be read and why, for a person.
    public var description: String { "cannot read \(path): \(reason)" }
  }

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
      if status.command == "libvirtd" || status.command == "virtqemud" {
        return ProcessRef(pid: pid, startTime: status.startTime)
      }
      pid = status.parent
    }
    return nil
  }

  /// The QEMU process of a domain that libvirt is starting: from before exec(2) until it ends, it
  /// holds a lock on its pid file (util/virpidfile.c, virPidFileAcquirePath). Never waits: the file
  /// is in memory, and no other process's memory is read. Nil says nothing.
  public func starting(_ domain: Domain) -> ProcessRef? {
    guard let path = pidFilePath(domain.name) else { return nil }
    let pid = dlmguard_lock_holder(path)
    return pid > 0 ? try? process(pid) : nil
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
    for name in try names(in: proc) {
      if let pid = Int32(name), let process = try qemu(pid, of: domain.uuid) { return process }
    }
    return nil
  }

  private func qemu(_ pid: Int32, of uuid: DomainUUID) throws(Unreadable) -> ProcessRef? {
    // Before and after reading the command line it must be the same process.
    guard let process = try process(pid), try arguments(pid, contain: uuid),
      try self.process(pid) == process
    else { return nil }
    return process
  }

  /// libvirt starts every QEMU with `-uuid UUID` (qemu_command.c, qemuBuildCommandLine).
  private func arguments(_ pid: Int32, contain uuid: DomainUUID) throws(Unreadable) -> Bool {
    let words = (try read("\(proc)/\(pid)/cmdline", limit: 1 << 16) ?? []).split(
      separator: 0, omittingEmptySubsequences: false)
    let wanted = Array("\(uuid)".utf8)
    return zip(words, words.dropFirst()).contains { option, value in
      option.elementsEqual("-uuid".utf8) && value.elementsEqual(wanted)
    }
  }

  private func pidFile(_ name: String) -> Int32? {
    guard let path = pidFilePath(name), let bytes = try? read(path, limit: 32) else { return nil }
    return Int32(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
  }

  private func pidFilePath(_ name: String) -> String? {
    name.contains("/") || name.utf8.contains(0) ? nil : "\(libvirtRunDirectory)/\(name).pid"
  }

  private struct Status {
    let command: String
    let parent: Int32
    let startTime: UInt64
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
  private func read(_ path: String, limit: Int) throws(Unreadable) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: limit)
    let count = dlmguard_read_file(path, &bytes, limit)
    if count == -Int(ENOENT) || count == -Int(ESRCH) { return nil }
    guard count >= 0 else { throw unreadable(path, count) }
    return Array(bytes[..<count])
  }

  private func names(in directory: String) throws(Unreadable) -> [String] {
    var capacity = 1 << 16
    while true {
      var names = [CChar](repeating: 0, count: capacity)
      let count = dlmguard_list_directory(directory, &names, capacity)
      if count == -Int(ERANGE) {
        capacity *= 2
        continue
      }
      guard count >= 0 else { throw unreadable(directory, count) }
      return names[..<count].split(separator: 0).map { name in
        String(decoding: name.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      }
    }
  }

  private func unreadable(_ path: String, _ result: Int) -> Unreadable {
    Unreadable(path: path, reason: String(cString: dlmguard_error_text(Int32(clamping: -result))))
  }
}
