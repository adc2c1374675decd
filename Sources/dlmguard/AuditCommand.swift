import AgentAPI
import ArgumentParser
import CLinux
import Glibc
import LockModel

struct Audit: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what the guard has done on this node, from the journal; needs no agent.",
    discussion: """
      Asks journalctl(1). --since and --until take what it takes: "2026-03-01 09:30", "yesterday", "-1h".
      """)

  @Option(parsing: .unconditional, help: ArgumentHelp("The earliest time.", valueName: "time"))
  var since: String?

  @Option(parsing: .unconditional, help: ArgumentHelp("The latest time.", valueName: "time"))
  var until: String?

  @Option(
    help: ArgumentHelp("Only what concerns this domain (name or UUID).", valueName: "domain"),
    completion: .domains)
  var domain: String?

  @Option(
    help: ArgumentHelp("The journal's directory (default: this node's own).", valueName: "path"),
    completion: .directory)
  var directory: String?

  @Option(help: ArgumentHelp("The agent's systemd unit.", valueName: "unit"))
  var unit = "dlmguardd.service"

  @OptionGroup var common: CommonOptions

  /// One word each: no shell takes them apart.
  var journalctl: [String] {
    ["journalctl", "--quiet", "--no-pager", "--output=json", "--unit=\(unit)"]
      + (since.map { ["--since=\($0)"] } ?? []) + (until.map { ["--until=\($0)"] } ?? [])
      + (directory.map { ["--directory=\($0)"] } ?? [])
  }

  func run() throws {
    let words = journalctl.flatMap { Array($0.utf8CString) }
    var output: Int32 = -1
    let pid = dlmguard_read_program(words, words.count, &output)
    guard pid > 0 else {
      throw common.quit(
        .no,
        "journalctl cannot be run (\(String(cString: dlmguard_error_text(-pid)))), so the past cannot be told "
          + "here: the agent's log is wherever its standard error goes. See also: dlmguard events")
    }
    let selector = domain.map { DomainSelector($0) }
    var lines = LineReader(descriptor: output)
    while let line = lines.next() {
      guard let event = JournalEntry(line)?.event, event.concerns(selector) else { continue }
      print(
        common.json
          ? String(decoding: event.json.bytes, as: UTF8.self) : EventText(event: event).line)
    }
    close(output)
    let status = dlmguard_program_ended(pid)
    guard status == 0 else {
      throw common.quit(.no, "journalctl ended with exit status \(status)")
    }
  }
}
