import AgentAPI
import ArgumentParser
import Glibc
import LockModel

struct Events: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what the guard does on this node, from now on.",
    discussion: """
      Ends when the agent does; with --follow it waits for the next one. What was done before is told by \
      dlmguard audit. A reader that is too slow is told so and left behind.
      """)

  @Flag(help: "Go on when the agent has been restarted.")
  var follow = false

  @Option(
    help: ArgumentHelp("Only what concerns this domain (name or UUID).", valueName: "domain"),
    completion: .domains)
  var domain: String?

  @OptionGroup var common: CommonOptions

  func run() throws {
    let selector = domain.map { DomainSelector($0) }
    var isFirst = true
    while true {
      let end = try common.listen(waits: follow && !isFirst) {
        if !isFirst { printError("dlmguard: the agent is back") }
        isFirst = false
      } each: { events in
        for event in events where event.isLagging || event.concerns(selector) { show(event) }
        return true
      }
      if end == .lagging { throw common.quit(.no, "what followed was not sent: ask again") }
      guard follow else { return }
      printError("dlmguard: the agent is gone: waiting for the next one")
    }
  }

  private func show(_ event: AuditEvent) {
    // At once: a line is worth nothing in a buffer.
    let line =
      common.json ? String(decoding: event.json.bytes, as: UTF8.self) : EventText(event: event).line
    writeAll(Array("\(line)\n".utf8), to: STDOUT_FILENO)
  }
}

/// Why no more events come.
enum StreamEnd {
  case agentGone
  /// This program read too slowly.
  case lagging
  /// Nobody wants more.
  case enough
}

extension CommonOptions {
  /// Hears what the guard does until that ends.
  ///
  /// - Parameters:
  ///   - waits: for as long as it takes for an agent to listen.
  ///   - begun: from here on nothing is missed.
  ///   - each: false for enough.
  /// - Throws: an `ExitCode`, once the person has been told why.
  func listen(
    waits: Bool, begun: () throws -> Void, each: ([AuditEvent]) throws -> Bool
  ) throws -> StreamEnd {
    do {
      var stream = try client(patience: waits ? .max : 0).events()
      try begun()
      while let events = try stream.next() {
        guard try each(events) else { return .enough }
        if events.contains(where: \.isLagging) { return .lagging }
      }
      return .agentGone
    } catch let error as AgentUnreachable {
      throw unreachable(error)
    } catch let refusal as Refusal {
      throw quit(.no, shownMessage(refusal.message))
    }
  }
}
