import AgentAPI
import ArgumentParser
import Glibc

/// What people type to see what the guard holds.
@main struct Dlmguard: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dlmguard",
    abstract: "Show which domain holds which storage.",
    discussion: """
      Exit status: 0 yes; 1 no: refused, unknown or in conflict; 2 the command line makes no \
      sense; 3 the agent cannot be reached. What dlmguard run runs has its own.
      """,
    version: dlmguardVersion,
    subcommands: [
      Status.self, Inquire.self, Who.self, Run.self, Acquire.self, Release.self, Revoke.self,
      Explain.self, Doctor.self, Events.self, Audit.self, MetricsShow.self, Config.self,
      Version.self,
    ])

  // Here too, so that the options may stand before the command as well as after it.
  @OptionGroup var common: CommonOptions

  static func main() {
    do {
      var command = try parse(Array(CommandLine.arguments.dropFirst()))
      try command.run()
    } catch {
      let status = ProgramExit(error)
      let text = fullMessage(for: error)
      if !text.isEmpty { status == .yes ? print(text) : printError(text) }
      // What a command ends with on purpose is meant so: dlmguard run has more of them.
      Glibc.exit((error as? ExitCode)?.rawValue ?? status.rawValue)
    }
  }

  /// What stands after -- belongs to the command that dlmguard run is to become, whatever it looks like.
  static func parse(_ arguments: [String]) throws -> any ParsableCommand {
    if let end = arguments.firstIndex(of: "--"),
      var run = (try? parseAsRoot(Array(arguments[..<end]))) as? Run
    {
      run.command = Array(arguments[(end + 1)...])
      if !run.command.isEmpty { return run }
    }
    let command = try parseAsRoot(arguments)
    if command is Run { throw ValidationError("Say what to run after --.") }
    return command
  }
}

/// The exit statuses of the management program.
enum ProgramExit: Int32 {
  case yes = 0
  case no = 1
  case usage = 2
  case unreachable = 3

  /// What a command's error means. ArgumentParser's own are help and version, which are answers,
  /// and command lines that it cannot read, for which it would exit with 64 (sysexits(3)).
  init(_ error: any Error) {
    let code = Dlmguard.exitCode(for: error)
    self = code == .validationFailure ? .usage : ProgramExit(rawValue: code.rawValue) ?? .no
  }
}
