import AgentAPI
import LockModel

// While a lockspace is stopped the engine answers nothing at all, and a hook cannot wait for ever:
// libvirt holds the domain meanwhile, and the hook's own deadline could not say what is wrong.
extension Guard {
  mutating func limit(_ request: RequestID) {
    if let limit = policy.answerLimit { effects.append(.limit(request, after: limit)) }
  }

  /// A request has waited as long as it may. Nothing happens where it has been answered.
  mutating func overdue(_ request: RequestID) {
    overdueDeferred(request)
    revocationOverdue(request)
    detachmentOverdue(request)
    if case .hook(let call) = surveys[request], let uuid = call.uuid {
      surveys[request] = nil
      let domain = Domain(uuid: uuid, name: call.name)
      refused(
        request, call.operation, domain, .unsafe,
        isLate(domain, "its storage has not been identified"))
    }
    for (uuid, arrival) in arrivals where arrival.start.request == request {
      arrivals[uuid] = nil
      let domain = Domain(uuid: uuid, name: arrival.start.call.name)
      refused(
        request, .prepare, domain, .unsafe,
        isLate(domain, "no node has confirmed that it migrates it to here"))
    }
    for (uuid, waiting) in queued {
      for start in waiting where start.request == request {
        queued[uuid]?.removeAll { $0.request == request }
        let domain = Domain(uuid: uuid, name: start.call.name)
        refused(
          request, start.call.operation, domain, .unsafe,
          engineIsLate(domain, "the locks of its former run have not been given back"))
      }
    }
    for owner in Array(owners.values) {
      // libvirt may go on: the locks are given back without it.
      if owner.releaseRequests.contains(request) {
        update(owner.id) { $0.releaseRequests.removeAll { $0 == request } }
        reply(request, .done)
      }
      if let admission = owner.admission, admission.request == request {
        overdue(request, owner, admission)
      }
    }
  }

  private mutating func overdue(
    _ request: RequestID, _ owner: Owner, _ admission: Owner.Admission
  ) {
    if let operation = operation(admission.purpose), isObserved(operation) {
      // The start goes on, and what it is granted later is its own.
      var admission = admission
      admission.request = nil
      update(owner.id) { $0.replace(admission) }
      return refused(
        request, operation, owner.domain, .unsafe,
        engineIsLate(owner.domain, "its locks have not been granted"))
    }
    if admission.purpose == .attach { return attachmentOverdue(request, owner, admission) }
    abandon(owner.id, admission)
    // The guest runs: what it is granted later is bound to it all the same.
    if admission.purpose == .reconnect { return reply(request, .done) }
    let message =
      if case .recording = owner.phase {
        isLate(owner.domain, "the agent's record of its locks has not been written")
      } else {
        engineIsLate(owner.domain, "its locks have not been granted")
      }
    refused(request, operation(admission.purpose), owner.domain, .unsafe, message)
  }

  /// An earlier start was refused for want of an answer, and the answer has not come yet.
  func stillWaiting(_ domain: Domain) -> String {
    engineIsLate(domain, "the locks that an earlier start of it asked for have not been granted")
  }

  /// The engine's silence is explained by what the cluster waits for.
  private func engineIsLate(_ domain: Domain, _ what: String) -> String {
    guard let waiting = cluster.waiting else { return isLate(domain, what) }
    return start(of: domain, waiting)
      + " Nothing is wrong with the guest: start it again when the lockspace runs. See: dlm_tool ls"
  }

  private func isLate(_ domain: Domain, _ what: String) -> String {
    start(of: domain, what + (policy.answerLimit.map { " within \($0) ms" } ?? ""))
      + " Try again; if it stays so, see: dlmguard status"
  }
}
