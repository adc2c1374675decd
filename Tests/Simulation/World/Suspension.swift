// A guest whose CPUs are stopped and go on: no hook tells of either.
extension World {
  /// `virsh suspend`; an I/O error, a watchdog and a dump look the same.
  func suspend(_ guest: Guest, on node: Node) {
    guard let (_, qemu) = idle(guest, node), qemu.stage == .running, !qemu.standsStill else {
      return
    }
    qemu.isSuspended = true
    changes += 1
    tell(node, "libvirtd", "suspends \(guest.name)")
    replaceStatusFile(of: qemu, node)
  }

  /// `virsh resume`: whoever has stopped its CPUs is not asked.
  func resume(_ guest: Guest, on node: Node) {
    guard let (_, qemu) = idle(guest, node), qemu.stage == .running, qemu.standsStill else {
      return
    }
    (qemu.isSuspended, qemu.isPaused, qemu.isHalted) = (false, false, false)
    changes += 1
    tell(node, "libvirtd", "resumes \(guest.name)")
    replaceStatusFile(of: qemu, node)
  }

  /// `virsh reset`, and a reboot from inside: the process stays, and only its status file is written anew.
  func reset(_ guest: Guest, on node: Node) {
    guard let (_, qemu) = idle(guest, node), qemu.stage == .running else { return }
    tell(node, "libvirtd", "resets \(guest.name)")
    replaceStatusFile(of: qemu, node)
  }
}
