import AgentAPI
import ArgumentParser
import CLinux
import Glibc
import LockModel

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a command while nobody else uses what it works on.",
    usage: "dlmguard run [--exclusive|--shared|--read] PATH… -- COMMAND [ARGUMENT…]",
    discussion: """
      Locks every path, or none, and becomes the command: its locks live exactly as long as its process, \
      whatever ends it. What the command leaves behind in the background holds nothing. Nothing is run \
      where somebody else has what is named.

      Exit status: the command's own; 1 where a lock was refused; 3 where the agent cannot be reached; 126 \
      or 127 where the command cannot be run, or is not there.
      """)

  @Flag(exclusivity: .exclusive)
  var mode = WantedMode.exclusive

  @Argument(
    help: "Images, devices or directories; or names of resources, as dlmguard who shows them.")
  var paths: [String]

  @OptionGroup var common: CommonOptions

  /// What to run, without a shell. The parser knows no two lists one after the other.
  var command: [String] = []

  private enum CodingKeys: CodingKey {
    case mode, paths, common
  }

  func run() throws {
    let resources = try common.resources(paths, mode)
    let domain = Domain(uuid: .random(), name: Self.name(command[0]))
    let owner = try common.ask(.register(domain, pid: getpid())) { reply in
      if case .registered(let owner) = reply { owner } else { nil }
    }
    try common.ask(.attach(.uuid(owner.domain), resources)) { $0 == .done ? () : nil }
    throw become()
  }

  /// What refusals call it by.
  private static func name(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  /// The process stays the one that the agent watches. Returns where it could not become the command: then
  /// its own end frees the locks.
  private func become() -> ExitCode {
    let words = command.flatMap { Array($0.utf8CString) }
    let error = -dlmguard_become(words, words.count)
    let reason = String(cString: dlmguard_error_text(error))
    printError("dlmguard: \(Quoted(command[0])) cannot be run: \(reason)")
    return ExitCode(error == ENOENT ? 127 : 126)
  }
}

extension DomainUUID {
  /// One that nobody else has (RFC 9562, version 4).
  static func random() -> DomainUUID {
    var bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
    bytes[6] = bytes[6] & 0x0f | 0x40
    bytes[8] = bytes[8] & 0x3f | 0x80
    guard let uuid = DomainUUID(bytes: bytes) else { preconditionFailure("16 bytes are a UUID") }
    return uuid
  }
}
