import AgentAPI
import LockModel

/// How far the agent is on its way from nothing to a guard that may grant.
enum Readiness: Hashable {
  /// Nobody is let in yet.
  case closed
  /// The engine cannot be opened; clients are told why.
  case unready(String)
  /// The engine will be open in a moment, if all is well.
  case joining(String)
  /// The recorded claims are being taken over; clients are there already, or are not.
  case recovering(isOpen: Bool)
  case ready
}

// An agent that cannot grant anything yet still answers: a person who reads the reason at `virsh
// start` need not find out first that it is the agent's.
extension Guard {
  /// Another reason, or the first, for not being ready.
  mutating func stand(_ news: Readiness) {
    switch readiness {
    case .closed: effects.append(.open)
    case .unready, .joining:
      if readiness == news { return }
    case .recovering, .ready: return
    }
    readiness = news
    auditNode(.unready, ("reason", unreadinessReason))
    if case .unready = news { refuseDeferred() }
  }

  mutating func beginRecovery() {
    switch readiness {
    case .closed:
      readiness = .recovering(isOpen: false)
    case .unready, .joining: readiness = .recovering(isOpen: true)
    case .recovering, .ready: break
    }
  }

  mutating func openIfRecovered() {
    guard case .recovering(let isOpen) = readiness, recovering.isEmpty else { return }
    readiness = .ready
    if isOpen { auditNode(.ready) } else { effects.append(.open) }
    let waiting = deferred
    deferred = []
    for (id, request) in waiting { take(request, id) }
    let questions = deferredQuestions
    deferredQuestions = []
    for (id, question, domain) in questions { questioned(id, question, domain) }
    effects.append(.sight(nil))
  }

  /// Why the agent can grant nothing yet, whoever asks; nil once it can.
  var unreadiness: String? {
    switch readiness {
    case .closed: "the agent is starting"
    case .unready(let reason), .joining(let reason): "the agent cannot keep locks yet: \(reason)"
    case .recovering:
      "the agent is taking over the locks of its predecessor"
        + (cluster.waiting.map { ", and \($0)" } ?? "") + ": try again in a moment"
    case .ready: nil
    }
  }

  private var unreadinessReason: String {
    switch readiness {
    case .unready(let reason), .joining(let reason): reason
    case .closed, .recovering, .ready: ""
    }
  }

  // MARK: - Those who come too early

  /// Keeps a request that wants something granted until the agent can say more; false where it need
  /// not wait, or must not.
  mutating func deferUnready(_ request: Request, _ id: RequestID) -> Bool {
    switch readiness {
    case .closed, .joining, .recovering: break
    case .unready, .ready: return false
    }
    deferred.append((id, request))
    limit(id)
    return true
  }

  /// It has waited as long as it may, or there is nothing left to wait for.
  private mutating func refuseDeferred(_ request: Request, _ id: RequestID) {
    guard let unreadiness else { return }
    guard case .hook(let call) = request, let uuid = call.uuid else {
      return refuse(id, .unsafe, "refused: \(unreadiness)")
    }
    let domain = Domain(uuid: uuid, name: call.name)
    refused(id, call.operation, domain, .unsafe, start(of: domain, unreadiness))
  }

  private mutating func refuseDeferred() {
    let waiting = deferred
    deferred = []
    for (id, request) in waiting { refuseDeferred(request, id) }
  }

  /// A deferred request is overdue; nothing happens where it is not deferred any more.
  mutating func overdueDeferred(_ id: RequestID) {
    guard let index = deferred.firstIndex(where: { $0.id == id }) else { return }
    refuseDeferred(deferred.remove(at: index).request, id)
  }

  /// Answers a hook call that only tells of something, as if there were no agent: the watch over
  /// processes tells a ready one the same. False for a call that wants something granted.
  mutating func answerUnready(_ call: HookCall, _ request: RequestID) -> Bool {
    guard unreadiness != nil else { return false }
    switch call.operation {
    case .prepare, .start, .started: return false
    case .release:
      // It is libvirt's answer to the refusal of a twin, which was counted.
      if let owner = call.uuid.flatMap({ owners[$0] }), owner.driver.foreignReleases > 0 {
        update(owner.id) { $0.driver.foreignReleases -= 1 }
      }
    // A refused reconnect would kill a guest that runs.
    case .reconnect, .stopped, .migrate, .restore: break
    }
    reply(request, .done)
    return true
  }
}
