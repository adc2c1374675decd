import DomainXML
import Foundation
import LockModel
import Testing

@testable import HostWatch

let uuid = "83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7"

func status(_ name: String = "vm", pid: Int32 = 4711, state: String = "running") -> String {
  "<domstatus state='\(state)' reason='booted' pid='\(pid)'>"
    + "<domain type='kvm' id='1'><name>\(name)</name><uuid>\(uuid)</uuid></domain></domstatus>"
}

extension Scratch {
  /// As libvirt does (virFileRewrite).
  func rewrite(_ name: String, _ text: String = status()) throws {
    try write("\(name).new", text)
    move("\(name).new", to: name)
  }

  var statusFiles: StatusFiles { StatusFiles(directory: path) }
}

@Suite struct StatusFilesTests {
  let run: Scratch
  var files: StatusFiles { run.statusFiles }

  init() throws {
    run = try Scratch()
  }

  @Test func onlyStatusFilesAreListed() throws {
    for name in ["a.xml", "b.xml.new", "a.pid", ".xml", "c.xml"] { try run.write(name) }
    try run.make("channel")
    #expect(Set(try files.all()) == [FileName("a.xml"), FileName("c.xml")])
    #expect(try StatusFiles(directory: run["nowhere"]).all() == [])
    #expect(throws: Unreadable.self) { try StatusFiles(directory: run["a.xml"]).all() }
  }

  @Test func aFileIsReadIntoItsDomain() throws {
    try run.rewrite("vm.xml", status("other", state: "paused"))
    let reading = try #require(try files.read(FileName("vm.xml")))
    #expect(reading.domain.name == "other", "what the XML says, not the file's name")
    #expect(reading.domain.status?.state == .paused)
    #expect(try files.read(FileName("gone.xml")) == nil)
  }

  @Test func namesAreBytes() throws {
    let composed = FileName("\u{e9}.xml")
    let decomposed = FileName("e\u{301}.xml")
    let noText = FileName([0xff, 0x0a, UInt8(ascii: "'")] + Array(".xml".utf8))
    try run.write("\u{e9}.xml", status("composed"))
    for (name, text) in [
      (composed, "composed"), (decomposed, "decomposed"), (noText, "no text"),
    ] {
      let file = try #require(fopen(name.path(in: run.path), "w"))
      fputs(status(text), file)
      fclose(file)
    }
    #expect(Set(try files.all()) == [composed, decomposed, noText])
    #expect(Set(try files.all()).count == 3)
    for (name, text) in [
      (composed, "composed"), (decomposed, "decomposed"), (noText, "no text"),
    ] {
      #expect(try files.read(name)?.domain.name == text)
    }
  }

  @Test func whatIsNoDomainSaysSo() throws {
    try run.write("vm.xml", "<network/>")
    let failure = #expect(throws: StatusFiles.Failure.self) {
      try files.read(FileName("vm.xml"))
    }
    guard case .notADomain(let version, let error) = failure else {
      Issue.record("\(failure as Any)")
      return
    }
    #expect(error.reason == "its root is <network>, not libvirt's <domain>")
    #expect(try files.difference(since: [FileName("vm.xml"): version]).changed == [])
    try run.write("vm.xml", "")
    #expect(throws: StatusFiles.Failure.self) { try files.read(FileName("vm.xml")) }
  }

  @Test func onlyBoundedRegularFilesAreRead() throws {
    mkfifo(run["fifo.xml"], 0o600)
    try run.make("directory.xml")
    try run.write("long.xml")
    truncate(run["long.xml"], off_t(DomainDescription.maximumLength + 1))
    symlink("loop.xml", run["loop.xml"])
    for (name, reason) in [
      ("fifo.xml", "it is not a regular file"), ("directory.xml", "it is not a regular file"),
      ("long.xml", "it is longer than 8388608 bytes"),
      ("loop.xml", "Too many levels of symbolic links"),
    ] {
      let path = run[name]
      #expect(throws: StatusFiles.Failure.unreadable(Unreadable(path: path, reason: reason))) {
        try files.read(FileName(name))
      }
    }
  }

  @Test func onlyWhatChangedIsReadAgain() throws {
    for name in ["a.xml", "b.xml", "c.xml"] { try run.rewrite(name) }
    var known: [FileName: StatusFiles.Version] = [:]
    let first = try files.difference(since: known)
    #expect(first.changed.count == 3)
    for name in first.changed { known[name] = try files.read(name)?.version }
    #expect(try files.difference(since: known) == .init(changed: [], gone: []))
    // The same text, so the same length.
    try run.rewrite("b.xml")
    try run.remove("c.xml")
    try run.rewrite("d.xml")
    #expect(
      try files.difference(since: known)
        == .init(changed: [FileName("b.xml"), FileName("d.xml")], gone: [FileName("c.xml")]))
    // Not to be looked at: it is for the reader to say so.
    try run.remove("a.xml")
    symlink("a.xml", run["a.xml"])
    #expect(try files.difference(since: known).changed.contains(FileName("a.xml")))
  }
}

@Suite struct StatusWatchTests {
  let run: Scratch

  init() throws {
    run = try Scratch()
  }

  @Test func whatIsPutInPlaceOrRemovedIsTold() throws {
    try run.rewrite("old.xml")
    let watch = try StatusWatch(run.statusFiles)
    #expect(watch.changes() == .files([]))
    try run.rewrite("vm.xml")
    try run.write("vm.pid", "7\n")
    #expect(watch.changes() == .files([FileName("vm.xml")]))
    try run.rewrite("vm.xml")
    try run.remove("old.xml")
    try run.remove("vm.pid")
    #expect(watch.changes() == .files([FileName("vm.xml"), FileName("old.xml")]))
    #expect(watch.changes() == .files([]))
  }

  @Test func theDescriptorIsReadableWhenThereIsSomething() throws {
    let watch = try StatusWatch(run.statusFiles)
    var descriptor = pollfd(fd: watch.descriptor, events: Int16(POLLIN), revents: 0)
    #expect(poll(&descriptor, 1, 0) == 0)
    try run.rewrite("vm.xml")
    #expect(poll(&descriptor, 1, 0) == 1)
    _ = watch.changes()
    #expect(poll(&descriptor, 1, 0) == 0)
  }

  @Test func aDirectoryThatIsNotThereYetIsWaitedFor() throws {
    let files = StatusFiles(directory: run["libvirt/qemu"])
    let watch = try StatusWatch(files)
    try run.make("other")
    #expect(watch.changes() == .files([]))
    try run.make("libvirt")
    #expect(watch.changes() == .all)
    try run.make("libvirt/other")
    #expect(watch.changes() == .files([]))
    try run.make("libvirt/qemu")
    #expect(watch.changes() == .all)
    try run.rewrite("libvirt/qemu/vm.xml")
    #expect(watch.changes() == .files([FileName("vm.xml")]))
  }

  /// Both made between two calls, with a file in them already.
  @Test func noneIsOverlookedThatComesAtOnce() throws {
    let watch = try StatusWatch(StatusFiles(directory: run["libvirt/qemu"]))
    try run.make("libvirt/qemu")
    try run.rewrite("libvirt/qemu/vm.xml")
    #expect(watch.changes() == .all)
    try run.rewrite("libvirt/qemu/vm.xml")
    #expect(watch.changes() == .files([FileName("vm.xml")]))
  }

  @Test(arguments: [false, true]) func aDirectoryMayGoAndComeAgain(isMoved: Bool) throws {
    try run.make("qemu")
    let files = StatusFiles(directory: run["qemu"])
    let watch = try StatusWatch(files)
    if isMoved { run.move("qemu", to: "moved") } else { try run.remove("qemu") }
    #expect(watch.changes() == .all)
    try run.make("qemu")
    #expect(watch.changes() == .all)
    if isMoved {
      try run.rewrite("moved/vm.xml")
      #expect(watch.changes() == .files([]), "that is another directory now")
    }
    try run.rewrite("qemu/vm.xml")
    #expect(watch.changes() == .files([FileName("vm.xml")]))
  }

  @Test func afterAnOverflowAllIsLookedAt() throws {
    let watch = try StatusWatch(run.statusFiles)
    let limit = try #require(
      Int(
        try String(contentsOfFile: "/proc/sys/fs/inotify/max_queued_events", encoding: .utf8)
          .trimmingCharacters(in: .whitespacesAndNewlines)))
    try run.write("a.xml")
    try run.write("b.xml")
    // The kernel makes one of two events that follow each other and are alike.
    for _ in 0...limit / 4 {
      run.move("a.xml", to: "c.xml")
      run.move("b.xml", to: "a.xml")
      run.move("c.xml", to: "b.xml")
    }
    #expect(watch.changes() == .all)
    try run.rewrite("a.xml")
    #expect(watch.changes() == .files([FileName("a.xml")]))
  }

  @Test func theLongestNameIsTold() throws {
    let watch = try StatusWatch(run.statusFiles)
    let name = String(repeating: "n", count: 251) + ".xml"
    try run.write("short")
    run.move("short", to: name)
    #expect(watch.changes() == .files([FileName(name)]))
  }
}
