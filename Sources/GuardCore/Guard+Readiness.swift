import AgentAPI
import LockModel

/// How far the agent is on its way from nothing to a guard that may grant.
enum Readiness: Hashable {
  /// Nobody is let in yet.
  case closed
  /// The engine cannot be opened; clients are told why.
  case unready(String)
  /// The recorded claims are being taken over; clients are there already, or are not.
  case recovering(isOpen: Bool)
  case ready
}

// An agent that cannot grant anything yet still answers: a person who reads the reason at `virsh
// start` need not find out first that it is the agent's.
extension Guard {
  mutating func unready(_ reason: String) {
    switch readiness {
    case .closed:
      effects.append(.open)
    case .unready(let former) where former != reason: break
    case .unready, .recovering, .ready: return
    }
    readiness = .unready(reason)
    auditNode(.unready, ("reason", reason))
  }

  mutating func beginRecovery() {
    switch readiness {
    case .closed:
      readiness = .recovering(isOpen: false)
    case .unready: readiness = .recovering(isOpen: true)
    case .recovering, .ready: break
    }
  }

  mutating func openIfRecovered() {
    guard case .recovering(let isOpen) = readiness, recovering.isEmpty else { return }
    readiness = .ready
    if isOpen { auditNode(.ready) } else { effects.append(.open) }
  }

  /// Why the agent can grant nothing yet, whoever asks; nil once it can.
  var unreadiness: String? {
    switch readiness {
    case .closed: "the agent is starting"
    case .unready(let reason): "the agent cannot keep locks yet: \(reason)"
    case .recovering:
      "the agent is taking over the locks of its predecessor"
        + (cluster.waiting.map { ", and \($0)" } ?? "") + ": try again in a moment"
    case .ready: nil
    }
  }

  /// Answers a hook call that only tells of something, as if there were no agent: the watch over
  /// processes tells a ready one the same. False for a call that wants something granted.
  mutating func answerUnready(_ call: HookCall, _ request: RequestID) -> Bool {
    guard unreadiness != nil else { return false }
    switch call.operation {
    case .prepare, .start, .started: return false
    case .release:
      // It is libvirt's answer to the refusal of a twin, which was counted.
      if let owner = call.uuid.flatMap({ owners[$0] }), owner.foreignReleases > 0 {
        update(owner.id) { $0.foreignReleases -= 1 }
      }
    // A refused reconnect would kill a guest that runs.
    case .reconnect, .stopped, .migrate, .restore: break
    }
    reply(request, .done)
    return true
  }
}
