import GuardCore

// The service manager that started the agent, where one did: told that the agent answers, lives, and how it does.
extension NodeAgent {
  /// Whatever waits for the agent may go on: it answers now.
  func announce() {
    guard supervisor.tell(.ready, .status(core.summary)) else {
      loop.after(Self.retry) { [self] in assumeIsolated { $0.announce() } }
      return
    }
    pulse()
  }

  /// Told by the event loop itself, because an agent whose loop stands still answers no hook.
  private func pulse() {
    guard let interval = supervisor.pulse else { return }
    supervisor.tell(.alive)
    loop.after(interval) { [self] in assumeIsolated { $0.pulse() } }
  }

  /// Tells the status where it has changed, once for all that happens within a second: some alarms end
  /// without a line in the log.
  func tellNews() {
    guard supervisor.listens, server != nil, !hasNews else { return }
    hasNews = true
    loop.after(1_000) { [self] in
      assumeIsolated { agent in
        agent.hasNews = false
        let status = agent.core.summary
        guard status != agent.lastStatus, agent.supervisor.tell(.status(status)) else { return }
        agent.lastStatus = status
      }
    }
  }
}
