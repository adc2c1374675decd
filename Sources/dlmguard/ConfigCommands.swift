import AgentAPI
import ArgumentParser
import Configuration

struct Config: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check the configuration, or show what it comes to.",
    subcommands: [ConfigCheck.self, ConfigShow.self])

  @OptionGroup var common: CommonOptions
}

struct ConfigCheck: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Tell every mistake in a configuration file and its drop-in files.")

  @Argument(
    help: ArgumentHelp(
      """
      The main file (default: \(HookSettings.defaultFile)); its drop-in files are FILE.d/*.conf.
      """))
  var file: String?

  @OptionGroup var common: CommonOptions

  func run() throws {
    do throws(Configuration.Mistakes) {
      let read = try ConfigurationFile(named: file)
      common.show(.object(("problems", .array([])))) { _ in ["\(shown(read.file)): ok"] }
    } catch {
      if common.json { common.show(error.json) { _ in [] } }
      throw common.quitOver(error)
    }
  }
}

struct ConfigShow: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show the value of every setting, and where it stands.")

  @OptionGroup var config: ConfigOption
  @OptionGroup var common: CommonOptions

  func run() throws {
    let file = try common.configuration(config.config)
    common.show(file.json) { SettingsText(file: file, style: $0).lines }
  }
}

struct ConfigOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      The main configuration file (default: \(HookSettings.defaultFile)); its drop-in files are \
      FILE.d/*.conf.
      """,
      valueName: "file"))
  var config: String?
}

extension ConfigurationFile {
  /// The usual one, which need not be there, unless a person names another.
  init(named file: String?) throws(Configuration.Mistakes) {
    try self.init(at: file ?? HookSettings.defaultFile, mustExist: file != nil)
  }
}

extension CommonOptions {
  /// - Throws: an `ExitCode`, once the person has been told every mistake.
  func configuration(_ file: String?) throws -> ConfigurationFile {
    do throws(Configuration.Mistakes) {
      return try ConfigurationFile(named: file)
    } catch {
      throw quitOver(error)
    }
  }

  /// As compilers tell mistakes: whoever reads `FILE:LINE:` finds the place.
  fileprivate func quitOver(_ mistakes: Configuration.Mistakes) -> ExitCode {
    for problem in mistakes.problems { printError(shownMessage("\(problem)")) }
    return ExitCode(ProgramExit.no.rawValue)
  }
}

extension Configuration.Mistakes {
  /// `problems`, each with `file`, `line` (null where none is to blame) and `problem`.
  var json: JSON {
    .object(
      (
        "problems",
        .array(
          problems.map { problem in
            .object(
              ("file", .string(problem.file)),
              ("line", problem.line.map { .integer(Int64($0)) } ?? .null),
              ("problem", .string(problem.problem)))
          })
      ))
  }
}
