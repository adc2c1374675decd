import AgentAPI
import ArgumentParser
import Configuration
import LockModel

struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Look at everything that the guard of this node stands on, and say what mends it.",
    discussion: """
      The hook, the agent, the configuration, the cluster below it, libvirt's files, and what is left over. \
      Needs no agent.

      Exit status: 0 where nothing fails (warnings are for a person to judge), 1 where something does.
      """)

  @Option(
    help: ArgumentHelp("Also say how each node would know an image or device.", valueName: "path"),
    completion: .file())
  var path: String?

  @OptionGroup var config: ConfigOption
  @OptionGroup var common: CommonOptions

  func run() throws {
    var place: String?
    if let path {
      place = AbsolutePath.of(path, in: AbsolutePath.workingDirectory)
      guard place != nil else {
        throw common.quit(
          .no, "the working directory is gone: give the path of \(Quoted(path)) from / on")
      }
    }
    let examination = Examination(
      .now(file: config.config, path: place) { common.client(configured: $0.socket) })
    common.show(DoctorText.json(examination)) {
      DoctorText(findings: examination.findings, style: $0).lines
    }
    if examination.worst == .failure { throw ExitCode(ProgramExit.no.rawValue) }
  }
}
