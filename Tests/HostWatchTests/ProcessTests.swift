import CLinux
import DomainXML
import Foundation
import LockModel
import Testing

@testable import HostWatch

/// A /proc that says what a test wants.
final class FakeProc {
  let root = FileManager.default.temporaryDirectory.appendingPathComponent(
    "dlmguard-proc-\(UUID().uuidString)")
  lazy var table = ProcessTable(libvirtRunDirectory: root.path, proc: root.path)

  deinit {
    try? FileManager.default.removeItem(at: root)
  }

  func add(
    _ pid: Int32, _ command: String, parent: Int32 = 1, start: UInt64 = 5, state: String = "S",
    arguments: [String] = []
  ) throws {
    let directory = root.appendingPathComponent("\(pid)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let rest = (5...21).map { _ in "0" }.joined(separator: " ")
    try Data("\(pid) (\(command)) \(state) \(parent) \(rest) \(start) 0 0\n".utf8)
      .write(to: directory.appendingPathComponent("stat"))
    try Data(arguments.map { $0 + "\0" }.joined().utf8)
      .write(to: directory.appendingPathComponent("cmdline"))
  }
}

@Suite struct ProcessTableTests {
  let uuid = DomainUUID("83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7")!
  var domain: Domain { Domain(uuid: uuid, name: "vm") }
  let proc = FakeProc()

  @Test func thisProcessIsThere() throws {
    let table = ProcessTable(libvirtRunDirectory: "/nowhere")
    let process = try #require(try table.process(getpid()))
    #expect(process.startTime > 0)
    #expect(try table.process(Int32.max) == nil)
  }

  @Test func aCommandMayHoldAnything() throws {
    try proc.add(7, "a) S 1 (b", parent: 3, start: 99)
    #expect(try proc.table.process(7) == ProcessRef(pid: 7, startTime: 99))
  }

  /// "There is none" frees locks, so it must never stand for "it could not be read".
  @Test func whatCannotBeReadIsNotTakenForNothing() throws {
    try proc.add(7, "qemu")
    let stat = proc.root.appendingPathComponent("7/stat")
    try Data("nonsense".utf8).write(to: stat)
    #expect(throws: ProcessTable.Unreadable.self) { try proc.table.process(7) }
    try FileManager.default.removeItem(at: stat)
    try FileManager.default.createDirectory(at: stat, withIntermediateDirectories: false)
    #expect(throws: ProcessTable.Unreadable.self) { try proc.table.process(7) }
    #expect(throws: ProcessTable.Unreadable.self) { try proc.table.qemu(of: domain) }
    let nowhere = ProcessTable(libvirtRunDirectory: "/nowhere", proc: "/dev/null")
    #expect(throws: ProcessTable.Unreadable.self) { try nowhere.qemu(of: domain) }
    #expect(throws: PIDFD.Failure.self) {
      try PIDFD(ProcessRef(pid: getpid(), startTime: 1), in: nowhere)
    }
  }

  @Test func theDriverIsTheDaemonAboveTheHook() throws {
    try proc.add(10, "libvirtd", start: 3)
    try proc.add(20, "bash", parent: 10)
    try proc.add(30, "hook", parent: 20)
    let driver = ProcessRef(pid: 10, startTime: 3)
    #expect(proc.table.driver(of: 30) == driver)
    #expect(proc.table.driver(of: 10) == driver)
    try proc.add(40, "bash", parent: 0)
    #expect(proc.table.driver(of: 40) == nil)
    try proc.add(50, "loop", parent: 50)
    #expect(proc.table.driver(of: 50) == nil)
  }

  @Test func qemuIsFoundByPIDFileAndProvedByItsArguments() throws {
    try proc.add(60, "qemu", arguments: ["qemu", "-name", "vm", "-uuid", "\(uuid)"])
    #expect(try proc.table.qemu(of: domain)?.pid == 60, "without a pid file")
    try Data("61\n".utf8).write(to: proc.root.appendingPathComponent("vm.pid"))
    try proc.add(61, "other", arguments: ["other", "\(uuid)"])
    #expect(try proc.table.qemu(of: domain)?.pid == 60, "a stale pid file")
    try proc.add(61, "qemu", arguments: ["qemu", "-uuid", "\(uuid)"])
    #expect(try proc.table.qemu(of: domain)?.pid == 61)
    try proc.add(61, "qemu", state: "Z")
    #expect(try proc.table.qemu(of: domain)?.pid == 60, "a zombie has no command line")
    try proc.add(60, "qemu", arguments: ["qemu", "-uuid", "00000000-0000-0000-0000-000000000001"])
    #expect(try proc.table.qemu(of: domain) == nil)
  }
}

@Suite struct StatusProcessTests {
  let proc = FakeProc()

  private func process(_ xml: String) throws -> ProcessRef? {
    try proc.table.qemu(of: try DomainDescription(xml: Array(xml.utf8)))
  }

  @Test func thePIDOfAStatusFileIsProved() throws {
    try proc.add(60, "qemu", arguments: ["qemu", "-uuid", uuid])
    try proc.add(61, "qemu", start: 7, arguments: ["qemu", "-uuid", uuid])
    #expect(try process(status(pid: 61)) == ProcessRef(pid: 61, startTime: 7))
    // No other one is looked for: the file is older than that process's end.
    try proc.add(61, "bash", arguments: ["bash", "-uuid"])
    #expect(try process(status(pid: 61)) == nil)
    #expect(try process(status(pid: 62)) == nil)
    #expect(try process(status(pid: 0)) == nil, "libvirt has not started it yet")
    try Data("nonsense".utf8).write(to: proc.root.appendingPathComponent("61/stat"))
    #expect(throws: Unreadable.self) { try process(status(pid: 61)) }
  }
}

@Suite struct StartingTests {
  /// The lock must be another process's: F_GETLK passes over the caller's own.
  @Test func whoHoldsThePIDFileIsStarting() throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
      "dlmguard-run-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let file = directory.appendingPathComponent("vm.pid")
    let table = ProcessTable(libvirtRunDirectory: directory.path)
    let domain = Domain(
      uuid: try #require(DomainUUID("83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7")), name: "vm")
    #expect(table.starting(domain) == nil, "no file")
    try Data("1\n".utf8).write(to: file)
    #expect(table.starting(domain) == nil, "nobody holds it: a stale file")
    let child = Process()
    child.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    child.arguments = [
      "-c",
      "import fcntl,sys; f=open(sys.argv[1],'r+'); fcntl.lockf(f,fcntl.LOCK_EX,1); "
        + "print('locked',flush=True); sys.stdin.read()", file.path,
    ]
    let (input, output) = (Pipe(), Pipe())
    child.standardInput = input
    child.standardOutput = output
    try child.run()
    _ = output.fileHandleForReading.availableData
    #expect(table.starting(domain)?.pid == child.processIdentifier)
    // Before exec(2) no command line tells.
    #expect(try table.qemu(child.processIdentifier, of: domain) == table.starting(domain))
    #expect(try table.qemu(getpid(), of: domain) == nil)
    try input.fileHandleForWriting.close()
    child.waitUntilExit()
    #expect(table.starting(domain) == nil)
  }
}

@Suite struct PIDFDTests {
  @Test func itEndsWithItsProcessAndIsNoOther() throws {
    let table = ProcessTable(libvirtRunDirectory: "/nowhere")
    let child = Process()
    child.executableURL = URL(fileURLWithPath: "/bin/sleep")
    child.arguments = ["1000"]
    try child.run()
    let process = try #require(try table.process(child.processIdentifier))
    let pidfd = try PIDFD(process, in: table)
    #expect(!pidfd.isGone)
    #expect(throws: PIDFD.Failure.gone) {
      try PIDFD(ProcessRef(pid: process.pid, startTime: process.startTime + 1), in: table)
    }
    // Dispatch's threads block signals, and so do their children: only SIGKILL ends one.
    kill(child.processIdentifier, SIGKILL)
    child.waitUntilExit()
    #expect(pidfd.isGone)
    #expect(throws: PIDFD.Failure.gone) { try PIDFD(process, in: table) }
  }
}

@Suite struct PIDFDStopTests {
  @Test func itsProcessStandsStill() throws {
    let table = ProcessTable(libvirtRunDirectory: "/nowhere")
    let child = Process()
    child.executableURL = URL(fileURLWithPath: "/bin/sleep")
    child.arguments = ["1000"]
    try child.run()
    let pid = child.processIdentifier
    let pidfd = try PIDFD(try #require(try table.process(pid)), in: table)
    try pidfd.stop()
    var left = 100
    while left > 0,
      try !String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8).contains(") T ")
    {
      usleep(20_000)
      left -= 1
    }
    #expect(left > 0)
    #expect(!pidfd.isGone)
    try pidfd.kill()
    child.waitUntilExit()
    #expect(pidfd.isGone)
    #expect(throws: Never.self) { try pidfd.stop() }
  }
}

@Suite struct SaveImagesTests {
  @Test func removalsAreReportedByDomain() throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
      "dlmguard-save-\(UUID().uuidString)")
    #expect(SaveImages(directory: directory.path).watchRemovals() == nil)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let images = SaveImages(directory: directory.path)
    let names = (1...300).map { "vm-\($0)" } + [String(repeating: "ü", count: 120)]
    for name in names {
      try Data().write(to: directory.appendingPathComponent(name + ".save"))
      #expect(images.exists(for: name))
    }
    #expect(!images.exists(for: "other") && !images.exists(for: "../x"))
    let descriptor = try #require(images.watchRemovals())
    defer { close(descriptor) }
    #expect(images.removed(descriptor) == [])
    try Data().write(to: directory.appendingPathComponent("note"))
    try FileManager.default.removeItem(at: directory.appendingPathComponent("note"))
    for name in names {
      try FileManager.default.removeItem(at: directory.appendingPathComponent(name + ".save"))
    }
    #expect(images.removed(descriptor) == names)
  }
}
