import AgentAPI
import LockModel

// What becomes of a running guest's images without a hook: snapshots, jobs of QEMU's block layer, other media.
extension World {
  /// `virsh snapshot-create-as --disk-only`: from now on `overlay` is written, and what was is read below it.
  func snapshot(_ guest: Guest, of storage: Int, to overlay: Int, on node: Node) {
    change(guest, node, "writes \(path(overlay)) above \(path(storage))") { qemu in
      guard let index = Self.image(storage, of: qemu) else { return false }
      qemu.uses[index] = Use(storage: overlay, access: .exclusiveWrite)
      qemu.uses.append(Use(storage: storage, access: .backing))
      return true
    }
  }

  /// `virsh blockcopy` to an image that the guest has nothing to do with, or `virsh blockcommit --active` into
  /// one that it reads below the disk: either is written too, until somebody ends the job.
  func mirror(_ guest: Guest, from storage: Int, to target: Int, on node: Node) {
    change(guest, node, "writes \(path(target)) beside \(path(storage))") { qemu in
      guard Self.image(storage, of: qemu) != nil, qemu.mirror == nil else { return false }
      qemu.mirror = (storage, target)
      qemu.uses.append(Use(storage: target, access: .exclusiveWrite))
      return true
    }
  }

  /// `virsh blockjob --pivot`: it goes on with what the job has written alone.
  func pivot(_ guest: Guest, on node: Node) {
    change(guest, node, "goes on with what was mirrored") { qemu in
      guard let mirror = qemu.mirror else { return false }
      qemu.mirror = nil
      qemu.uses.removeAll {
        $0.storage == mirror.from || $0 == Use(storage: mirror.to, access: .backing)
      }
      return true
    }
  }

  /// `virsh blockjob --abort`.
  func abortJob(of guest: Guest, on node: Node) {
    change(guest, node, "mirrors no more") { qemu in
      guard let mirror = qemu.mirror else { return false }
      qemu.mirror = nil
      qemu.uses.removeAll { $0 == Use(storage: mirror.to, access: .exclusiveWrite) }
      return true
    }
  }

  /// `virsh blockpull`, at its end: nothing is left below the disk that it has not taken into that.
  func pull(_ guest: Guest, out of: Int, on node: Node) {
    change(guest, node, "reads \(path(of)) no more") { qemu in
      let count = qemu.uses.count
      qemu.uses.removeAll { $0 == Use(storage: of, access: .backing) }
      return qemu.uses.count < count
    }
  }

  /// `virsh change-media`, or `virsh update-device`: another image in the same place.
  func changeMedia(of guest: Guest, from storage: Int, to other: Int, on node: Node) {
    change(guest, node, "has \(path(other)) in place of \(path(storage))") { qemu in
      guard let index = Self.image(storage, of: qemu) else { return false }
      qemu.uses[index] = Use(storage: other, access: qemu.uses[index].access)
      return true
    }
  }

  /// One of them, as chance will have it.
  func changeImages(of guest: Guest, on node: Node) {
    guard let (_, qemu) = idle(guest, node), !guest.isClient,
      let disk = qemu.uses.filter({ $0.access != .backing }).randomElement(using: &random)
    else { return }
    if qemu.mirror != nil {
      return chance(3) ? abortJob(of: guest, on: node) : pivot(guest, on: node)
    }
    let below = qemu.uses.filter { $0.access == .backing }.randomElement(using: &random)
    // Of a spare it is known when it is to be locked, as long as nothing is asked for beside it.
    let other = attachable(to: qemu).flatMap { storages[$0.storage].isSpareOf == nil ? $0 : nil }
    switch (Int.random(in: 0..<5, using: &random), below, other) {
    case (0, let below?, _): pull(guest, out: below.storage, on: node)
    case (1, let below?, _): mirror(guest, from: disk.storage, to: below.storage, on: node)
    case (2, _, let other?): changeMedia(of: guest, from: disk.storage, to: other.storage, on: node)
    case (3, _, let other?): mirror(guest, from: disk.storage, to: other.storage, on: node)
    case (_, _, let other?): snapshot(guest, of: disk.storage, to: other.storage, on: node)
    default: break
    }
  }

  // MARK: -

  /// Libvirt's status file says all of it at once.
  private func change(
    _ guest: Guest, _ node: Node, _ what: String, _ change: (QEMU) -> Bool
  ) {
    guard let (_, qemu) = idle(guest, node), qemu.stage == .running else { return }
    let former = qemu.uses
    guard change(qemu) else { return }
    let gone = qemu.unlocked.subtracting(qemu.uses)
    if !gone.isEmpty { qemu.detached = now }
    qemu.unlocked = qemu.unlocked.subtracting(gone).union(qemu.uses.filter { !former.contains($0) })
    changes += 1
    tell(node, "libvirtd", "\(guest.name) \(what)")
    replaceStatusFile(of: qemu, node)
  }

  /// A disk's uppermost image.
  private static func image(_ storage: Int, of qemu: QEMU) -> Int? {
    qemu.uses.firstIndex { $0.storage == storage && $0.access != .backing }
  }

  private func path(_ storage: Int) -> String { storages[storage].path }
}
