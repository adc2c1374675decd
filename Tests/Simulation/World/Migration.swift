import AgentAPI
import GuardCore
import LockModel

/// One live migration, as libvirt carries it out between two daemons.
final class Migration {
  let guest: Guest
  let source: QEMU
  let from: (node: Node, daemon: Daemon)
  let to: (node: Node, daemon: Daemon)
  var destination: QEMU?
  /// What it uses at the destination.
  let uses: [Use]
  /// The destination's hooks are being run; libvirt looks up when the last of them is over.
  var isPreparing = true
  var isCalledOff = false
  /// It runs at the destination before all of its memory is there; nil where chance decides.
  var isPostCopy: Bool?
  /// Each side has done with it, whatever the other thinks.
  var isOverAtSource = false
  var isOverAtDestination = false
  /// Post-copy has failed: neither side can go on alone.
  var isBroken = false

  init(
    _ guest: Guest, _ source: QEMU, from: (node: Node, daemon: Daemon),
    to: (node: Node, daemon: Daemon), uses: [Use]
  ) {
    self.guest = guest
    self.source = source
    self.from = from
    self.to = to
    self.uses = uses
  }
}

// The phases of a live migration in the order of libvirt 9.0.0 (src/qemu/qemu_migration.c): Begin here,
// Prepare there, Perform, Finish there, Confirm here; and what each side does when the other is gone.
extension World {
  /// `virsh migrate --live`.
  ///
  /// - Parameters:
  ///   - onto: where its disks are copied to; nil where both nodes see them.
  ///   - isOffline: only the definition goes: libvirt calls the `migrate` hook and nothing else.
  ///   - isPostCopy: nil where chance decides.
  func migrate(
    _ guest: Guest, from: Node, to: Node, onto: [Use]? = nil, isOffline: Bool = false,
    isPostCopy: Bool? = nil
  ) {
    guard from !== to, !guest.isClient, !from.isIsolated, !to.isIsolated,
      let daemon = from.boot?.daemon, let receiver = to.boot?.daemon, let boot = to.boot,
      !daemon.isLeaving, !receiver.isLeaving, !receiver.busy.contains(guest.index),
      boot.domains[guest.index] == nil,
      !to.saved.contains(guest.index)
    else { return }
    if isOffline {
      tell(from, "libvirtd", "sends the definition of \(guest.name) to \(to.name)")
      return runHook(.migrate, guest, uses: guest.uses, on: to, by: receiver) { _ in }
    }
    guard !daemon.busy.contains(guest.index),
      let source = from.boot?.domains[guest.index]?.qemu, source.stage == .running,
      !source.isKilled
    else { return }
    tell(from, "libvirtd", "migrates \(guest.name) to \(to.name)")
    daemon.busy.insert(guest.index)
    receiver.busy.insert(guest.index)
    source.departure = Int64(number())
    source.departed = now
    replaceStatusFile(of: source, from)
    let migration = Migration(
      guest, source, from: (from, daemon), to: (to, receiver), uses: onto ?? source.uses)
    migration.isPostCopy = isPostCopy
    migrations[guest.index] = migration
    watchSource(migration)
    watchDestination(migration)
    runHook(.migrate, guest, uses: migration.uses, on: to, by: receiver) { [self] isYes in
      guard isYes else { return fail(migration) }
      after(5...300, .daemon(receiver.number)) { [self] in prepare(migration) }
    }
  }

  private func prepare(_ migration: Migration) {
    let (guest, daemon) = (migration.guest, migration.to.daemon)
    guard !migration.isCalledOff else { return fail(migration) }
    runHook(.prepare, guest, uses: migration.uses, on: migration.to.node, by: daemon) {
      [self] isYes in
      guard isYes, !migration.isCalledOff, !failsToStart() else { return fail(migration) }
      runHook(.start, guest, uses: migration.uses, on: migration.to.node, by: daemon) {
        [self] isYes in
        guard isYes, !migration.isCalledOff, !failsToStart() else { return fail(migration) }
        after(2...500, .daemon(daemon.number), within: 1_000) { [self] in receive(migration) }
      }
    }
  }

  private func receive(_ migration: Migration) {
    let (node, guest) = (migration.to.node, migration.guest)
    guard let boot = node.boot else { return }
    guard !migration.isCalledOff else { return fail(migration) }
    let qemu = QEMU(boot.process(), guest, node: node.index, isGuarded: !node.isObserving)
    qemu.uses = migration.uses
    qemu.unlocked = migration.source.unlocked.filter(migration.uses.contains)
    qemu.isSuspended = migration.source.isSuspended
    qemu.hasLostLocks = migration.source.hasLostLocks
    qemu.isIncoming = true
    qemu.isReceiving = true
    qemu.isHalted = true
    boot.processes.append(qemu)
    boot.domains[guest.index] = Boot.Domain(qemu: qemu)
    migration.destination = qemu
    changes += 1
    after(5...100, .boot(boot.number), within: 500) { [self] in
      guard qemu.isAlive else { return }
      tell(node, "qemu", "\(guest.name) waits for its memory (pid \(qemu.process.pid))")
      qemu.stage = .running
      changes += 1
      after(5...60, .daemon(migration.to.daemon.number)) { [self] in
        runHook(.started, guest, uses: migration.uses, on: node, by: migration.to.daemon) {
          [self] isYes in
          guard isYes, qemu.isAlive, !migration.isCalledOff else { return fail(migration) }
          migration.isPreparing = false
          after(50...4_000, .daemon(migration.from.daemon.number)) { [self] in perform(migration) }
        }
      }
    }
  }

  /// The last of the memory is there: the source's CPUs stop.
  private func perform(_ migration: Migration) {
    guard !migration.isOverAtSource, let destination = migration.destination else { return }
    guard migration.source.isAlive, destination.isAlive, !migration.isOverAtDestination else {
      return abandon(migration)
    }
    strike(migration)
    migration.source.isHalted = true
    changes += 1
    tell(migration.from.node, "qemu", "\(migration.guest.name) stands still")
    replaceStatusFile(of: migration.source, migration.from.node)
    // Post-copy: it runs there already, and fetches the rest.
    let isPostCopy = migration.isPostCopy ?? chance(6)
    if isPostCopy {
      after(1...50, .daemon(migration.to.daemon.number)) { [self] in run(migration) }
    }
    let rest: ClosedRange<Int64> = isPostCopy ? 500...5_000 : 5...100
    after(rest, .daemon(migration.to.daemon.number)) { [self] in finish(migration) }
  }

  private func run(_ migration: Migration) {
    guard let destination = migration.destination, destination.isAlive,
      !migration.isOverAtDestination
    else { return }
    destination.isHalted = false
    changes += 1
    let what = destination.isSuspended ? "waits to be resumed" : "runs"
    tell(
      migration.to.node, "qemu", "\(migration.guest.name) \(what) (pid \(destination.process.pid))")
  }

  private func finish(_ migration: Migration) {
    let node = migration.to.node
    guard let boot = node.boot, let destination = migration.destination,
      !migration.isOverAtDestination
    else { return }
    guard destination.isAlive, !failsToStart() else { return abandon(migration) }
    run(migration)
    migration.isOverAtDestination = true
    destination.isReceiving = false
    boot.domains[migration.guest.index] = Boot.Domain(qemu: destination, isComplete: true)
    migration.to.daemon.busy.remove(migration.guest.index)
    tell(node, "libvirtd", "\(migration.guest.name) has come")
    replaceStatusFile(of: destination, node)
    after(5...200, .daemon(migration.from.daemon.number)) { [self] in
      guard !migration.isOverAtSource else { return }
      guard !losesReply() else {
        tell(migration.from.node, "libvirtd", "does not hear that \(migration.guest.name) has come")
        return giveUpSource(migration)
      }
      migration.isOverAtSource = true
      tell(migration.from.node, "libvirtd", "\(migration.guest.name) has gone")
      tearDown(
        migration.guest, migration.source, migration.from.node, migration.from.daemon)
    }
  }

  // MARK: - When it fails

  /// Both sides learn of it, if they live and can.
  func abandon(_ migration: Migration) {
    giveUpDestination(migration)
    after(1...200, .daemon(migration.from.daemon.number)) { [self] in giveUpSource(migration) }
  }

  /// Its guest goes on, if it is there.
  private func giveUpSource(_ migration: Migration) {
    guard !migration.isOverAtSource else { return }
    migration.isOverAtSource = true
    let (node, source) = (migration.from.node, migration.source)
    source.departure = nil
    guard source.isAlive else {
      return tearDown(migration.guest, source, node, migration.from.daemon)
    }
    source.isHalted = false
    changes += 1
    tell(node, "libvirtd", "\(migration.guest.name) stays")
    migration.from.daemon.busy.remove(migration.guest.index)
    replaceStatusFile(of: source, node)
    tryElsewhere(migration)
  }

  /// The client that conducts it is gone, or says that it is to end. Before the source's CPUs stand still, it
  /// fails like any other; after that its source does not know whether it has ended, and leaves the guest as it
  /// is (qemuMigrationSrcCleanup).
  func hangUp(_ migration: Migration) {
    tell("-", "admin", "the client that migrates \(migration.guest.name) is gone")
    guard migration.source.isHalted, !migration.isOverAtSource else { return abandon(migration) }
    migration.isOverAtSource = true
    migration.source.departure = nil
    migration.from.daemon.busy.remove(migration.guest.index)
    tell(migration.from.node, "libvirtd", "\(migration.guest.name) stands still, and has no job")
    replaceStatusFile(of: migration.source, migration.from.node)
    giveUpDestination(migration)
  }

  /// The rest of its memory does not come: it goes on at the destination as far as it can, until somebody has it
  /// recover, or ends it on both nodes (qemuMigrationSrcPostcopyFailed, qemuMigrationDstPostcopyFailed).
  func breakPostCopy(_ migration: Migration) {
    guard let boot = migration.to.node.boot, let destination = migration.destination,
      destination.runs, migration.source.isHalted, !migration.isOverAtSource,
      !migration.isOverAtDestination
    else { return }
    migration.isBroken = true
    (migration.isOverAtSource, migration.isOverAtDestination) = (true, true)
    boot.domains[migration.guest.index] = Boot.Domain(qemu: destination, isComplete: true)
    for side in [migration.from, migration.to] {
      side.daemon.busy.remove(migration.guest.index)
      tell(side.node, "libvirtd", "post-copy of \(migration.guest.name) has FAILED")
    }
  }

  /// `virsh migrate --postcopy-resume`: no hook is called.
  func recoverPostCopy(_ migration: Migration) {
    guard migration.isBroken else { return }
    migration.isBroken = false
    (migration.isOverAtSource, migration.isOverAtDestination) = (false, false)
    for side in [migration.from, migration.to] {
      side.daemon.busy.insert(migration.guest.index)
      tell(side.node, "libvirtd", "post-copy of \(migration.guest.name) goes on")
    }
    watchSource(migration)
    watchDestination(migration)
    after(500...5_000, .daemon(migration.to.daemon.number)) { [self] in finish(migration) }
  }

  /// Whoever wanted it gone tries again before long, wherever there is room.
  private func tryElsewhere(_ migration: Migration) {
    guard !isSettling, chance(2), let to = nodes.randomElement(using: &random) else { return }
    after(500...20_000, .daemon(migration.from.daemon.number)) { [self] in
      migrate(migration.guest, from: migration.from.node, to: to)
    }
  }

  /// In the middle of the destination's hooks.
  private func fail(_ migration: Migration) {
    migration.isPreparing = false
    abandon(migration)
  }

  private func giveUpDestination(_ migration: Migration) {
    guard !migration.isOverAtDestination else { return }
    if migration.isPreparing {
      migration.isCalledOff = true
      return
    }
    migration.isOverAtDestination = true
    tearDown(
      migration.guest, migration.destination, migration.to.node, migration.to.daemon)
  }

  /// A daemon that has lost the other one: until Finish it takes the migration for failed.
  private func watchSource(_ migration: Migration) {
    after(200...900, .daemon(migration.from.daemon.number)) { [self] in
      guard !migration.isOverAtSource else { return }
      let isCut = migration.from.node.isIsolated || migration.to.node.isIsolated
      let isGone = migration.to.node.boot?.daemon !== migration.to.daemon
      let isDead = !migration.source.isAlive || migration.destination?.isAlive == false
      if isCut || isGone || isDead || migration.isOverAtDestination && !migration.source.isHalted {
        giveUpSource(migration)
      } else {
        watchSource(migration)
      }
    }
  }

  /// libvirt's autodestroy.
  private func watchDestination(_ migration: Migration) {
    after(200...900, .daemon(migration.to.daemon.number)) { [self] in
      guard !migration.isOverAtDestination else { return }
      let isCut = migration.from.node.isIsolated || migration.to.node.isIsolated
      let isGone = migration.from.node.boot?.daemon !== migration.from.daemon
      if isCut || isGone || migration.isOverAtSource || !migration.source.isAlive {
        giveUpDestination(migration)
      } else {
        watchDestination(migration)
      }
    }
  }

  /// An administrator ends, sooner or later, what stands still where it came from: it runs elsewhere, and
  /// nobody else may tell that it is not to be resumed. In a story administrators do what that says.
  func heed(alarmAbout guest: Guest, on node: Node) {
    guard !isOrderly, let boot = node.boot else { return }
    after(20_000...60_000, .boot(boot.number)) { [self] in
      guard let qemu = boot.qemu(of: guest.uuid), qemu.runs,
        qemu.isIncoming || isOnRecordAsMoving(guest, on: node)
      else { return }
      var isLeft = false
      for other in nodes where other !== node {
        if other.saved.contains(guest.index), isOnRecordAsMoving(guest, on: other) {
          removeSaveImage(guest, other)
        }
        guard let former = other.boot?.qemu(of: guest.uuid), former.standsStill,
          former.departure == nil
        else { continue }
        destroy(guest, on: other)
        isLeft = true
      }
      // Its daemon may be busy with it, or be away.
      if isLeft { heed(alarmAbout: guest, on: node) }
    }
  }

  /// Whether it is on record as one that comes or goes; an agent that only observes lets in what began afresh, too.
  private func isOnRecordAsMoving(_ guest: Guest, on node: Node) -> Bool {
    node.ledger.values.contains {
      $0.record.owner.domain == guest.uuid && $0.record.handover != nil
    }
  }

  /// A restarted daemon finds a guest that was being sent: before its CPUs were stopped it calls that
  /// off, after that it leaves it as it is (qemuProcessRecoverMigrationOut).
  func recoverMigration(of qemu: QEMU, _ node: Node) {
    guard qemu.departure != nil else { return }
    qemu.departure = nil
    tell(
      node, "libvirtd",
      "\(qemu.guest.name) was on its way, and \(qemu.isHalted ? "stands still" : "stays")")
    replaceStatusFile(of: qemu, node)
  }
}
