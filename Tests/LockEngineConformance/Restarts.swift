import LockEngines
import LockModel

extension Conformance {
  static let restartChecks: [Check] = [
    Check(name: "locks are adopted in the mode they were left in") {
      bench throws(ResourceName.Invalid) in
      let outlive = bench.subject.locksOutliveProcess
      var resources: [LockMode: ResourceName] = [:]
      for mode in LockMode.allCases {
        let resource = try bench.resource("\(mode)")
        resources[mode] = resource
        _ = bench.held(resource, mode)
      }
      bench.restart()
      for (mode, resource) in resources {
        for other in LockMode.allCases where other != mode {
          bench.expect(
            bench.adopt(resource, other) == (outlive ? .otherMode : .nothing),
            "\(mode), asked for as \(other)")
        }
        if outlive {
          let other: LockMode = mode == .nl ? .nl : .ex
          bench.lock(resource, other, .noQueue)
            .expect(other == .nl ? .granted(nil) : .refused, "\(other) beside \(mode) left behind")
        }
        guard case .adopted(let lock) = bench.adopt(resource, mode) else {
          bench.expect(!outlive, "\(mode) is not adopted")
          continue
        }
        bench.expect(outlive, "\(mode) has outlived its process")
        bench.expect(bench.adopt(resource, mode) == .nothing, "\(mode) is adopted twice")
        bench.expect(bench.record(of: lock)?.granted == mode, "\(mode) is listed otherwise")
        bench.convert(lock, to: .nl).expectGranted("\(mode) to NL")
        bench.convert(lock, to: .ex, .noQueue).expectGranted("NL to EX")
        bench.unlock(lock).expect(.released, "what was adopted")
        bench.unlock(lock).expect(.unknownLock, "the second time")
      }
    },
    Check(name: "shared locks are adopted one by one") { bench throws(ResourceName.Invalid) in
      let resource = try bench.resource("r")
      for _ in 0..<3 { _ = bench.held(resource, .cw) }
      bench.restart()
      let adopted = (0..<4).map { _ in bench.adopt(resource, .cw) }
      let locks = adopted.compactMap { adoption -> LockID? in
        if case .adopted(let lock)? = adoption { lock } else { nil }
      }
      bench.expect(
        locks.count == (bench.subject.locksOutliveProcess ? 3 : 0), "adopted: \(adopted)")
      bench.expect(Set(locks).count == locks.count, "one lock twice: \(locks)")
    },
    Check(name: "what waited is withdrawn by the end of its process") {
      bench throws(ResourceName.Invalid) in
      let resource = try bench.resource("r")
      _ = bench.held(resource, .pw)
      let waiting = bench.held(resource, .nl)
      bench.convert(waiting, to: .pw).expectWaiting("NL to PW beside PW")
      bench.lock(resource, .ex).expectWaiting("EX beside PW")
      bench.restart()
      if bench.subject.locksOutliveProcess {
        guard case .adopted(let holder) = bench.adopt(resource, .pw),
          case .adopted = bench.adopt(resource, .nl)
        else { return bench.fail("PW and NL are not adopted") }
        // The kernel keeps what is left of the request in no mode at all (`orphan_proc_lock`).
        let request = bench.adopt(resource, .ex)
        bench.expect(request == .nothing || request == .otherMode, "EX was never granted")
        bench.unlock(holder).expect(.released, "PW's release")
      }
      bench.lock(resource, .ex, .noQueue).expectGranted("EX, since nothing waits")
    },
    Check(name: "a value outlives the process") { bench throws(ResourceName.Invalid) in
      guard bench.subject.locksOutliveProcess else { return }
      let resource = try bench.resource("r")
      let value = LockValue([UInt8](repeating: 6, count: LockValue.length))
      let writer = bench.held(resource, .pw)
      bench.convert(writer, to: .pw, value: value).expect(.granted(nil), "PW to PW")
      bench.restart()
      bench.lock(resource, .nl, .expedite).expect(.granted(value), "NL beside what was left")
      guard case .adopted(let lock) = bench.adopt(resource, .pw) else {
        return bench.fail("PW is not adopted")
      }
      // It does not know what stands there, and must not overwrite it with what it does not know.
      bench.convert(lock, to: .pw).expect(.granted(nil), "PW to PW, nothing to write")
      bench.lock(resource, .nl, .expedite).expect(.granted(value), "NL beside what was adopted")
      let news = LockValue([UInt8](repeating: 7, count: LockValue.length))
      bench.unlock(lock, value: news).expect(.released, "the release")
      bench.lock(resource, .pw, .noQueue).expect(.granted(news), "the next PW")
    },
  ]
}
