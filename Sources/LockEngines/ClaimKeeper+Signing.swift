import LockModel

// Who holds what is held in a writing mode stands in the resource itself.
extension ClaimKeeper {
  /// Writes the holder into what is held in a writing mode. What cannot be signed is no longer
  /// held, so that the whole is undone.
  func sign(
    _ steps: [Step], for owner: OwnerID, then: @escaping @Sendable ([RefusedClaim]) -> Void
  ) {
    let holds = holds(owner)
    let signed = steps.compactMap { step -> (claim: Claim, hold: Hold)? in
      guard signature != nil, let hold = holds[step.claim.resource], hold.mode.writesValue
      else { return nil }
      return (step.claim, hold)
    }
    // The same for all of a batch.
    let values = Dictionary(
      uniqueKeysWithValues: [LockMode.pw, .ex].map { ($0, value(owner, $0)) })
    Answers.gather(signed, from: engine) { step, completion in
      engine.convert(
        step.hold.lock, to: step.hold.mode, [], value: values[step.hold.mode] ?? nil,
        then: completion)
      return step.hold.lock
    } then: { [self] answers in
      let failed = zip(signed, answers).filter { !$1.outcome.isGranted }
        .map { step, answer in answer.outcome.refusal(of: step.claim, holder: nil) }
      guard !failed.isEmpty else { return then([]) }
      undo(steps, for: owner) { then(failed) }
    }
  }

  func value(_ owner: OwnerID, _ mode: LockMode) -> LockValue? {
    signature.map { signature in
      Holder(node: signature.node, domain: owner.domain, mode: mode, since: signature.now()).value
    }
  }
}
