import AgentAPI
import LockModel

// A node that the others may take for failed: first a person is told, then its guests are dealt with
// (docs/decisions/23-isolated-node.md has the timeline second by second).
extension Guard {
  /// What is known of the node's standing, and how far the timeline is.
  struct Isolated {
    let isolation: Isolation
    let since: Timestamp
    var isTold = false
    var isActedOn = false
  }

  mutating func isolate(_ isolation: Isolation?) {
    switch (isolation, isolated) {
    case (nil, let former?):
      isolated = nil
      isolationRound += 1
      if former.isTold { auditNode(.rejoined) }
    case (let isolation?, nil):
      isolated = Isolated(isolation: isolation, since: now)
      isolationRound += 1
      let timeline = timeline(of: isolation)
      count(.alarm, after: timeline.alarm)
      count(.action, after: timeline.action)
    case (.some, .some), (nil, nil): break
    }
  }

  mutating func elapsed(_ countdown: Countdown) {
    guard let isolated, countdown.round == isolationRound else { return }
    switch countdown.reason {
    case .alarm:
      self.isolated?.isTold = true
      auditNode(.isolated, ("reason", isolated.isolation.reason), ("action", outlook(isolated)))
    case .action:
      self.isolated?.isActedOn = true
      act(on: isolated)
    }
  }

  private mutating func act(on isolated: Isolated) {
    let reason = "\(isolated.isolation.reason), since \(isolated.since)"
    for owner in owners.values.sorted(by: { $0.id < $1.id }) where isAtRisk(owner) {
      guard let process = owner.guest else { continue }
      switch policy.onQuorumLoss {
      case .alarm: break
      case .pause: pause(owner.id, reason)
      case .kill: kill(process, of: owner, reason)
      }
    }
  }

  /// What stands in `status` from the alarm on.
  var isolationAlarm: String? {
    guard let isolated, isolated.isTold else { return nil }
    return
      "the cluster may take this node for failed since \(isolated.since), and let others write what its "
      + "guests write: \(isolated.isolation.reason). \(outlook(isolated))"
  }

  private func outlook(_ isolated: Isolated) -> String {
    let due = Timestamp(
      milliseconds: isolated.since.milliseconds + timeline(of: isolated.isolation).action)
    let setting = "on_quorum_loss = \"\(policy.onQuorumLoss.rawValue)\""
    return switch (policy.onQuorumLoss, policy.mode, isolated.isActedOn) {
    case (_, .observe, _), (.alarm, _, _): "Running guests go on (\(setting))"
    case (.kill, _, false): "Its guests are killed at \(due) unless that ends before (\(setting))"
    case (.kill, _, true): "Its guests were killed at \(due) (\(setting))"
    case (.pause, _, false): "Its guests are paused at \(due) unless that ends before (\(setting))"
    case (.pause, _, true):
      "Its guests were paused at \(due) (\(setting)): resume them when the node is back and nobody else "
        + "has started them"
    }
  }

  private func timeline(of isolation: Isolation) -> IsolationTimeline {
    IsolationTimeline(grace: policy.quorumGrace, reform: isolation.reform)
  }

  private mutating func count(_ reason: Countdown.Reason, after milliseconds: Int64) {
    effects.append(.count(Countdown(reason: reason, round: isolationRound), after: milliseconds))
  }
}
