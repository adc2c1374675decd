import Foundation
import LockModel
import Testing

@testable import HostWatch

@Suite struct HookFileTests {
  let scratch: Scratch
  let proc = FakeProc()

  init() throws {
    scratch = try Scratch()
    try FileManager.default.createDirectory(at: proc.root, withIntermediateDirectories: true)
  }

  private var state: HookFile.State {
    HookFile(path: scratch["hook"], processes: proc.table, runDirectory: scratch.path).state()
  }

  /// In clock ticks after boot.
  private func ticks(secondsAgo: Int) -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return UInt64(max(0, (time.tv_sec - secondsAgo) * sysconf(Int32(_SC_CLK_TCK))))
  }

  @Test func whatIsThereIsSeen() throws {
    #expect(state == .absent)
    symlink("nowhere", scratch["hook"])
    #expect(state == .absent)
    try scratch.remove("hook")
    try scratch.make("hook")
    #expect(state == .notAFile)
    try scratch.remove("hook")
    try scratch.write("hook", mode: 0o644)
    #expect(state == .notExecutable)
    chmod(scratch["hook"], 0o645)
    #expect(state == .ready, "whoever may execute it")
    try scratch.remove("hook")
    symlink("hook", scratch["hook"])
    #expect(
      state
        == .unknown(
          Unreadable(path: scratch["hook"], reason: "Too many levels of symbolic links")))
    let below = HookFile(
      path: "/dev/null/hook", processes: proc.table, runDirectory: scratch.path)
    #expect(below.state() == .absent)
  }

  @Test func libvirtMustHaveStartedAfterIt() throws {
    try scratch.write("hook", mode: 0o755)
    try proc.add(10, "virtqemud", start: ticks(secondsAgo: 60))
    try scratch.write("virtqemud.pid", "10\n")
    #expect(state == .newer(than: try #require(try proc.table.process(10))))
    try proc.add(10, "virtqemud", start: ticks(secondsAgo: -60))
    #expect(state == .ready)
    // What is changed counts as well: it may not have been executable.
    try proc.add(10, "virtqemud", start: ticks(secondsAgo: 0))
    usleep(1_200_000)
    chmod(scratch["hook"], 0o700)
    guard case .newer = state else {
      Issue.record("\(state)")
      return
    }
  }

  @Test func whatCannotBeToldIsNotReady() throws {
    try scratch.write("hook", mode: 0o755)
    try proc.add(10, "libvirtd")
    try Data("nonsense".utf8).write(to: proc.root.appendingPathComponent("10/stat"))
    guard case .unknown = state else {
      Issue.record("\(state)")
      return
    }
  }
}

@Suite struct DriverTests {
  let run: Scratch
  let proc = FakeProc()

  init() throws {
    run = try Scratch()
    try FileManager.default.createDirectory(at: proc.root, withIntermediateDirectories: true)
  }

  private var driver: ProcessRef? {
    get throws { try proc.table.driver(runDirectory: run.path) }
  }

  @Test func thePIDFileTellsWhichItIs() throws {
    #expect(try driver == nil)
    try proc.add(10, "libvirtd", start: 3)
    try proc.add(20, "libvirtd", start: 9)
    try run.write("libvirtd.pid", "20\n")
    #expect(try driver?.pid == 20)
    // A stale one: the number is another process's now.
    try proc.add(20, "bash", start: 11)
    #expect(try driver?.pid == 10)
  }

  @Test func withoutOneTheOldestIsIt() throws {
    try proc.add(30, "virtqemud", start: 7)
    try proc.add(31, "virtqemud", parent: 30, start: 8)
    try proc.add(29, "libvirt_leasesh", start: 1)
    try proc.add(28, "virtqemud", start: 2)
    // Somebody's own, where the test may make one.
    let isOthers = chown(proc.root.appendingPathComponent("28").path, 12345, 12345) == 0
    #expect(try driver?.pid == (isOthers ? 30 : 28))
  }
}
