import AgentAPI
import GuardCore
import LockModel

// Disks that come and go while a guest runs: no hook tells of them, only libvirt's status file.
extension World {
  /// `virsh attach-disk --live`.
  ///
  /// - Parameter use: nil for whatever chance finds.
  func attach(_ use: Use?, to guest: Guest, on node: Node) {
    guard let (_, qemu) = idle(guest, node), qemu.stage == .running,
      let use = use ?? attachable(to: qemu)
    else { return }
    qemu.uses.append(use)
    qemu.unlocked.insert(use)
    changes += 1
    tell(
      node, "libvirtd", "attaches \(storages[use.storage].path) (\(use.access)) to \(guest.name)")
    replaceStatusFile(of: qemu, node)
  }

  /// `virsh detach-disk --live`.
  ///
  /// - Parameter storage: nil for whatever chance finds.
  func detach(_ storage: Int?, from guest: Guest, on node: Node) {
    guard let (_, qemu) = idle(guest, node), qemu.stage == .running, qemu.uses.count > 1,
      let use = storage.map({ storage in qemu.uses.first { $0.storage == storage } })
        ?? qemu.uses.randomElement(using: &random)
    else { return }
    qemu.uses.removeAll { $0 == use }
    if qemu.unlocked.remove(use) != nil { qemu.detached = now }
    changes += 1
    tell(node, "libvirtd", "detaches \(storages[use.storage].path) from \(guest.name)")
    replaceStatusFile(of: qemu, node)
  }

  /// A guest that used a thing and a part of it would shut itself out.
  func attachable(to qemu: QEMU) -> Use? {
    let used = Set(qemu.uses.map(\.storage))
    let free = storages.indices.filter { index in
      let storage = storages[index]
      guard !used.contains(index), storage.parent.map({ !used.contains($0) }) ?? true,
        !used.contains(where: { storages[$0].parent == index })
      else { return false }
      return storage.isSpareOf == nil || storage.isSpareOf == qemu.guest.index
    }
    let spare = free.first { storages[$0].isSpareOf != nil }
    if let spare, chance(2) { return Use(storage: spare, access: .exclusiveWrite) }
    return free.randomElement(using: &random).map { index in
      Use(
        storage: index,
        access: storages[index].isSpareOf != nil || chance(2)
          ? .exclusiveWrite : [.sharedWrite, .readOnly].randomElement(using: &random) ?? .readOnly)
    }
  }

  /// The agent is told at once, or, where that is lost, when it looks at everybody; sometimes twice.
  func replaceStatusFile(of qemu: QEMU, _ node: Node) {
    guard let agent = node.boot?.agent else { return }
    if faults.losesSighting(self) {
      look(at: qemu, agent, within: 30_000...30_000)
    } else {
      look(at: qemu, agent, within: 1...500)
    }
    if chance(8) { look(at: qemu, agent, within: 1...3_000) }
  }

  /// What is read of a guest is told a little later, when it may have changed again, or be gone.
  func look(at qemu: QEMU, _ agent: Agent, within delay: ClosedRange<Int64>) {
    after(delay, .agent(agent.number)) { [self] in
      guard qemu.isAlive, qemu.stage == .running, !qemu.isReceiving else { return }
      let sighting = Sighting(
        domain: qemu.guest.domain, process: qemu.process,
        state: Sighting.State(
          isPaused: qemu.standsStill, isBeingSaved: qemu.isBeingSaved,
          departure: qemu.departure.map { Timestamp(milliseconds: $0) }),
        resources: qemu.uses.map(resource))
      let channel = Agenda.Channel(name: "status \(agent.number) \(qemu.guest.name)")
      after(0...40, .agent(agent.number), channel) { [self] in
        if agent.isOpen { qemu.boundSince = min(qemu.boundSince, now + Oracle.patience) }
        post(.sighted(sighting), to: agent)
      }
    }
  }
}
