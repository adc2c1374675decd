import AgentAPI
import CLinux
import Cluster
import Configuration
import Dispatch
import Glibc
import GuardCore
import LockEngines
import LockModel
import Logging

/// The agent as a program: everything is put together here, and runs until SIGTERM or SIGINT;
/// SIGHUP makes it read its configuration again.
public struct Daemon: Sendable {
  private let configuration: Configuration
  private let file: String
  private let reloads = DispatchQueue(label: "dlmguard.configuration")

  /// Why the agent cannot run, for a person.
  public struct Failure: Error, CustomStringConvertible {
    /// One line: what was attempted or read, and what is wrong.
    public let description: String
  }

  /// Reads the configuration; a file that is not there is an empty one.
  ///
  /// - Throws: ``Failure`` where it is wrong, and the agent should not guess.
  public init(configurationFile file: String) throws(Failure) {
    self.file = file
    do throws(Configuration.Mistakes) {
      configuration = try ConfigurationFile(at: file).configuration
    } catch {
      throw Failure(description: "\(error)")
    }
  }

  /// Runs the agent on this thread, which must be the program's first and only one yet.
  ///
  /// - Throws: ``Failure`` where it cannot start.
  public func run() throws(Failure) {
    do {
      try serve()
    } catch {
      throw Failure(description: "\(error)")
    }
  }

  private func serve() throws {
    // Before any thread exists, so that every one inherits the mask.
    let signals = try SystemError.check("take signals", dlmguard_signals())
    // A pidfd for every guest, and a socket for every client.
    dlmguard_allow_many_files()
    let isJournal = getenv("JOURNAL_STREAM") != nil
    let log = Logger(label: "dlmguardd") { _ in JournalLog(isJournal: isJournal) }
    let directory = String(
      configuration.socket[
        ..<(configuration.socket.lastIndex(of: "/") ?? configuration.socket.startIndex)])
    try SystemError.check(
      "create the directory \(directory)", dlmguard_make_directory(directory))
    try lockForProcess("\(configuration.socket).lock")
    if configuration.engine == .dlm { try lockLockspace() }

    let loop = try EventLoop()
    let name = configuration.node
    var ledger = try Ledger(
      stateDirectory: configuration.stateDirectory, node: name, boot: try Self.bootID())
    var contents = try ledger.read()
    if let former = contents.node, former != name {
      // The name is part of every local file's name: under another one, a second guest would not
      // be seen to use the files of those that run.
      ledger.node = former
      contents.problems.append(
        "this node is called \(name) now, but the locks on record are those of \(former): it goes on "
          + "under that name. Restart the agent when none of these guests is left")
    }
    let agent = NodeAgent(
      loop: loop, configuration: configuration,
      description: NodeDescription(
        node: ledger.node, engine: configuration.engine.rawValue,
        lockspace: configuration.engine == .dlm ? configuration.lockspace : nil,
        locksOutliveAgent: configuration.engine == .dlm, version: dlmguardVersion,
        pid: getpid(), started: Timestamp(milliseconds: dlmguard_now())),
      ledger: ledger, supervisor: Supervisor(), log: log,
      journal: isJournal ? JournalSocket() : nil)
    try loop.watch(signals, for: .readable) { _ in
      let signal = dlmguard_next_signal(signals)
      guard signal != 0 else { return }
      if signal == SIGHUP { return reload(agent) }
      loop.forget(signals)
      log.notice("stopping; locks of running guests stay recorded for the next agent")
      agent.stop()
    }
    switch configuration.engine {
    case .local:
      try agent.start(with: contents, engine: LocalEngine())
      loop.run()
    case .dlm:
      let member = ClusterMember(
        lockspace: configuration.lockspace, as: configuration.nodeID, agent: agent,
        contents: contents, log: log)
      let watch = try ClusterWatch(
        .init(
          lockspace: configuration.lockspace, bound: configuration.stoppedLimit,
          allowUnfenced: configuration.allowUnfenced),
        report: member.take)
      try agent.join(configuration.lockspace)
      loop.run()
      watch.stop()
    }
  }

  /// One after the other, so that the last one counts; off the event loop, because disks can be slow.
  private func reload(_ agent: NodeAgent) {
    reloads.async { [file] in
      do throws(Configuration.Mistakes) {
        agent.take(try ConfigurationFile(at: file).configuration)
      } catch {
        agent.refuse(error)
      }
    }
  }

  /// Two agents with different sockets would adopt and free each other's locks.
  private func lockLockspace() throws {
    let directory = "/run/dlmguard"
    try SystemError.check("create the directory \(directory)", dlmguard_make_directory(directory))
    try lockForProcess("\(directory)/lockspace-\(configuration.lockspace).lock")
  }

  /// Held until the process ends.
  private func lockForProcess(_ path: String) throws {
    let lock = dlmguard_lock_file(path)
    guard lock != -EWOULDBLOCK else {
      throw SystemError(attempt: "run beside another dlmguardd on this node", errno: EBUSY)
    }
    try SystemError.check("lock \(path)", lock)
  }

  private static func bootID() throws(SystemError) -> String {
    let path = "/proc/sys/kernel/random/boot_id"
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = try SystemError.check(
      "read \(path)", Int32(clamping: dlmguard_read_file(path, &bytes, bytes.count)))
    return String(decoding: bytes[..<Int(count)].prefix { $0 > 0x20 }, as: UTF8.self)
  }
}
