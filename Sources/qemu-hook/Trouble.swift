import AgentAPI

/// What can come between a call and its "yes".
enum Trouble {
  /// The configuration cannot be used.
  case settings
  /// The domain's XML cannot be read.
  case xml
  /// Time is up.
  case deadline
  /// The agent gave no answer.
  case unreachable
  case refused(Refusal.Code)
}

extension HookOperation {
  /// Whether a domain is about to run: without a "yes" from the agent it must not.
  var isStart: Bool {
    switch self {
    case .prepare, .start, .started: true
    case .stopped, .release, .migrate, .restore, .reconnect: false
    }
  }

  /// Whether libvirt is told to give the operation up (exit status 1).
  func gives(up trouble: Trouble) -> Bool {
    switch (self, trouble) {
    case (.prepare, _), (.start, _), (.started, _): true
    // libvirt would not listen.
    case (.stopped, _), (.release, _): false
    // The `prepare` that follows decides.
    case (.migrate, .settings), (.migrate, .deadline), (.migrate, .unreachable): false
    case (.restore, .settings), (.restore, .deadline), (.restore, .unreachable): false
    case (.migrate, .xml), (.restore, .xml), (.migrate, .refused), (.restore, .refused): true
    // Giving up here kills a running guest: only for a lock that the agent knows to be lost.
    case (.reconnect, .refused(.lost)): true
    case (.reconnect, _): false
    }
  }

  /// What people call it.
  var noun: String {
    switch self {
    case .prepare, .start, .started: "start"
    case .stopped, .release: "stop"
    case .migrate: "incoming migration"
    case .restore: "restore"
    case .reconnect: "reconnection"
    }
  }
}
