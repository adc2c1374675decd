import AgentAPI
import GuardCore
import LockModel
import ResourceIdentity
import TOMLKit

/// dlmguard.conf as the agent understands it: flat TOML, nothing in it ignored.
public struct Configuration: Hashable, Sendable {
  /// What keeps the locks.
  public enum Engine: String, CaseIterable, Hashable, Sendable {
    /// A table in this agent, for one host.
    case local
    /// The kernel's distributed lock manager, for a cluster.
    case dlm
  }

  /// `engine` of dlmguard.conf.
  public var engine = Engine.local
  /// The DLM's lockspace: every node that shares storage names the same one.
  public var lockspace = "libvirt"
  /// Whether locks are kept in a cluster without fencing, where two nodes may hold one lock.
  public var allowUnfenced = false
  /// How long a lockspace may stand still, as it does while a dead node is fenced, before that is
  /// reported, in ms.
  public var stoppedLimit: Int64 = 60_000
  /// The node's name in names and messages; nil for the host name.
  public var nodeName: String?
  /// What the core decides by: `readonly`, `unlockable` and `release_grace_ms` of dlmguard.conf, and
  /// what `hook_timeout_ms` leaves for an answer.
  public var policy = Policy(answerLimit: answerLimit(hookTimeout: HookSettings().hookTimeout))
  /// Where the agent listens.
  public var socket = HookSettings().socket
  /// Where the ledger lies.
  public var stateDirectory = "/var/lib/dlmguard"
  /// What nodes share by the administrator's word: `[[storage]]` of dlmguard.conf.
  public var storages: [Storage] = []
  /// How long storage may take to say what a path is, in ms.
  public var storageTimeout: Int64 = 5_000
  /// Where libvirt keeps its pid files.
  public var libvirtRunDirectory = "/run/libvirt/qemu"
  /// Where libvirt keeps managed save images.
  public var libvirtSaveDirectory = "/var/lib/libvirt/qemu/save"

  /// What is wrong with a file, for a person.
  public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The path of the file, as the agent was given it.
    public let file: String
    /// Counted from 1; nil where no line is to blame.
    public let line: Int?
    /// Begins with the key, where one is to blame.
    public let problem: String

    /// `FILE:LINE: PROBLEM`, as compilers write it, or without the line where none is to blame.
    public var description: String {
      line.map { "\(file):\($0): \(problem)" } ?? "\(file): \(problem)"
    }
  }

  /// What holds where there is no file.
  public init() {}

  /// Reads the text of a file.
  ///
  /// - Throws: ``Problem`` for what is not TOML, for unknown keys, wrong types and impossible values.
  public init(toml text: String, file: String) throws(Problem) {
    let table: TOMLTable
    do {
      table = try TOMLTable(string: text)
    } catch let error as TOMLParseError {
      throw Problem(
        file: file, line: Int(error.source.begin.line), problem: error.description)
    } catch {
      throw Problem(file: file, line: nil, problem: "\(error)")
    }
    var reader = ConfigurationReader(table: table, text: text, file: file)
    try reader.choice("engine", &engine)
    try reader.lockspace("lockspace", &lockspace)
    try reader.flag("allow_unfenced", &allowUnfenced)
    try reader.milliseconds("stopped_limit_ms", 1_000...3_600_000, &stoppedLimit)
    try reader.optionalString("node_name", &nodeName)
    try reader.choice("readonly", &policy.readOnly)
    try reader.choice("unlockable", &policy.unlockable)
    try reader.path("socket", &socket)
    try reader.path("state_dir", &stateDirectory)
    try reader.milliseconds("storage_timeout_ms", 100...60_000, &storageTimeout)
    try reader.milliseconds("release_grace_ms", 0...600_000, &policy.releaseGrace)
    try reader.storages("storage", &storages)
    try reader.path("libvirt_run_dir", &libvirtRunDirectory)
    try reader.path("libvirt_save_dir", &libvirtSaveDirectory)
    let hooks = try reader.hookSettings()
    policy.answerLimit = Self.answerLimit(hookTimeout: hooks.hookTimeout)
    try reader.nothingElse()
  }

  /// The hook needs some of its time for itself: to start, to read the XML, to be scheduled on a
  /// host that is busy with the same start.
  private static func answerLimit(hookTimeout: Int) -> Int64 {
    Int64(max(hookTimeout - 1_000, hookTimeout / 2))
  }
}
