import LockModel

// An owner that uses less than before.
extension ClaimKeeper {
  /// Holds for an owner nothing but these claims, each in no more than its mode: what it holds besides is
  /// given back, what it holds in a stronger mode is weakened. Takes nothing new.
  public func reduce(
    _ owner: OwnerID, to claims: [Claim], then: @escaping @Sendable () -> Void
  ) {
    enqueue(owner) { [self] in
      let modes = Dictionary(
        claims.map { ($0.resource, $0.mode) }, uniquingKeysWith: { $0.union($1) })
      let weaker = holds(owner).compactMap { resource, hold -> Weakening? in
        guard let mode = modes[resource], mode != hold.mode, hold.mode.covers(mode) else {
          return nil
        }
        return Weakening(resource: resource, lock: hold.lock, mode: mode, from: hold.mode)
      }
      weaken(weaker, for: owner) { [self] in
        unlock(owner, where: { modes[$0] == nil }) { [self] in
          then()
          next(owner)
        }
      }
    }
  }

  /// A conversion to less, which is always granted.
  struct Weakening: Sendable {
    let resource: ResourceName
    let lock: LockID
    let mode: LockMode
    let from: LockMode
  }

  func weaken(
    _ steps: [Weakening], for owner: OwnerID, then: @escaping @Sendable () -> Void
  ) {
    Answers.gather(steps, from: engine) { step, completion in
      // What a writer is weakened from is free; it is signed again where it stays a writer's.
      engine.convert(
        step.lock, to: step.mode, [],
        value: step.mode.writesValue
          ? value(owner, step.mode) : step.from.writesValue ? LockValue.none : nil,
        then: completion)
      return step.lock
    } then: { [self] answers in
      for (step, answer) in zip(steps, answers) where answer.outcome.isGranted {
        hold(owner, step.resource, Hold(lock: step.lock, mode: step.mode))
      }
      then()
    }
  }
}
