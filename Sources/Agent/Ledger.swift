import AgentAPI
import CLinux
import Glibc
import GuardCore
import LockModel

/// The agent's record of owners and claims: a file an owner, `STATE/owners/UUID.INSTANCE.json`,
/// replaced at once and on stable storage before the engine is asked. Its methods block on the
/// disk: the agent calls them on one thread of their own, in order.
struct Ledger: Sendable {
  private let owners: String
  private let quarantine: String
  private let boot: String
  /// The node's name as it goes into records.
  var node: NodeName
  /// No record is larger: 10,000 claims of the longest names and paths.
  private static let maximumSize = 64 << 20

  /// - Parameter boot: `/proc/sys/kernel/random/boot_id`.
  /// - Throws: ``SystemError`` where the directories cannot be made.
  init(stateDirectory: String, node: NodeName, boot: String) throws(SystemError) {
    self.node = node
    owners = "\(stateDirectory)/owners"
    quarantine = "\(stateDirectory)/quarantine"
    self.boot = boot
    for directory in [owners, quarantine] {
      try SystemError.check(
        "create the directory \(directory)", dlmguard_make_directory(directory))
    }
  }

  /// - Throws: ``SystemError``: then the former record, if any, is still there as it was.
  func write(_ record: OwnerRecord) throws(SystemError) {
    let bytes = Array(record.json(node: node, boot: boot).pretty.utf8)
    try SystemError.check(
      "write \(owners)/\(record.owner).json",
      dlmguard_replace_file(owners, "\(record.owner).json", bytes, bytes.count))
  }

  /// - Throws: ``SystemError``: then the record may still be there.
  func erase(_ owner: OwnerID) throws(SystemError) {
    try SystemError.check(
      "remove \(owners)/\(owner).json", dlmguard_remove_file(owners, "\(owner).json"))
  }

  /// What the ledger held when it was read.
  struct Contents: Sendable {
    var records: [OwnerRecord] = []
    /// What an operator should know about records that could not be read.
    var problems: [String] = []
    /// The node's name when the records were written; nil where there are none.
    var node: NodeName?
  }

  /// Every record. Those that cannot be read are moved aside, because one bad file must not keep all
  /// the others from being honoured.
  ///
  /// - Throws: ``SystemError`` where the directory itself cannot be read.
  func read() throws(SystemError) -> Contents {
    var contents = Contents()
    for name in try names() {
      guard name.hasSuffix(".json"), !name.hasPrefix(".") else {
        // A replacement that a crash cut short: the record that it was to replace is whole.
        if name.hasPrefix("."), name.hasSuffix(".new") { _ = dlmguard_remove_file(owners, name) }
        continue
      }
      do {
        let json = try JSON(try bytes(of: name))
        let record = try OwnerRecord(json, boot: boot)
        guard name == "\(record.owner).json" else {
          throw MalformedMessage(field: "owner", problem: "is not that of the file's name")
        }
        contents.node = NodeName(try json.string("node"))
        contents.records.append(record)
      } catch {
        contents.problems.append(
          "ledger record \(owners)/\(name) cannot be read (\(error)); moved to \(quarantine). If "
            + "its domain runs, it runs UNGUARDED: see what the record says, and restart the domain"
        )
        setAside(name)
      }
    }
    return contents
  }

  private func names() throws(SystemError) -> [String] {
    var capacity = 1 << 16
    while true {
      var names = [CChar](repeating: 0, count: capacity)
      let count = dlmguard_list_directory(owners, &names, capacity)
      if count == -Int(ERANGE) {
        capacity *= 4
        continue
      }
      try SystemError.check("read the directory \(owners)", Int32(clamping: count))
      return names[..<count].split(separator: 0).map { name in
        String(decoding: name.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      }
    }
  }

  private func bytes(of name: String) throws(SystemError) -> [UInt8] {
    var capacity = 1 << 16
    while true {
      var bytes = [UInt8](repeating: 0, count: capacity)
      let count = try SystemError.check(
        "read \(owners)/\(name)",
        Int32(clamping: dlmguard_read_file("\(owners)/\(name)", &bytes, capacity)))
      if Int(count) < capacity { return Array(bytes[..<Int(count)]) }
      guard capacity < Self.maximumSize else {
        throw SystemError(attempt: "read \(owners)/\(name)", errno: EFBIG)
      }
      capacity *= 4
    }
  }

  private func setAside(_ name: String) {
    _ = rename("\(owners)/\(name)", "\(quarantine)/\(name)")
  }
}
