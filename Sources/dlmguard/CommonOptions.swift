import AgentAPI
import ArgumentParser
import Glibc
import LockModel

/// What every command takes, and how it asks the agent.
struct CommonOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Where the agent listens (default: $DLMGUARD_SOCKET, else \(AgentClient.defaultPath)).
      """,
      valueName: "path"))
  var socket: String?

  @Flag(help: "Print JSON, for programs.")
  var json = false

  private var path: String { path(configured: AgentClient.defaultPath) }

  private func path(configured path: String) -> String {
    socket ?? getenv("DLMGUARD_SOCKET").map { String(cString: $0) } ?? path
  }

  /// Asks the agent, and takes from its answer what `read` finds in it.
  ///
  /// - Throws: an `ExitCode`, once the person has been told why.
  func ask<Answer>(_ request: Request, _ read: (Reply) -> Answer?) throws -> Answer {
    let reply: Reply
    do throws(AgentUnreachable) {
      reply = try client().ask(request)
    } catch {
      throw unreachable(error)
    }
    if case .refused(let refusal) = reply { throw quit(.no, shownMessage(refusal.message)) }
    guard let answer = read(reply) else {
      throw unreachable(.garbled("an answer to another question"))
    }
    return answer
  }

  /// - Throws: an `ExitCode`, once the person has been told why.
  func status() throws -> StatusReport {
    try ask(.status) { reply in if case .status(let status) = reply { status } else { nil } }
  }

  /// - Parameter patience: how long to wait for an agent that listens, in ms.
  func client(patience: Int = 0) -> AgentClient {
    AgentClient(path: path, patience: patience)
  }

  /// For the agent of a configuration, unless a person names another; and where it asks.
  func client(configured path: String) -> (AgentClient, path: String) {
    let path = self.path(configured: path)
    return (AgentClient(path: path), path)
  }

  /// Tells the person why the agent cannot be asked, and returns what ends the program.
  func unreachable(_ reason: AgentUnreachable) -> ExitCode {
    quit(.unreachable, UnreachableText(path: path, reason: reason).line)
  }

  /// Tells the person why, and returns what ends the program with that status.
  func quit(_ status: ProgramExit, _ line: String) -> ExitCode {
    printError("dlmguard: \(line)")
    return ExitCode(status.rawValue)
  }

  /// Prints the answer for a program or for a person.
  func show(_ json: @autoclosure () -> JSON, _ text: (Style) -> [String]) {
    if self.json {
      print(json().pretty)
    } else {
      for line in text(Style.standardOutput) { print(line) }
    }
  }
}
