import Foundation
import LockModel
import Testing

@testable import HostWatch

extension FakeProc {
  func link(_ pid: Int32, _ name: String, to target: String) throws {
    let path = root.appendingPathComponent("\(pid)/\(name)").path
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
  }

  func open(_ pid: Int32, _ number: Int, _ target: String, _ flags: Int32) throws {
    try link(pid, "fd/\(number)", to: target)
    let directory = root.appendingPathComponent("\(pid)/fdinfo")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    try Data("pos:\t0\nflags:\t0\(String(flags | 0o100000, radix: 8))\nmnt_id:\t29\n".utf8)
      .write(to: directory.appendingPathComponent("\(number)"))
  }
}

@Suite struct StrayQEMUTests {
  let scratch: Scratch
  let proc = FakeProc()

  init() throws {
    scratch = try Scratch()
    try FileManager.default.createDirectory(at: proc.root, withIntermediateDirectories: true)
  }

  private var pids: [Int32] { proc.table.strays { [] }.found.map(\.process.pid).sorted() }

  @Test func aQEMUIsKnownByItsProgramOrItsFirstWord() throws {
    try proc.add(1, "a", arguments: ["qemu-system-x86_64", "-S"])
    try proc.add(2, "b", arguments: ["/usr/libexec/qemu-kvm"])
    try proc.add(3, "c", arguments: ["vm"])
    try proc.link(3, "exe", to: "/usr/bin/qemu-system-aarch64")
    try proc.add(4, "d", arguments: ["vm"])
    try proc.link(4, "exe", to: "/usr/bin/kvm (deleted)")
    try proc.add(5, "qemu-system-x86", arguments: ["bash", "qemu-system-x86_64"])
    try proc.link(5, "exe", to: "/bin/bash")
    try proc.add(6, "kvm-nx-lpage-re")
    try proc.add(7, "f", arguments: ["qemu-img", "convert"])
    try proc.add(8, "g", arguments: ["/opt/kvm/run"])
    #expect(pids == [1, 2, 3, 4])
  }

  @Test func whomLibvirtKeepsIsNoStray() throws {
    try proc.add(1, "a", start: 5, arguments: ["qemu-kvm"])
    try proc.add(2, "b", start: 6, arguments: ["qemu-kvm"])
    let strays = proc.table.strays {
      [ProcessRef(pid: 1, startTime: 5), ProcessRef(pid: 2, startTime: 5)]
    }
    #expect(strays.found.map(\.process) == [ProcessRef(pid: 2, startTime: 6)])
    #expect(strays.unreadable == [])
  }

  /// Else whoever libvirt starts in between would be taken for a stray.
  @Test func whomLibvirtKeepsIsAskedAfterwards() throws {
    try proc.add(1, "a", arguments: ["qemu-kvm"])
    let strays = proc.table.strays {
      try? proc.add(2, "b", arguments: ["qemu-kvm"])
      return [ProcessRef(pid: 1, startTime: 5)]
    }
    #expect(strays.found == [])
  }

  @Test func whatCannotBeReadIsSaid() throws {
    try proc.add(1, "a", arguments: ["qemu-kvm"])
    try proc.add(2, "b")
    let path = proc.root.appendingPathComponent("2/cmdline").path
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path)
    let strays = proc.table.strays { [] }
    #expect(strays.found.map(\.process.pid) == [1])
    #expect(
      strays.unreadable
        == [Unreadable(path: path, reason: "Too many levels of symbolic links")])
    let nowhere = ProcessTable(libvirtRunDirectory: "/nowhere", proc: "/dev/null")
    #expect(nowhere.strays { [] }.unreadable.count == 1)
  }

  @Test func itsDisksAreWhatItHasOpenToReadOrWrite() throws {
    for name in ["disk", "base", "log", "qemu.pid", "own.pid"] { try scratch.write(name) }
    try proc.add(
      7, "a",
      arguments: [
        "qemu-system-x86_64", "-pidfile", scratch["qemu.pid"], "--pidfile", "own.pid",
        "-uuid", uuid, "-name", "guest=a,,b=c,debug-threads=on",
      ])
    try proc.open(7, 0, "/dev/null", O_RDWR)
    try proc.open(7, 1, scratch["log"], O_WRONLY | O_APPEND)
    try proc.open(7, 3, "socket:[1234]", O_RDWR)
    try proc.open(7, 4, "/memfd:ram (deleted)", O_RDWR)
    try proc.open(7, 5, scratch["gone"], O_RDWR)
    try proc.open(7, 6, scratch["qemu.pid"], O_RDWR)
    try proc.open(7, 9, scratch["base"], O_RDONLY)
    try proc.open(7, 10, scratch["disk"], O_RDONLY)
    try proc.open(7, 11, scratch["disk"], O_RDWR)
    try proc.open(7, 12, scratch["base"], O_RDONLY)
    try proc.open(7, 13, scratch["own.pid"], O_RDWR)
    try proc.open(7, 14, scratch["log"], 0o10000000)
    try proc.open(7, 15, "/proc/uptime", O_RDONLY)
    let stray = try #require(proc.table.strays { [] }.found.first)
    #expect(stray.obstacle == nil)
    #expect(stray.uuid == DomainUUID(uuid))
    #expect(stray.name == "a,b=c")
    #expect(
      stray.files == [
        .init(
          path: scratch["base"], link: "\(proc.root.path)/7/fd/9", isBlockDevice: false,
          isWritable: false),
        .init(
          path: scratch["disk"], link: "\(proc.root.path)/7/fd/11", isBlockDevice: false,
          isWritable: true),
      ])
  }

  @Test func aFileThatCannotBeLookedAtHidesNoOther() throws {
    try scratch.write("disk")
    try proc.add(7, "a", arguments: ["qemu-kvm"])
    symlink("loop", scratch["loop"])
    try proc.open(7, 3, scratch["loop"], O_RDWR)
    try proc.open(7, 4, scratch["disk"], O_RDWR)
    let stray = try #require(proc.table.strays { [] }.found.first)
    #expect(stray.files.map(\.path) == [scratch["disk"]])
    #expect(stray.obstacle?.path == "\(proc.root.path)/7/fd/3")
  }

  /// A shell under the name of a QEMU, on the real /proc.
  @Test func aRealProcessIsFound() throws {
    for name in ["disk", "base", "gone", "log"] { try scratch.write(name) }
    let program = scratch["qemu-system-test"]
    try FileManager.default.copyItem(atPath: "/bin/bash", toPath: program)
    let child = Process()
    child.executableURL = URL(fileURLWithPath: program)
    child.arguments = [
      "-c", "cd \"$PWD\"; exec 5<>disk 6<disk 7<base 8<>gone 9>>log; rm gone; echo up; read -r",
      "-uuid",
      uuid, "-name", "stray",
    ]
    child.currentDirectoryURL = scratch.url
    let (input, output) = (Pipe(), Pipe())
    child.standardInput = input
    child.standardOutput = output
    try child.run()
    defer {
      kill(child.processIdentifier, SIGKILL)
      child.waitUntilExit()
    }
    _ = output.fileHandleForReading.availableData
    let table = ProcessTable(libvirtRunDirectory: "/nowhere")
    let found = table.strays { [] }.found.first { $0.process.pid == child.processIdentifier }
    let stray = try #require(found)
    #expect(stray.uuid == DomainUUID(uuid))
    #expect(stray.name == "stray")
    #expect(stray.obstacle == nil)
    let real = try #require(realpath(scratch.path, nil).map { String(cString: $0) })
    #expect(stray.files.map(\.path) == ["\(real)/disk", "\(real)/base"])
    #expect(stray.files.map(\.isWritable) == [true, false])
    #expect(try String(contentsOfFile: stray.files[0].link, encoding: .utf8) == "")
  }
}

@Suite struct CommandLineTests {
  private func name(_ words: String...) -> String? {
    CommandLine(Array((["qemu"] + words).joined(separator: "\0").utf8)).guestName
  }

  @Test func theNameIsReadAsQEMUDoes() {
    #expect(name("-name", "vm") == "vm")
    #expect(name("-name", "vm,debug-threads=on") == "vm")
    #expect(name("--name", "debug-threads=on,guest=vm") == "vm")
    #expect(name("-name", "guest=a,,,,b,process=c") == "a,,b")
    #expect(name("-name", "a", "-name", "b") == "b")
    #expect(name("-name", "process=c") == nil)
    #expect(name("-name") == nil)
    #expect(name() == nil)
  }
}
