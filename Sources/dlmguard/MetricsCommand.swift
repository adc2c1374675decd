import AgentAPI
import ArgumentParser
import Glibc
import LockModel

struct MetricsShow: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "metrics",
    abstract: "Show what the agent has counted, in Prometheus' text format.",
    discussion: """
      --output is for the textfile collector of the node exporter: the file is replaced at once, and \
      stays as it was where the agent does not answer. --serve answers one HTTP request on the \
      connection that is standard input and output: what systemd's dlmguard-metrics.socket starts.
      """)

  @Option(
    help: ArgumentHelp("Replace this file, which others may read.", valueName: "file"),
    completion: .file(extensions: ["prom"]))
  var output: String?

  @Flag(help: "Answer one HTTP request on standard input and output.")
  var serve = false

  @OptionGroup var common: CommonOptions

  func validate() throws {
    if serve && (output != nil || common.json) {
      throw ValidationError("--serve goes with neither --output nor --json.")
    }
  }

  func run() throws {
    if serve { return answer() }
    let families = try common.ask(.metrics, MetricsShow.families)
    if let output {
      try replace(output, with: Array(PrometheusText(families: families).text.utf8))
    } else {
      common.show(.object(("metrics", .array(families.map(\.json))))) { _ in
        PrometheusText(families: families).lines
      }
    }
  }

  private static func families(_ reply: Reply) -> [MetricFamily]? {
    if case .metrics(let families) = reply { families } else { nil }
  }

  private func answer() {
    // A client that does not ask, or does not read, is worth no process.
    alarm(10)
    let head = HTTPRequest.read(from: STDIN_FILENO)
    let response = HTTPRequest(head).answer {
      guard let reply = try? common.client().ask(.metrics) else { return nil }
      return Self.families(reply).map { PrometheusText(families: $0).text }
    }
    writeAll(response.bytes, to: STDOUT_FILENO)
  }

  /// Never half a file: a collector may read it at any moment.
  private func replace(_ path: String, with bytes: [UInt8]) throws {
    let new = "\(path).\(getpid())"
    let file = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
    var isDone = false
    if file >= 0 {
      isDone = writeAll(bytes, to: file)
      isDone = fchmod(file, 0o644) == 0 && isDone
      isDone = close(file) == 0 && isDone && rename(new, path) == 0
    }
    guard !isDone else { return }
    let reason = String(cString: strerror(errno))
    if file >= 0 { unlink(new) }
    throw common.quit(.no, "\(Quoted(path)) cannot be written: \(reason)")
  }
}
