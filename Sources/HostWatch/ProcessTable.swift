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

  /// The process that has that pid now; nil where there is none.
  public func process(_ pid: Int32) -> ProcessRef? {
    status(pid).map { ProcessRef(pid: pid, startTime: $0.startTime) }
  }

  /// Whether that very process still exists; a zombie has given up its files and does not.
  public func isAlive(_ process: ProcessRef) -> Bool {
    guard let status = status(process.pid) else { return false }
    return status.startTime == process.startTime && status.state != "Z" && status.state != "X"
  }

  /// The libvirt daemon above a process: the process itself or its nearest ancestor of that name. A
  /// hook may be called through a script, whose end would say nothing about the start.
  public func driver(of pid: Int32) -> ProcessRef? {
    var pid = pid
    for _ in 0..<16 {
      guard pid > 0, let status = status(pid) else { return nil }
      if status.command == "libvirtd" || status.command == "virtqemud" {
        return ProcessRef(pid: pid, startTime: status.startTime)
      }
      pid = status.parent
    }
    return nil
  }

  /// The QEMU process of a domain: libvirt's pid file says which, the command line proves it; where
  /// the file does not help, every process is looked at. Nil where there is none.
  public func qemu(of domain: Domain) -> ProcessRef? {
    if let pid = pidFile(domain.name), let process = qemu(pid, of: domain.uuid) { return process }
    for name in names(in: proc) {
      if let pid = Int32(name), let process = qemu(pid, of: domain.uuid) { return process }
    }
    return nil
  }

  private func qemu(_ pid: Int32, of uuid: DomainUUID) -> ProcessRef? {
    // Before and after reading the command line it must be the same process.
    guard let process = process(pid), isAlive(process), arguments(pid, contain: uuid),
      self.process(pid) == process
    else { return nil }
    return process
  }

  /// libvirt starts every QEMU with `-uuid UUID` (qemu_command.c, qemuBuildCommandLine).
  private func arguments(_ pid: Int32, contain uuid: DomainUUID) -> Bool {
    let words = (read("\(proc)/\(pid)/cmdline", limit: 1 << 16) ?? []).split(
      separator: 0, omittingEmptySubsequences: false)
    let wanted = Array("\(uuid)".utf8)
    return zip(words, words.dropFirst()).contains { option, value in
      option.elementsEqual("-uuid".utf8) && value.elementsEqual(wanted)
    }
  }

  private func pidFile(_ name: String) -> Int32? {
    guard !name.contains("/"), !name.utf8.contains(0),
      let bytes = read("\(libvirtRunDirectory)/\(name).pid", limit: 32)
    else { return nil }
    return Int32(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
  }

  private struct Status {
    let command: String
    let state: String
    let parent: Int32
    let startTime: UInt64
  }

  /// `/proc/PID/stat`: the command stands in parentheses and may hold anything, so what follows it
  /// is counted from the last one.
  private func status(_ pid: Int32) -> Status? {
    guard let bytes = read("\(proc)/\(pid)/stat", limit: 4096),
      let open = bytes.firstIndex(of: UInt8(ascii: "(")),
      let close = bytes.lastIndex(of: UInt8(ascii: ")")), open < close
    else { return nil }
    let fields = bytes[(close + 1)...].split(separator: UInt8(ascii: " ")).map {
      String(decoding: $0, as: UTF8.self)
    }
    // Fields 3, 4 and 22 of the line.
    guard fields.count > 19, let parent = Int32(fields[1]), let startTime = UInt64(fields[19])
    else { return nil }
    return Status(
      command: String(decoding: bytes[(open + 1)..<close], as: UTF8.self), state: fields[0],
      parent: parent, startTime: startTime)
  }

  private func read(_ path: String, limit: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: limit)
    let count = dlmguard_read_file(path, &bytes, limit)
    return count < 0 ? nil : Array(bytes[..<count])
  }

  private func names(in directory: String) -> [String] {
    var capacity = 1 << 16
    while true {
      var names = [CChar](repeating: 0, count: capacity)
      let count = dlmguard_list_directory(directory, &names, capacity)
      if count == -Int(ERANGE) {
        capacity *= 2
        continue
      }
      guard count > 0 else { return [] }
      return names[..<count].split(separator: 0).map { name in
        String(decoding: name.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      }
    }
  }
}
