import Agent
import AgentAPI
import ArgumentParser
import Glibc

struct DaemonCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dlmguardd",
    abstract: "The node agent of dlmguard: keeps the locks of this host's virtual machines.",
    version: dlmguardVersion)

  @Option(help: "The configuration file.")
  var config = "/etc/dlmguard/dlmguard.conf"

  @Flag(help: "Only check the configuration.")
  var checkConfig = false

  func run() throws {
    do throws(Daemon.Failure) {
      let daemon = try Daemon(configurationFile: config)
      if !checkConfig { try daemon.run() }
    } catch {
      FileHandleError.write("dlmguardd: \(error)\n")
      throw ExitCode(1)
    }
  }
}

private enum FileHandleError {
  static func write(_ text: String) {
    let bytes = Array(text.utf8)
    _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
  }
}
