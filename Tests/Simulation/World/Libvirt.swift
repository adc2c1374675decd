import AgentAPI
import GuardCore
import LockModel

/// How a guest begins.
enum Launch {
  case fresh
  /// Its CPUs wait to be resumed.
  case paused
  /// From the image that libvirt keeps for it, or from a file.
  case managedSave, saveFile

  var isRestore: Bool { self == .managedSave || self == .saveFile }
}

// libvirt's daemon: the hooks of a guest's life in the order in which libvirt 9.0.0 runs them
// (src/qemu/qemu_process.c, qemuProcessInit to qemuProcessStop; src/util/virprocess.c).
extension World {
  // MARK: - The daemon

  func startDaemon(_ node: Node) {
    guard let boot = node.boot, boot.daemon == nil else { return }
    let daemon = Daemon(number(), boot.process())
    boot.daemon = daemon
    tell(node, "libvirtd", "starts")
    for (index, domain) in boot.domains.sorted(by: { $0.key < $1.key }) {
      daemon.busy.insert(index)
      after(1...200, .daemon(daemon.number)) { [self] in reconnect(domain, node, daemon) }
    }
    for index in node.autostarts.sorted() {
      after(1...200, .daemon(daemon.number)) { [self] in start(guests[index], on: node) }
    }
  }

  /// SIGTERM: what it has begun it brings to an end.
  func stopDaemon(_ node: Node) {
    guard let daemon = node.boot?.daemon else { return }
    tell(node, "libvirtd", "is told to end")
    daemon.isLeaving = true
    leaveWhenIdle(daemon, node)
  }

  private func leaveWhenIdle(_ daemon: Daemon, _ node: Node) {
    after(10...100, .daemon(daemon.number)) { [self] in
      if daemon.busy.isEmpty { killDaemon(node) } else { leaveWhenIdle(daemon, node) }
    }
  }

  /// Its hooks go on without it, and so does QEMU.
  func killDaemon(_ node: Node) {
    guard let boot = node.boot, let daemon = boot.daemon else { return }
    tell(node, "libvirtd", daemon.isLeaving ? "ends" : "is KILLED")
    boot.daemon = nil
    beforeLong(.boot(boot.number)) { [self] in startDaemon(node) }
    agenda.end([.daemon(daemon.number)])
    notice(daemon.process, node)
  }

  private func reconnect(_ domain: Boot.Domain, _ node: Node, _ daemon: Daemon) {
    let guest = domain.qemu.guest
    guard domain.qemu.isAlive, domain.isComplete else {
      return tearDown(guest, domain.qemu, node, daemon)
    }
    runHook(.reconnect, guest, uses: domain.qemu.uses, on: node, by: daemon) { [self] isYes in
      guard isYes else { return tearDown(guest, domain.qemu, node, daemon) }
      daemon.busy.remove(guest.index)
      recoverMigration(of: domain.qemu, node)
      if !domain.qemu.isAlive { lookAfter(domain.qemu, node, daemon) }
    }
  }

  // MARK: - Start

  /// `virsh start`, or the restore of a managed-saved guest.
  ///
  /// - Parameters:
  ///   - launch: whether its CPUs run in the end, and whether it goes on with what was saved. A guest of
  ///     which there is a managed save image goes on with that.
  ///   - isTwin: a second daemon starts a guest that runs: no job of the first keeps it from that.
  func start(_ guest: Guest, on node: Node, _ launch: Launch = .fresh, isTwin: Bool = false) {
    guard let boot = node.boot, let daemon = boot.daemon, !daemon.isLeaving else { return }
    if isTwin {
      daemon.twins.insert(guest.index)
    } else {
      guard !daemon.busy.contains(guest.index), boot.domains[guest.index] == nil else { return }
    }
    daemon.busy.insert(guest.index, isTwin: isTwin)
    let launch = node.saved.contains(guest.index) ? .managedSave : launch
    tell(node, "libvirtd", "\(launch.isRestore ? "restores" : "starts") \(guest.name)")
    guard launch.isRestore else { return prepare(guest, launch, node, daemon) }
    runHook(.restore, guest, uses: guest.disks, on: node, by: daemon) { [self] isYes in
      guard isYes else {
        daemon.busy.remove(guest.index)
        return
      }
      prepare(guest, launch, node, daemon)
    }
  }

  private func prepare(_ guest: Guest, _ launch: Launch, _ node: Node, _ daemon: Daemon) {
    runHook(.prepare, guest, uses: guest.disks, on: node, by: daemon) { [self] isYes in
      guard isYes else { return tearDown(guest, nil, node, daemon) }
      after(5...300, .daemon(daemon.number)) { [self] in
        if failsToStart() {
          tell(node, "libvirtd", "start of \(guest.name) fails before its start hook")
          return tearDown(guest, nil, node, daemon)
        }
        begin(guest, launch, node, daemon)
      }
    }
  }

  private func begin(_ guest: Guest, _ launch: Launch, _ node: Node, _ daemon: Daemon) {
    let isGuarded = !isSkipped(.start, on: node)
    let then: (Bool) -> Void = { [self] isYes in
      guard isYes else { return tearDown(guest, nil, node, daemon) }
      // The design gives a start of which it has heard nothing else 20 s.
      after(2...500, .daemon(daemon.number), within: 1_000) { [self] in
        if failsToStart() {
          tell(node, "libvirtd", "start of \(guest.name) fails after its start hook")
          return tearDown(guest, nil, node, daemon)
        }
        fork(guest, launch, isGuarded: isGuarded, node, daemon)
      }
    }
    if isGuarded {
      runHook(.start, guest, uses: guest.uses, on: node, by: daemon, then: then)
    } else {
      tell(node, "hook", "start \(guest.name) is not run")
      then(true)
    }
  }

  private func fork(
    _ guest: Guest, _ launch: Launch, isGuarded: Bool, _ node: Node, _ daemon: Daemon
  ) {
    guard let boot = node.boot else { return }
    let qemu = QEMU(
      boot.process(), guest, node: node.index, isGuarded: isGuarded && !node.isObserving)
    boot.processes.append(qemu)
    boot.domains[guest.index] = Boot.Domain(qemu: qemu)
    changes += 1
    // Whether or not the daemon still lives: the design gives the child 2 s after that.
    after(5...100, .boot(boot.number), within: 500) { [self] in
      guard qemu.isAlive else { return }
      if boot.daemon !== daemon, chance(2) {
        return exit(qemu, node, "gives up without its parent")
      }
      tell(node, "qemu", "\(guest.name) opens its images (pid \(qemu.process.pid))")
      qemu.stage = .running
      qemu.isHalted = true
      qemu.isSuspended = launch == .paused
      changes += 1
      if failsToStart() { exit(qemu, node, "cannot start") }
      // libvirt talks to its monitor for a while before it lets the CPUs run.
      after(150...500, .daemon(daemon.number)) { [self] in
        if qemu.isHalted, !qemu.isKilled {
          qemu.isHalted = false
          changes += 1
        }
        after(5...60, .daemon(daemon.number)) { [self] in
          finishStart(qemu, launch, node, daemon)
        }
      }
    }
  }

  private func finishStart(_ qemu: QEMU, _ launch: Launch, _ node: Node, _ daemon: Daemon) {
    let guest = qemu.guest
    guard qemu.isAlive else { return tearDown(guest, qemu, node, daemon) }
    runHook(.started, guest, uses: guest.uses, on: node, by: daemon) { [self] isYes in
      guard isYes, qemu.isAlive, let boot = node.boot else {
        return tearDown(guest, qemu, node, daemon)
      }
      boot.domains[guest.index] = Boot.Domain(qemu: qemu, isComplete: true)
      daemon.busy.remove(guest.index)
      tell(node, "libvirtd", "\(guest.name) \(launch == .paused ? "waits to be resumed" : "runs")")
      removeSaveImage(guest, node)
      if !qemu.isAlive { lookAfter(qemu, node, daemon) }
    }
  }

  // MARK: - End

  /// qemuProcessStop: QEMU is killed if it is there, the hooks are run whatever comes of it.
  func tearDown(_ guest: Guest, _ qemu: QEMU?, _ node: Node, _ daemon: Daemon) {
    if let qemu { kill(qemu, on: node) }
    awaitEnd(of: qemu, until: now + 42_000, daemon) { [self] in
      let uses = qemu?.uses ?? guest.uses
      runHook(.stopped, guest, uses: uses, on: node, by: daemon) { [self] _ in
        // Before the last hook there are no status file and no pid file any more.
        if let boot = node.boot, boot.domains[guest.index]?.qemu === qemu {
          boot.domains[guest.index] = nil
        }
        runHook(.release, guest, uses: uses, on: node, by: daemon) { [self] _ in
          tell(node, "libvirtd", "has done with \(guest.name)")
          daemon.busy.remove(guest.index)
        }
      }
    }
  }

  /// virProcessKillPainfully gives up after 42 s, and says that all is well.
  private func awaitEnd(
    of qemu: QEMU?, until deadline: Int64, _ daemon: Daemon, then: @escaping () -> Void
  ) {
    guard let qemu, qemu.isAlive, now < deadline else {
      after(1...10, .daemon(daemon.number)) { then() }
      return
    }
    after(50...500, .daemon(daemon.number)) { [self] in
      awaitEnd(of: qemu, until: deadline, daemon, then: then)
    }
  }

  /// `virsh destroy`.
  func destroy(_ guest: Guest, on node: Node) {
    guard let (daemon, qemu) = idle(guest, node) else { return }
    tell(node, "libvirtd", "destroys \(guest.name)")
    daemon.busy.insert(guest.index)
    tearDown(guest, qemu, node, daemon)
  }

  /// `virsh managedsave`, or `virsh save` to a file that libvirt does not look after.
  func save(_ guest: Guest, on node: Node, toFile: Bool = false) {
    // A restore would begin with what the definition names.
    guard let (daemon, qemu) = idle(guest, node), qemu.uses == guest.uses else { return }
    tell(node, "libvirtd", "saves \(guest.name)")
    daemon.busy.insert(guest.index)
    qemu.isBeingSaved = true
    replaceStatusFile(of: qemu, node)
    after(50...400, .daemon(daemon.number)) { [self] in
      if qemu.isAlive, toFile {
        tell(node, "libvirtd", "has saved \(guest.name) to a file")
      } else if qemu.isAlive {
        node.saved.insert(guest.index)
        if !qemu.isGuarded || qemu.hasLostLocks || !qemu.unlocked.isEmpty {
          node.savedWithoutLocks.insert(guest.index)
        }
        tell(node, "libvirtd", "has written the save image of \(guest.name)")
      }
      tearDown(guest, qemu, node, daemon)
    }
  }

  /// `virsh managedsave-remove`, or a restore that is done with it.
  func removeSaveImage(_ guest: Guest, _ node: Node) {
    guard node.saved.remove(guest.index) != nil else { return }
    node.savedWithoutLocks.remove(guest.index)
    changes += 1
    tell(node, "libvirtd", "removes the save image of \(guest.name)")
    guard let agent = node.boot?.agent, agent.watchesSaveImages else { return }
    post(.saveImageRemoved(name: guest.name), to: agent)
  }

  /// A guest that no job of libvirt's is about; a migration's job stands, whatever a second daemon's start
  /// has ended.
  func idle(_ guest: Guest, _ node: Node) -> (Daemon, QEMU)? {
    guard let boot = node.boot, let daemon = boot.daemon,
      !daemon.isLeaving, !daemon.busy.contains(guest.index),
      let domain = boot.domains[guest.index],
      (domain.qemu.departure == nil && !domain.qemu.isReceiving)
        || migrations[guest.index]?.isBroken == true
    else { return nil }
    return (daemon, domain.qemu)
  }

  // MARK: - QEMU

  func kill(_ qemu: QEMU, on node: Node) {
    guard qemu.isAlive, !qemu.isKilled, let boot = node.boot else { return }
    if faults.hangsWhenKilled(self) {
      stick(qemu, node)
      after(20_000...120_000, .boot(boot.number)) { [self] in unstick(qemu, node) }
    }
    qemu.isKilled = true
    tell(
      node, "qemu",
      "\(qemu.guest.name) is killed (pid \(qemu.process.pid))\(qemu.isStuck ? ", but in D state" : "")"
    )
    guard !qemu.isStuck else { return }
    after(1...20, .boot(boot.number)) { [self] in exit(qemu, node, "is gone") }
  }

  /// The process ends: by itself, or by a signal.
  func exit(_ qemu: QEMU, _ node: Node, _ how: String) {
    guard qemu.isAlive, let boot = node.boot else { return }
    qemu.stage = .dead
    boot.processes.removeAll { $0 === qemu }
    changes += 1
    tell(node, "qemu", "\(qemu.guest.name) \(how) (pid \(qemu.process.pid))")
    notice(qemu.process, node)
    if let daemon = boot.daemon { lookAfter(qemu, node, daemon) }
  }

  func stick(_ qemu: QEMU, _ node: Node) {
    guard qemu.stage == .running, !qemu.isKilled else { return }
    qemu.isStuck = true
    tell(node, "qemu", "\(qemu.guest.name) hangs in D state")
  }

  func unstick(_ qemu: QEMU, _ node: Node) {
    guard qemu.isStuck, let boot = node.boot else { return }
    qemu.isStuck = false
    tell(node, "qemu", "\(qemu.guest.name) hangs no more")
    if qemu.isKilled { after(1...20, .boot(boot.number)) { [self] in exit(qemu, node, "is gone") } }
  }

  /// The monitor's end of file.
  private func lookAfter(_ qemu: QEMU, _ node: Node, _ daemon: Daemon) {
    after(10...60, .daemon(daemon.number)) { [self] in
      guard let boot = node.boot, let domain = boot.domains[qemu.guest.index],
        domain.qemu === qemu, !daemon.busy.contains(qemu.guest.index)
      else { return }
      daemon.busy.insert(qemu.guest.index)
      tearDown(qemu.guest, qemu, node, daemon)
    }
  }

  /// The agent's descriptor of a process that has ended becomes readable.
  func notice(_ process: ProcessRef, _ node: Node) {
    guard let agent = node.boot?.agent, agent.watched.contains(process) else { return }
    post(.exited(process), to: agent)
  }
}
