import LockEngines
import LockModel

extension Conformance {
  private static func value(_ byte: UInt8) -> LockValue? {
    LockValue([UInt8](repeating: byte, count: LockValue.length))
  }

  static let valueChecks: [Check] = [
    Check(name: "a value is written under PW and read beside it") {
      bench throws(ResourceName.Invalid) in
      let resource = try bench.resource("r")
      let writer = bench.lock(resource, .pw, .noQueue, value: value(1))
        .expect(.granted(nil), "the first lock; nobody has written")
      bench.lock(resource, .nl, .expedite).expect(.granted(nil), "a new lock writes nothing")
      bench.convert(writer.lock, to: .pw, value: value(2)).expect(.granted(nil), "PW to PW")
      bench.lock(resource, .nl, .expedite).expect(.granted(value(2)), "NL beside PW")
      let reader = bench.lock(resource, .cr, .noQueue).expect(.granted(value(2)), "CR beside PW")
      bench.convert(reader.lock, to: .nl, value: value(3)).expect(.granted(nil), "CR to NL")
      bench.convert(reader.lock, to: .nl, value: value(3)).expect(.granted(value(2)), "NL to NL")
      bench.convert(writer.lock, to: .pw).expect(.granted(nil), "PW to PW, nothing to write")
      bench.convert(reader.lock, to: .cr).expect(.granted(value(2)), "NL to CR")
      bench.convert(writer.lock, to: .nl, value: value(4)).expect(.granted(nil), "PW to NL")
      bench.convert(reader.lock, to: .ex, .noQueue).expect(.granted(value(4)), "CR to EX")
    },
    Check(name: "a value is written by a release") { bench throws(ResourceName.Invalid) in
      let resource = try bench.resource("r")
      let witness = bench.held(resource, .nl)
      let writers: [LockMode] = [.pw, .ex]
      for mode in LockMode.allCases {
        let before = bench.held(resource, .ex)
        bench.unlock(before, value: value(7)).expect(.released, "EX's release")
        let lock = bench.held(resource, mode)
        bench.unlock(lock, value: value(8)).expect(.released, "\(mode)'s release")
        bench.convert(witness, to: .nl)
          .expect(.granted(value(writers.contains(mode) ? 8 : 7)), "after \(mode)'s release")
      }
    },
    Check(name: "a value comes with a queued grant") { bench throws(ResourceName.Invalid) in
      let resource = try bench.resource("r")
      let source = bench.held(resource, .pw)
      let destination = bench.held(resource, .nl)
      let handover = bench.convert(destination, to: .pw, value: value(9))
        .expectWaiting("NL to PW beside PW")
      bench.unlock(source, value: value(5)).expect(.released, "the source's release")
      handover.expect(.granted(value(5)), "the handover")
    },
    Check(name: "a value is forgotten with the last lock") { bench throws(ResourceName.Invalid) in
      let resource = try bench.resource("r")
      let lock = bench.held(resource, .ex)
      bench.convert(lock, to: .ex, value: value(1)).expect(.granted(nil), "EX to EX")
      bench.unlock(lock).expect(.released, "the release")
      bench.expect(bench.await { bench.records.isEmpty }, "a lock is left")
      bench.lock(resource, .ex, .noQueue).expect(.granted(nil), "the next lock")
    },
  ]
}
