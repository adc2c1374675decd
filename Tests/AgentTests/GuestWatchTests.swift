import Dispatch
import Foundation
import GuardCore
import HostWatch
import LockModel
import Logging
import Synchronization
import Testing

@testable import Agent

/// A guest watch with a loop of its own, over a `/proc` and a run directory that are files of a test. Reading a
/// FIFO there waits until the test has written it.
final class WatchedHost: Sendable {
  static let vm = Domain(uuid: DomainUUID("83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7")!, name: "vm")
  static let qemu = ProcessRef(pid: 4711, startTime: 5)
  static let commandLine = "qemu-system-x86_64\0-uuid\0\(vm.uuid)\0"
  static let openToWrite = "flags:\t0100002\n"

  private let root = FileManager.default.temporaryDirectory.appendingPathComponent(
    "dlmguard-guests-\(UUID().uuidString)")
  private let loop: EventLoop
  private let watch: GuestWatch
  private let events = Mutex<[Event]>([])
  private let news = DispatchSemaphore(value: 0)
  private let done = DispatchSemaphore(value: 0)

  /// One QEMU runs, which has a disk open; libvirt has said nothing of it yet.
  init() throws {
    loop = try EventLoop()
    let processes = ProcessTable(libvirtRunDirectory: root.path + "/run", proc: root.path + "/proc")
    watch = GuestWatch(
      loop: loop, files: StatusFiles(directory: root.path + "/run"), processes: processes,
      hook: HookFile(path: root.path + "/hook", processes: processes),
      virsh: Virsh(uri: "none:///"),
      looksForStrays: true, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    for directory in ["run", "proc/4711/fd", "proc/4711/fdinfo"] {
      try FileManager.default.createDirectory(
        at: root.appendingPathComponent(directory), withIntermediateDirectories: true)
    }
    let rest = (5...21).map { _ in "0" }.joined(separator: " ")
    try write("proc/4711/stat", "4711 (qemu) S 1 \(rest) 5 0 0\n")
    try write("proc/4711/cmdline", Self.commandLine)
    try write("disk", "")
    try FileManager.default.createSymbolicLink(
      at: root.appendingPathComponent("proc/4711/fd/10"),
      withDestinationURL: root.appendingPathComponent("disk"))
    try write("proc/4711/fdinfo/10", Self.openToWrite)
  }

  func write(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: root.appendingPathComponent(name))
  }

  /// What libvirt keeps of it, put in place as libvirt does.
  func keep() throws {
    try write(
      "run/vm.xml.new",
      "<domstatus state='running' reason='booted' pid='4711'><domain type='kvm' id='1'><name>vm</name>"
        + "<uuid>\(Self.vm.uuid)</uuid></domain></domstatus>")
    #expect(rename(root.path + "/run/vm.xml.new", root.path + "/run/vm.xml") == 0)
  }

  /// Whoever reads that file from now on waits for ``answer(_:_:)``.
  func hold(_ name: String) throws {
    let path = root.path + "/" + name
    unlink(path)
    try #require(mkfifo(path, 0o600) == 0)
  }

  /// Waits until somebody reads the file that is held. What is returned is for ``answer(_:_:)``.
  func reader(of name: String) throws -> Int32 {
    for _ in 0..<3_000 {
      let descriptor = open(root.path + "/" + name, O_WRONLY | O_NONBLOCK)
      if descriptor >= 0 { return descriptor }
      usleep(10_000)
    }
    return try #require(nil, "nobody has read \(name)")
  }

  /// Lets whoever reads a held file have this, and everybody after it.
  func answer(_ reader: Int32, _ name: String, _ text: String) throws {
    unlink(root.path + "/" + name)
    try write(name, text)
    #expect(Glibc.write(reader, text, text.utf8.count) == text.utf8.count)
    close(reader)
  }

  /// Runs the watch during `body`, and takes down whatever it tells. Once: it removes the files.
  func watched(_ body: () throws -> Void) throws {
    DispatchQueue(label: "loop").async { [self] in
      loop.run()
      done.signal()
    }
    loop.post { [self] in
      watch.assumeIsolated { watch in
        watch.begin { event in
          self.events.withLock { $0.append(event) }
          self.news.signal()
        }
      }
    }
    defer {
      loop.stop()
      #expect(done.wait(timeout: .now() + 60) == .success, "the loop has not stopped")
      // The watch's threads outlive it, and hold it.
      try? FileManager.default.removeItem(at: root)
    }
    try body()
  }

  /// Waits until something has been told of which this is true, and the watch has nothing left to do.
  func wait(_ isThat: (Event) -> Bool) {
    while !events.withLock({ $0.contains(where: isThat) }) {
      guard news.wait(timeout: .now() + 30) == .success else {
        Issue.record("that was not told")
        return
      }
    }
    let idle = DispatchSemaphore(value: 0)
    loop.post { idle.signal() }
    #expect(idle.wait(timeout: .now() + 30) == .success)
  }

  /// Every sighting that was told.
  var sightings: [Sighting] {
    events.withLock { events in
      events.compactMap { if case .sighted(let sighting) = $0 { sighting } else { nil } }
    }
  }
}

@Suite struct GuestWatchTests {
  let host: WatchedHost

  init() throws { host = try WatchedHost() }

  @Test func whomLibvirtDoesNotKeepIsAStray() throws {
    try host.watched {
      host.wait { if case .sighted = $0 { true } else { false } }
    }
    let sighting = try #require(host.sightings.first)
    #expect(sighting.process == WatchedHost.qemu)
    #expect(sighting.state == nil)
    #expect(sighting.resources.map(\.access) == [.exclusiveWrite])
  }

  @Test func whomLibvirtKeepsIsToldByItsStatusFile() throws {
    try host.keep()
    try host.watched {
      host.wait { if case .sighted = $0 { true } else { false } }
      host.wait { if case .unhooked = $0 { true } else { false } }
    }
    #expect(host.sightings.map(\.state) == [Sighting.State(isPaused: false)])
  }

  /// A search finds a QEMU of which libvirt has said nothing, and is over while its status file is being read.
  @Test func nobodyIsAStrayWhileLibvirtsWordOfItIsBeingRead() throws {
    let (commandLine, file) = ("proc/4711/cmdline", "proc/4711/fdinfo/10")
    try host.hold(file)
    try host.watched {
      let search = try host.reader(of: file)
      try host.hold(commandLine)
      try host.keep()
      let reading = try host.reader(of: commandLine)
      try host.answer(search, file, WatchedHost.openToWrite)
      host.wait { if case .unhooked = $0 { true } else { false } }
      #expect(host.sightings == [])
      try host.answer(reading, commandLine, WatchedHost.commandLine)
      host.wait { if case .sighted = $0 { true } else { false } }
    }
    #expect(host.sightings.map(\.state) == [Sighting.State(isPaused: false)])
  }
}
