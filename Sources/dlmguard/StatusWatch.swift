import AgentAPI
import ArgumentParser
import Glibc

/// Shows the status anew whenever the guard has done something.
struct StatusWatch {
  let common: CommonOptions

  /// Until somebody ends the program.
  func run() throws {
    var isFirst = true
    while true {
      _ = try common.listen(waits: !isFirst) {
        try show(isFirst: isFirst)
        isFirst = false
      } each: { _ in
        // What happens together is shown together.
        usleep(100_000)
        try show(isFirst: false)
        return true
      }
      put(["", "The agent is gone: waiting for the next one."])
    }
  }

  private func show(isFirst: Bool) throws {
    let status = try common.status()
    if common.json { return put([String(decoding: status.json.bytes, as: UTF8.self)]) }
    let style = Style.standardOutput
    let lines = StatusText(status: status, style: style).lines
    guard style.isScreen else { return put((isFirst ? [] : [""]) + lines) }
    // Line by line over the former one, and the rest of the screen is cleared: nothing flickers.
    put(["\u{1b}[H" + lines.map { "\($0)\u{1b}[K" }.joined(separator: "\n") + "\n\u{1b}[J"])
  }

  private func put(_ lines: [String]) {
    writeAll(Array(lines.map { "\($0)\n" }.joined().utf8), to: STDOUT_FILENO)
  }
}
