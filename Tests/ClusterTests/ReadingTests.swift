import CLinux
import Glibc
import LockModel
import Testing

@testable import Cluster

@Suite struct ReadingTests {
  @Test(arguments: [
    ("ff\n", LockspaceSight.running), ("55\n", .running), ("40", .running),
    ("0\n", .stopped(nil)), ("3f\n", .stopped(nil)), ("15\n", .stopped(nil)),
  ])
  func recoverStatus(_ text: String, _ sight: LockspaceSight) {
    #expect(LockspaceStatus.sight(text) == sight)
  }

  @Test func whatIsNoStatusIsNotTakenForOne() {
    #expect(LockspaceStatus.sight("") == nil)
    #expect(LockspaceStatus.sight("\n") == nil)
    #expect(LockspaceStatus.sight("running\n") == nil)
  }

  @Test func onlyAMissingFileIsAMissingLockspace() throws {
    var template = Array("/tmp/dlmguard-sysfs-XXXXXX".utf8CString)
    let directory = String(cString: try #require(mkdtemp(&template)))
    defer {
      unlink("\(directory)/libvirt/recover_status")
      rmdir("\(directory)/libvirt/recover_status")
      rmdir("\(directory)/libvirt")
      rmdir(directory)
    }
    #expect(LockspaceStatus.read("libvirt", in: directory) == .absent)
    mkdir("\(directory)/libvirt", 0o700)
    #expect(LockspaceStatus.read("libvirt", in: directory) == .absent)
    let file = "\(directory)/libvirt/recover_status"
    let descriptor = open(file, O_CREAT | O_WRONLY, 0o600)
    write(descriptor, "ff\n", 3)
    close(descriptor)
    #expect(LockspaceStatus.read("libvirt", in: directory) == .running)
    unlink(file)
    mkdir(file, 0o700)
    #expect(
      LockspaceStatus.read("libvirt", in: directory) == .unreadable("\(file): Is a directory"))
  }

  @Test func fencingAsDlmControldDumpsIt() {
    let dump =
      "daemon_debug=0\nenable_startup_fencing=0\nenable_fencing=%\nenable_quorum_fencing=0\n"
      + "fence_all=/usr/sbin/dlm_stonith\n"
    let filled = { (value: String) in
      dump.split(separator: "%", omittingEmptySubsequences: false).joined(separator: value)
    }
    #expect(Fencing(configuration: filled("1")) == .enabled)
    #expect(Fencing(configuration: filled("0")) == .disabled)
    #expect(Fencing(configuration: filled("1 (dlm.conf)")) == .enabled)
    #expect(Fencing(configuration: filled("0 (cli option)")) == .disabled)
    #expect(Fencing(configuration: filled("?")) == nil)
    #expect(Fencing(configuration: "") == nil)
    #expect(Fencing(configuration: "enable_startup_fencing=0\n") == nil)
  }

  @Test func whatAStoppedLockspaceWaitsFor() {
    let waiting = { (condition: Int32, messages: Int32) in
      StopCause(
        ControlLockspace(
          flags: ControlLockspace.kernelStopped,
          next: ControlChange(waitCondition: condition, waitMessages: messages, sequence: 7)),
        failed: [node2])
    }
    #expect(waiting(1, 0) == .membership)
    #expect(waiting(2, 0) == .quorum)
    #expect(waiting(3, 0) == .fencing([node2]))
    #expect(waiting(4, 0) == .filesystems)
    #expect(waiting(0, 0) == nil)
    #expect(waiting(2, 1) == .nodes(2))
    #expect(waiting(0, 1) == .nodes(1))
    #expect(waiting(.min, 1) == .nodes(1))
    let none = ControlChange(waitCondition: 0, waitMessages: 0, sequence: 0)
    #expect(StopCause(ControlLockspace(flags: 0, next: none), failed: []) == .kernel)
    #expect(
      StopCause(ControlLockspace(flags: ControlLockspace.kernelStopped, next: none), failed: [])
        == nil)
  }

  @Test func positionsInTheNodeList() {
    #expect(NodeList.position(inKey: "nodelist.node.0.nodeid") == 0)
    #expect(NodeList.position(inKey: "nodelist.node.12.ring0_addr") == 12)
    #expect(NodeList.position(inKey: "nodelist.local_node_pos") == nil)
    #expect(NodeList.position(inKey: "nodelist.node.x.name") == nil)
  }

  @Test func aDaemonIsThereAsLongAsItListens() {
    let address = "dlmguard-test-\(getpid())"
    #expect(ControlDaemon.look(at: address) == .gone)
    let socket = abstractSocket(address)
    #expect(ControlDaemon.look(at: address) == .gone)
    listen(socket, 0)
    #expect(ControlDaemon.look(at: address) == .running(fencing: nil))
    // Nobody takes these: its queue is full now, and it is still there.
    for _ in 1...4 { #expect(ControlDaemon.look(at: address) == .running(fencing: nil)) }
    close(socket)
    #expect(ControlDaemon.look(at: address) == .gone)
  }
}

/// A stream socket at an abstract address; it does not listen yet.
func abstractSocket(_ address: String) -> Int32 {
  let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
  var name = sockaddr_un()
  name.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &name.sun_path) { path in
    path.dropFirst().withMemoryRebound(to: UInt8.self) { bytes in
      for (index, byte) in address.utf8.enumerated() { bytes[bytes.startIndex + index] = byte }
    }
  }
  let length = MemoryLayout<sa_family_t>.size + 1 + address.utf8.count
  withUnsafePointer(to: &name) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
      _ = bind(descriptor, address, socklen_t(length))
    }
  }
  return descriptor
}
