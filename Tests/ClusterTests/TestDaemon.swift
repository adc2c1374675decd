import Foundation
import Glibc
import Testing

extension Trait where Self == ConditionTrait {
  /// For suites that start daemons of a cluster.
  static var needsCorosyncNamespaces: Self {
    .enabled(
      if: ProcessInfo.processInfo.environment["DLMGUARD_COROSYNC"] != nil,
      "needs the namespaces of Tests/Corosync/run")
  }
}

/// A daemon that a test has started.
protocol TestDaemon {
  var process: Process { get }
}

extension TestDaemon {
  /// Stops the process, and returns when each of its threads has stopped: one that runs on another
  /// processor may otherwise still answer.
  func suspend() throws {
    Glibc.kill(process.processIdentifier, SIGSTOP)
    let tasks = "/proc/\(process.processIdentifier)/task"
    for _ in 1...1000 {
      let states = try FileManager.default.contentsOfDirectory(atPath: tasks).map { task in
        // proc_pid_stat(5): the state follows the name in parentheses.
        let stat = (try? String(contentsOfFile: "\(tasks)/\(task)/stat", encoding: .utf8)) ?? ""
        return stat.split(separator: ")").last?.first { $0 != " " }
      }
      if states.allSatisfy({ $0 == "T" }) { return }
      usleep(1000)
    }
    throw NeverCame(what: "the stop of process \(process.processIdentifier)")
  }

  /// Lets a suspended process go on.
  func resume() { Glibc.kill(process.processIdentifier, SIGCONT) }

  /// Ends the process, and returns when it has exited.
  func kill() {
    guard process.isRunning else { return }
    Glibc.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }
}
