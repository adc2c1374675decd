import CLinux
import Glibc
import LockModel
import Logging

/// Log lines on standard error: with a syslog priority for the journal (sd-daemon(3)) where it
/// reads them, with the time for a person where it does not.
struct JournalLog: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info

  private let isJournal: Bool

  /// - Parameter isJournal: whether standard error goes to the journal (`$JOURNAL_STREAM` is set).
  init(isJournal: Bool) {
    self.isJournal = isJournal
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let lead =
      isJournal
      ? "<\(event.level.priority)>"
      : "\(Timestamp(milliseconds: dlmguard_now())) \(event.level.rawValue): "
    let fields = (event.metadata ?? [:]).merging(metadata) { own, _ in own }
      .sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
    let line = Array("\(lead)\(event.message)\(fields)\n".utf8)
    // One write a line: lines of several threads are not mixed.
    _ = Glibc.write(STDERR_FILENO, line, line.count)
  }
}

extension Logger.Level {
  /// Of syslog(3).
  var priority: Int {
    switch self {
    case .trace, .debug: 7
    case .info: 6
    case .notice: 5
    case .warning: 4
    case .error: 3
    case .critical: 2
    }
  }
}
