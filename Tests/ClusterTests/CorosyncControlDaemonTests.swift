import Foundation
import Glibc
import LockModel
import Testing

@testable import Cluster

/// Against a real corosync and the real dlm_controld of two Debian releases, in the namespaces that
/// Tests/Corosync/run makes; what dlm_controld writes to the kernel is files there.
@Suite(.needsCorosyncNamespaces, .serialized)
struct CorosyncControlDaemonTests {
  /// dlm 4.2.0 and 4.3.0.
  static let releases = ["bookworm", "trixie"]

  @Test(arguments: releases, [Fencing.enabled, .disabled])
  func whetherFencingIsEnabled(_ release: String, _ fencing: Fencing) throws {
    let corosync = try CorosyncProcess(nodes: ["alpha"])
    defer { corosync.kill() }
    let daemon = try ControlDaemonProcess(release, fencing: fencing == .enabled)
    defer { daemon.kill() }
    let sight = ClusterSight.now(lockspace: "nosuch")
    #expect(sight.corosync == .reachable(.held(members: [node1])))
    #expect(sight.controlDaemon == .running(fencing: fencing))
    #expect(ControlDaemon.stop(of: "nosuch") == .unknown)
    let longest = String(repeating: "x", count: 63)
    #expect(ControlDaemon.stop(of: longest) == .unknown)

    daemon.kill()
    #expect(ClusterSight.now(lockspace: "nosuch").controlDaemon == .gone)
    #expect(ControlDaemon.fencing() == nil)
    #expect(ControlDaemon.stop(of: "nosuch") == .unanswered)
  }

  @Test(arguments: releases) func aDaemonThatHangsIsWaitedFor(_ release: String) throws {
    let corosync = try CorosyncProcess(nodes: ["alpha"])
    defer { corosync.kill() }
    let daemon = try ControlDaemonProcess(release, fencing: true)
    defer { daemon.kill() }
    try daemon.suspend()
    let hanging = ClusterSight.now(lockspace: "nosuch", within: 1_000)
    #expect(hanging.controlDaemon == .running(fencing: nil))
    daemon.resume()
    let sight = ClusterSight.now(lockspace: "nosuch")
    #expect(sight.controlDaemon == .running(fencing: .enabled))
  }

  @Test(arguments: releases) func aLockspaceThatItLetsGoOn(_ release: String) throws {
    let corosync = try CorosyncProcess(nodes: ["alpha"])
    defer { corosync.kill() }
    let daemon = try ControlDaemonProcess(release, fencing: true)
    defer { daemon.kill() }
    let lockspace = try KernelLockspace("libvirt")
    defer { lockspace.remove() }
    try expect(.kernel, in: lockspace)
  }

  @Test(arguments: releases) func aLockspaceThatWaitsForQuorum(_ release: String) throws {
    let corosync = try CorosyncProcess(nodes: ["alpha", nil, "gamma"])
    defer { corosync.kill() }
    let daemon = try ControlDaemonProcess(release, fencing: true)
    defer { daemon.kill() }
    let lockspace = try KernelLockspace("libvirt")
    defer { lockspace.remove() }
    try expect(.quorum, in: lockspace)
  }

  /// Startup fencing: dlm_controld has a node fenced that it has not seen since its own start. The
  /// lockspace never had that node, and so does not list it.
  @Test(arguments: releases) func aLockspaceThatWaitsForFencing(_ release: String) throws {
    let corosync = try CorosyncProcess(
      nodes: ["alpha", nil], quorum: "two_node: 1\n  wait_for_all: 0")
    defer { corosync.kill() }
    let daemon = try ControlDaemonProcess(release, fencing: true)
    defer { daemon.kill() }
    let lockspace = try KernelLockspace("libvirt")
    defer { lockspace.remove() }
    try expect(.fencing([]), in: lockspace)
  }

  private func expect(_ cause: StopCause, in lockspace: KernelLockspace) throws {
    let wanted = LockspaceSight.stopped(cause)
    for _ in 1...200 {
      if ClusterSight.now(lockspace: lockspace.name).lockspace == wanted { return }
      usleep(100_000)
    }
    throw NeverCame(
      what: "\(wanted), but \(ClusterSight.now(lockspace: lockspace.name).lockspace)")
  }
}

/// A dlm_controld of these namespaces, of a Debian release.
private final class ControlDaemonProcess: TestDaemon {
  let process = Process()

  /// Waits until corosync and it are there.
  init(_ release: String, fencing: Bool) throws {
    // What it cannot connect to ends it.
    try Self.wait(for: "corosync") {
      if case .reachable = ClusterSight.now(lockspace: "nosuch").corosync { true } else { false }
    }
    process.executableURL = URL(filePath: "Tests/Corosync/controld")
    process.arguments = [release, "--foreground", "--enable_fencing=\(fencing ? 1 : 0)"]
    try process.run()
    do {
      try Self.wait(for: "dlm_controld of \(release)") { ControlDaemon.look() != .gone }
    } catch {
      kill()
      throw error
    }
  }

  private static func wait(for what: String, _ isThere: () -> Bool) throws {
    for _ in 1...300 {
      if isThere() { return }
      usleep(100_000)
    }
    throw NeverCame(what: what)
  }
}

/// What the kernel would show of a lockspace that was just created, and tell dlm_controld.
private struct KernelLockspace {
  let name: String
  private var directory: String { "/sys/kernel/dlm/\(name)" }

  init(_ name: String) throws {
    self.name = name
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    for file in ["control", "event_done", "id", "nodir"] {
      try "".write(toFile: "\(directory)/\(file)", atomically: false, encoding: .utf8)
    }
    try "0\n".write(toFile: "\(directory)/recover_status", atomically: false, encoding: .utf8)
    try tell("online")
  }

  /// dlm_controld is not told; the next one would not start over what is left of it
  /// (`check_uncontrolled_lockspaces` in its action.c).
  func remove() {
    try? FileManager.default.removeItem(atPath: directory)
  }

  /// As `kobject_uevent` does, to all that listen in this network namespace.
  private func tell(_ action: String) throws {
    let path = "/kernel/dlm/\(name)"
    let fields = [
      "\(action)@\(path)", "ACTION=\(action)", "DEVPATH=\(path)", "SUBSYSTEM=dlm",
      "LOCKSPACE=\(name)",
    ]
    let message: [UInt8] = fields.flatMap { Array($0.utf8) + [0] }
    // linux/netlink.h: NETLINK_KOBJECT_UEVENT; `sockaddr_nl`, with the first multicast group.
    let descriptor = socket(AF_NETLINK, Int32(SOCK_DGRAM.rawValue), 15)
    defer { close(descriptor) }
    let address = [UInt32(AF_NETLINK), 0, 1]
    let sent = address.withUnsafeBytes { bytes in
      sendto(
        descriptor, message, message.count, 0,
        bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
    }
    try #require(sent == message.count)
  }
}
