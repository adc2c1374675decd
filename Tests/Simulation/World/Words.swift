import AgentAPI
import GuardCore
import LockModel

// What stands in a timeline.
extension World {
  func words(_ owner: OwnerID) -> String {
    "\(guest(owner.domain)?.name ?? "?").\(owner.instance)"
  }

  func words(_ resource: ResourceName) -> String {
    for guest in guests where ResourceName(domain: guest.uuid) == resource {
      return "domain:\(guest.name)"
    }
    return resource.description
  }

  private func words(_ claims: [Claim]) -> String {
    claims.map { "\($0.mode):\(words($0.resource))" }.joined(separator: " ")
  }

  private func words(_ refused: [RefusedClaim]) -> String {
    refused.map { "\($0.claim.mode):\(words($0.claim.resource))" }.joined(separator: " ")
  }

  private func words(_ process: ProcessRef?) -> String {
    process.map { "pid \($0.pid)" } ?? "nothing"
  }

  private func words(_ reason: SearchReason) -> String {
    switch reason {
    case .started: "for started"
    case .arrived: "for started, as it arrives"
    case .reconnect: "for reconnect"
    case .stopped: "after stopped"
    case .release: "for release"
    case .silence: "in silence"
    case .loss: "after a loss"
    case .advent: "before it comes"
    }
  }

  func words(_ event: Event) -> String {
    switch event {
    case .unready(let reason): "unready: \(reason)"
    case .directory: "news of the other agents"
    case .joining: "joining the lockspace"
    case .recovered(let records):
      "recovered "
        + (records.isEmpty
          ? "nothing"
          : records.map { record in
            "\(words(record.record.owner)) (\(record.record.stage)"
              + "\(record.keeperAlive ? ", keeper alive" : "")"
              + "\(record.qemu.map { ", QEMU \($0.pid)" } ?? "")"
              + "\(record.saveImage ? ", save image" : ""))"
          }.joined(separator: ", "))
    case .request(_, .hook(let call)): "\(call.operation.rawValue) \(call.name)"
    case .request(_, .register(let domain, _)): "register \(domain.name)"
    case .request(_, .add(let owner, let resources)):
      "add \(resources.map(\.source.location).joined(separator: " ")) to \(words(owner))"
    case .request(_, .acquire(let owner)): "acquire \(words(owner))"
    case .request(_, .release(let owner)): "release \(words(owner))"
    case .request(_, .revoke(.domain(.uuid(let uuid)))): "revoke \(guest(uuid)?.name ?? "?")"
    case .request(_, let request): "\(request)"
    case .clientGone: "the client is gone"
    case .surveyed(_, let survey):
      "surveyed: \(survey.identifications.map { "\($0.resource.source.location) \(words($0.result))" }.joined(separator: ", "))"
        + " (driver: \(words(survey.process)))"
    case .recorded(let owner, _, let failure):
      "recorded \(words(owner))\(failure.map { ": \($0)" } ?? "")"
    case .acquired(let owner, let refused):
      "acquired \(words(owner))\(refused.isEmpty ? "" : ", refused \(words(refused))")"
    case .reclaimed(let owner, let missing, let refused):
      "reclaimed \(words(owner))\(missing.isEmpty ? "" : ", missing \(words(missing))")"
        + (refused.isEmpty ? "" : ", refused \(words(refused))")
    case .released(let owner): "released \(words(owner))"
    case .queued(let owner, let refused, let isWaiting):
      "queued \(words(owner))\(isWaiting ? ", waiting" : "")"
        + (refused.isEmpty ? "" : ", refused \(words(refused))")
    case .requeued(let owner, let refused, let isWaiting):
      "queued again \(words(owner))\(isWaiting ? ", waiting" : "")"
        + (refused.isEmpty ? "" : ", refused \(words(refused))")
    case .probed(let owner, let barred):
      "probed \(words(owner)): "
        + (barred.isEmpty
          ? "nothing is barred" : barred.keys.sorted().map { words($0) }.joined(separator: " "))
    case .settled(let owner, let refused):
      "settled \(words(owner))" + (refused.isEmpty ? "" : ", refused \(words(refused))")
    case .questioned(let id, let question, _): "\(question)? asks \(id.node)"
    case .asked(let id, let path): "\(id.node) asks what \(path) is"
    case .seenElsewhere: "what others see"
    case .answered(let inquiry, let node, let answer):
      "\(inquiry.question)? \(answer) says \(node.map { "\($0)" } ?? "nobody")"
    case .unexpected: "unexpected"
    case .found(let owner, let process, let reason, _):
      "found \(words(owner)): \(words(process)) \(words(reason))"
    case .confirmed(let owner, let alive): "confirmed \(words(owner)): \(alive ? "alive" : "gone")"
    case .exited(let process): "exited \(words(process))"
    case .saveImage(let owner, let exists):
      "save image of \(words(owner)): \(exists ? "yes" : "no")"
    case .saveImageRemoved(let name): "save image of \(name) is removed"
    case .woke(let owner, let wake): "woke \(words(owner)): \(wake.reason)"
    case .overdue: "a request is overdue"
    case .nodes: "the nodes' names"
    case .impediment(let reason): "impediment: \(reason ?? "none")"
    case .warning(let text): "warning: \(text ?? "none")"
    case .waiting(let reason): "waiting: \(reason ?? "no more")"
    case .suspended(let reason): "suspended: \(reason)"
    case .resumed: "resumed"
    case .lost(let resource, let owner, let reason):
      "LOST \(words(resource))\(owner.map { " of \(words($0))" } ?? ""): \(reason)"
    case .lostAll(let reason): "LOST everything: \(reason)"
    case .reduced(let owner): "reduced \(words(owner))"
    case .paused(let owner, let pausing): "paused \(words(owner)): \(pausing)"
    case .sighted(let sighting):
      "sighted \(sighting.domain.name): \(sighting.resources.map(\.source.location).joined(separator: " "))"
    case .isolated(let isolation): "isolated: \(isolation?.reason ?? "no more")"
    case .elapsed(let countdown): "elapsed: \(countdown.reason)"
    case .policy, .misconfigured, .unhooked, .alarm: "\(event)"
    }
  }

  private func words(_ result: Identification.Result) -> String {
    switch result {
    case .named(let footprint): "is \(footprint.itself.map(\.description).joined(separator: "+"))"
    case .absent: "is absent"
    case .failed: "cannot be told"
    }
  }

  func tellEffect(_ agent: Agent, _ effect: Effect) {
    guard timeline.isKept else { return }
    tell(agent.node, "agent", "→ \(words(effect))")
  }

  private func words(_ effect: Effect) -> String {
    let what: String =
      switch effect {
      case .open: "the socket"
      case .reply(_, .done): "done"
      case .reply(_, .refused(let refusal)): "refused (\(refusal.code))"
      case .reply(_, .registered(let owner)): "registered \(words(owner))"
      case .reply(_, .owners(let owners)): owners.map { words($0.owner) }.joined(separator: " ")
      case .reply(_, let reply): "\(reply)"
      case .survey(_, let resources, _): resources.map(\.source.location).joined(separator: " ")
      case .record(let record, _):
        "\(words(record.owner)) (\(record.stage), \(words(record.keeper)), \(words(record.claims)))"
      case .erase(let owner), .release(let owner), .probe(let owner): words(owner)
      case .acquire(let owner, let claims), .recover(let owner, let claims),
        .queue(let owner, let claims), .queueAgain(let owner, let claims):
        "\(words(owner)) \(words(claims))"
      case .watch(let process), .unwatch(let process): words(process)
      case .kill(let process, let signal): "\(words(process)) (\(signal))"
      case .reduce(let owner, let claims): "\(words(owner)) \(words(claims))"
      case .pause(let owner, _, let process): "\(words(owner)) \(words(process))"
      case .sight(let domain): domain?.name ?? "everybody"
      case .ask(let inquiry):
        "\(inquiry.question) about \(guest(inquiry.domain)?.name ?? "\(inquiry.domain)") of "
          + (inquiry.node.map { "\($0)" } ?? "everybody")
      case .answer(let id, let answer): "\(answer) to \(id.node)"
      case .lookElsewhere(_, let path): path
      case .show(let id, let identity): "\(identity) to \(id.node)"
      case .expect: "a migration"
      case .count(let countdown, let milliseconds): "\(countdown.reason) in \(milliseconds) ms"
      case .find(let owner, _, let reason): "\(words(owner)) \(words(reason))"
      case .confirm(let owner, let process): "\(words(owner)) \(words(process))"
      case .lookForSaveImage(let owner, _): words(owner)
      case .wake(let owner, let wake, let milliseconds):
        "\(words(owner)) \(wake.reason) in \(milliseconds) ms"
      case .limit(_, let milliseconds): "\(milliseconds) ms"
      case .announce(let messages): "\(messages.count) messages"
      case .measure, .subscribe: "a client"
      case .audit(let line):
        ([line.kind.rawValue, line.domain?.name].compactMap { $0 }
          + line.fields.filter { $0.name == "reason" || $0.name == "text" }.map(\.value))
          .joined(separator: " ")
      }
    return "\(effect.word) \(what)"
  }
}

extension Effect {
  /// By which a scenario names it.
  var word: String {
    switch self {
    case .open: "open"
    case .reply: "reply"
    case .survey: "survey"
    case .record: "record"
    case .erase: "erase"
    case .acquire: "acquire"
    case .recover: "recover"
    case .queue: "queue"
    case .queueAgain: "queue again"
    case .probe: "probe"
    case .ask: "ask"
    case .answer: "answer"
    case .lookElsewhere: "look elsewhere"
    case .show: "show"
    case .expect: "expect"
    case .release: "release"
    case .kill: "kill"
    case .reduce: "reduce"
    case .pause: "pause"
    case .sight: "sight"
    case .count: "count"
    case .find: "find"
    case .confirm: "confirm"
    case .watch: "watch"
    case .unwatch: "unwatch"
    case .lookForSaveImage: "look"
    case .wake: "wake"
    case .limit: "limit"
    case .announce: "announce"
    case .measure: "measure"
    case .subscribe: "subscribe"
    case .audit: "audit"
    }
  }

  var isRecover: Bool {
    switch self {
    case .recover, .queueAgain: true
    default: false
    }
  }
}
