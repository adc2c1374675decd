import DomainXML
import Glibc
import GuardCore
import HostWatch
import LockModel
import Logging
import Synchronization

/// Tells what becomes of running guests beside their hooks: what libvirt's status files say, as soon as
/// they change, and every 30 s whatever else there is to see.
///
/// Lives on the agent's event loop; files and processes are read on threads that may hang.
actor GuestWatch {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  /// How often it looks where nothing tells, in ms.
  private static let interval: Int64 = 30_000
  /// How long libvirt may take to pause a guest, in ms.
  private static let pauseLimit: Int64 = 3_000

  private let files: StatusFiles
  private let processes: ProcessTable
  private let hook: HookFile
  private let virsh: Virsh
  private let looksForStrays: Bool
  private let log: Logger
  /// The QEMU processes that libvirt keeps, for the thread that looks for others.
  private nonisolated let guests = Mutex<[FileName: ProcessRef]>([:])
  private var report: @Sendable (Event) -> Void = { _ in }
  private var watch: StatusWatch?
  private var threads: SpareThreads?
  private var readings: [FileName: Reading] = [:]
  private var isSweeping = false
  private var suspects = StraySuspects()
  /// Strays that nobody can be told by.
  private var nameless: Set<ProcessRef> = []
  /// libvirt daemons that have called the hook.
  private var callers: Set<ProcessRef> = []

  /// What is known of one file.
  private struct Reading {
    var version: StatusFiles.Version?
    var guest: DomainUUID?
    var isUnderWay = false
    /// It has changed since.
    var isDue = false
  }

  init(
    loop: EventLoop, files: StatusFiles, processes: ProcessTable, hook: HookFile, virsh: Virsh,
    looksForStrays: Bool, log: Logger
  ) {
    self.loop = loop
    self.files = files
    self.processes = processes
    self.hook = hook
    self.virsh = virsh
    self.looksForStrays = looksForStrays
    self.log = log
  }

  /// Looks from now on.
  ///
  /// - Parameter report: takes what there is to tell, on any thread.
  func begin(report: @escaping @Sendable (Event) -> Void) {
    self.report = report
    do {
      let watch = try StatusWatch(files)
      try loop.watch(watch.descriptor, for: .readable) { [self] _ in
        assumeIsolated { $0.hear() }
      }
      self.watch = watch
    } catch {
      // The sweeps see it all the same, later.
      log.error("changes of running guests are noticed every 30 s only: \(error)")
    }
    sweep()
  }

  private func hear() {
    switch watch?.changes() {
    case .files(let names): for name in names { read(name) }
    case .all: readAll()
    case nil: break
    }
  }

  // MARK: - Status files

  /// Reports one guest, or all, as they are now.
  func sight(_ domain: Domain?) {
    guard let domain else { return readAll() }
    let known = readings.filter { $0.value.guest == domain.uuid }.map(\.key)
    if known.isEmpty { readAll() }
    for name in known { read(name) }
  }

  private func readAll() {
    do throws(Unreadable) {
      for name in try files.all() { read(name) }
    } catch {
      log.error("\(error); looking again")
    }
  }

  private func read(_ name: FileName) {
    var reading = readings[name] ?? Reading()
    defer { readings[name] = reading }
    guard !reading.isUnderWay else {
      reading.isDue = true
      return
    }
    reading.isUnderWay = true
    run { [self, files, processes] in
      let result = Self.look(name, files, processes)
      post { $0.hasRead(name, result) }
    }
  }

  private struct Look: Sendable {
    var version: StatusFiles.Version?
    var guest: DomainUUID?
    var process: ProcessRef?
    var sighting: Sighting?
    var trouble: String?
  }

  /// Nil where the file is gone.
  private static func look(
    _ name: FileName, _ files: StatusFiles, _ processes: ProcessTable
  ) -> Look? {
    do {
      guard let reading = try files.read(name) else { return nil }
      let domain = reading.domain
      var look = Look(version: reading.version, guest: domain.uuid)
      guard let process = try processes.qemu(of: domain), let status = domain.status else {
        return look
      }
      look.process = process
      // One that is being received has nothing of its own yet.
      guard status.migration != .incoming else { return look }
      look.sighting = Sighting(
        domain: Domain(uuid: domain.uuid, name: domain.name), process: process,
        state: Sighting.State(
          isPaused: status.state != .running, isBeingSaved: status.isBeingSaved,
          departure: status.departure),
        resources: domain.resources, unguarded: domain.unguarded)
      return look
    } catch StatusFiles.Failure.notADomain(let version, let error) {
      return Look(version: version, trouble: "\(error)")
    } catch {
      return Look(trouble: "\(error)")
    }
  }

  private func hasRead(_ name: FileName, _ look: Look?) {
    let isDue = readings[name]?.isDue == true
    if let look {
      readings[name] = Reading(version: look.version, guest: look.guest)
      guests.withLock { $0[name] = look.process }
      if let trouble = look.trouble {
        log.error(
          "libvirt's status file \(Quoted("\(name)")) tells nothing of its guest: \(trouble)")
      }
      if let sighting = look.sighting { report(.sighted(sighting)) }
    } else {
      readings[name] = nil
      guests.withLock { $0[name] = nil }
    }
    // What has changed in the meantime, however often, is one reading. It does not wait: a guest that
    // is being saved says so for a moment only.
    if isDue { read(name) }
    tellStrays()
  }

  // MARK: - What nothing tells

  private func sweep() {
    loop.after(Self.interval) { [self] in assumeIsolated { $0.sweep() } }
    hear()
    readChanged()
    // A search may hang in the memory of a process.
    guard !isSweeping else { return }
    isSweeping = true
    run { [self, processes, hook] in
      let state = hook.state()
      let strays =
        looksForStrays
        ? processes.strays { guests.withLock { Set($0.values) } } : nil
      post { $0.hasSwept(state, strays) }
    }
  }

  private func readChanged() {
    do throws(Unreadable) {
      let difference = try files.difference(since: readings.compactMapValues(\.version))
      for name in difference.changed.union(difference.gone) { read(name) }
    } catch {
      log.error("\(error); looking again in 30 s")
    }
  }

  private func hasSwept(_ state: HookFile.State, _ strays: ProcessTable.Strays?) {
    isSweeping = false
    report(.unhooked(HookText(state, at: hook.path, heard: callers).alarm))
    for unreadable in strays?.unreadable ?? [] { log.error("\(unreadable)") }
    // What libvirt has begun to keep during the search is read first.
    hear()
    suspects.replace(with: strays?.found ?? [])
    tellStrays()
  }

  private func tellStrays() {
    let convicted = suspects.convicted(
      besides: guests.withLock { Set($0.values) },
      isReading: readings.values.contains { $0.isUnderWay })
    for stray in convicted where !stray.files.isEmpty { tell(stray) }
  }

  private func tell(_ stray: StrayQEMU) {
    let name = stray.name ?? "QEMU"
    if let obstacle = stray.obstacle {
      log.error("\(stray.process) of \(Quoted(name)) may use more than is seen: \(obstacle)")
    }
    guard let uuid = stray.uuid else {
      guard nameless.insert(stray.process).inserted else { return }
      return report(
        .alarm(
          "\(stray.process), a QEMU without a UUID that libvirt does not know, uses "
            + "\(Quoted(stray.files[0].path)): nothing it uses is locked"))
    }
    report(
      .sighted(
        Sighting(
          domain: Domain(uuid: uuid, name: name), process: stray.process, state: nil,
          resources: stray.files.enumerated().map { number, file in
            Resource(
              kind: file.isBlockDevice ? .block : .file, device: "open file \(number + 1)",
              source: file.isBlockDevice ? .block(file.path) : .file(file.path),
              access: file.isWritable ? .exclusiveWrite : .readOnly)
          })))
  }

  /// A libvirt daemon has called the hook, so it knows of it.
  func heard(from daemon: ProcessRef) {
    callers.insert(daemon)
  }

  // MARK: - Pausing

  /// Has a guest's CPUs stand still.
  func pause(_ owner: OwnerID, _ domain: Domain, _ process: ProcessRef) {
    run { [report, virsh, processes] in
      let pausing: Pausing
      do throws(Virsh.Failure) {
        try virsh.suspend(domain.uuid, within: Self.pauseLimit)
        pausing = .byLibvirt
      } catch {
        pausing = Self.stop(process, processes, because: error)
      }
      report(.paused(owner, pausing))
    }
  }

  private static func stop(
    _ process: ProcessRef, _ processes: ProcessTable, because failure: Virsh.Failure
  ) -> Pausing {
    let why =
      switch failure {
      case .notInstalled: "virsh is not installed"
      case .unstartable(let reason): "virsh cannot be run: \(reason)"
      case .refused(let text): "\(Quoted(text, limit: 300))"
      case .unanswered: "it did not answer within \(pauseLimit) ms"
      }
    do throws(PIDFD.Failure) {
      try PIDFD(process, in: processes).stop()
      return .bySignal(why)
    } catch {
      return .failed("\(why); and its process could not be stopped: \(error)")
    }
  }

  // MARK: - Threads

  private func run(_ work: @escaping @Sendable () -> Void) {
    var threads =
      threads
      ?? SpareThreads("dlmguard.guests", maximum: 4, limit: 16, loop: loop) { [self] thread in
        assumeIsolated { $0.threads?.free(thread) }
      }
    threads.run { _ in work() }
    self.threads = threads
  }

  private nonisolated func post(_ call: @escaping @Sendable (isolated GuestWatch) -> Void) {
    loop.post { [self] in assumeIsolated { call($0) } }
  }
}
