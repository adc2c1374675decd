import Agent
import AgentAPI
import ArgumentParser
import Glibc

@main
struct DaemonCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dlmguardd",
    abstract: "The node agent of dlmguard: keeps the locks of this host's virtual machines.",
    version: dlmguardVersion)

  @Option(help: "The configuration file.")
  var config = HookSettings.defaultFile

  @Flag(help: "Only check the configuration.")
  var checkConfig = false

  func run() throws {
    do throws(Daemon.Failure) {
      let daemon = try Daemon(configurationFile: config)
      if !checkConfig { try daemon.run() }
    } catch {
      complain("dlmguardd: \(error)\n")
      throw ExitCode.failure
    }
  }

  private func complain(_ line: String) {
    let bytes = Array(line.utf8)
    _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
  }
}
