import LockEngines
import LockModel

extension Conformance {
  /// `__dlm_compat_matrix`, in the order NL CR CW PR PW EX; written out, not computed from
  /// `LockMode`, which it is to check.
  static let matrix: [[Bool]] = [
    [true, true, true, true, true, true],
    [true, true, true, true, true, false],
    [true, true, true, false, false, false],
    [true, true, false, true, false, false],
    [true, true, false, false, false, false],
    [true, false, false, false, false, false],
  ]

  static let grantChecks: [Check] = [
    Check(name: "new requests follow the matrix") { bench throws(ResourceName.Invalid) in
      for held in LockMode.allCases {
        for wanted in LockMode.allCases {
          let resource = try bench.resource("\(held)\(wanted)")
          _ = bench.held(resource, held)
          let isGranted = bench.lock(resource, wanted, .noQueue).isGranted()
          bench.expect(
            isGranted == matrix[Int(held.rawValue)][Int(wanted.rawValue)],
            "\(wanted) beside \(held): \(isGranted)")
        }
      }
    },
    Check(name: "conversions follow the matrix") { bench throws(ResourceName.Invalid) in
      for held in LockMode.allCases {
        for wanted in LockMode.allCases {
          let resource = try bench.resource("\(held)\(wanted)")
          _ = bench.held(resource, held)
          let lock = bench.held(resource, .nl)
          let isGranted = bench.convert(lock, to: wanted, .noQueue).isGranted()
          bench.expect(
            isGranted == matrix[Int(held.rawValue)][Int(wanted.rawValue)],
            "NL to \(wanted) beside \(held): \(isGranted)")
          let mode = bench.record(of: lock)?.granted
          bench.expect(
            mode == (isGranted ? wanted : .nl), "NL to \(wanted) left \(mode as Any)")
        }
      }
    },
    Check(name: "alone, every conversion is granted") { bench throws(ResourceName.Invalid) in
      for from in LockMode.allCases {
        for to in LockMode.allCases {
          let lock = bench.held(try bench.resource("\(from)\(to)"), from)
          bench.convert(lock, to: to, .noQueue).expectGranted("\(from) to \(to), alone")
          bench.expect(bench.record(of: lock)?.granted == to, "\(from) to \(to) is not held")
        }
      }
    },
    Check(name: "a refused request leaves nothing") { bench throws(ResourceName.Invalid) in
      let resource = try bench.resource("r")
      _ = bench.held(resource, .pw)
      let refused = bench.lock(resource, .pw, .noQueue).expect(.refused, "PW beside PW")
      bench.expect(bench.records.count == 1, "left: \(bench.records)")
      bench.unlock(refused.lock).expect(.unknownLock, "unlocking a refused lock")
      bench.convert(refused.lock, to: .nl).expect(.unknownLock, "converting a refused lock")
    },
    Check(name: "expedite passes everything") { bench throws(ResourceName.Invalid) in
      let resource = try bench.resource("r")
      _ = bench.held(resource, .ex)
      let handover = bench.held(resource, .nl)
      bench.convert(handover, to: .ex).expectWaiting("NL to EX beside EX")
      bench.lock(resource, .nl, .noQueue).expect(.refused, "NL behind a waiting conversion")
      bench.lock(resource, .nl, .expedite).expectGranted("expedited NL")
    },
    Check(name: "senseless options are invalid") { bench throws(ResourceName.Invalid) in
      let resource = try bench.resource("r")
      bench.lock(resource, .nl, [.expedite, .noQueue]).expect(.invalid, "expedite, no queue")
      bench.lock(resource, .cr, .expedite).expect(.invalid, "expedited CR")
      bench.lock(resource, .cr, .queueConversion).expect(.invalid, "a new request as conversion")
      let lock = bench.held(resource, .pr)
      bench.convert(lock, to: .nl, .expedite).expect(.invalid, "an expedited conversion")
      bench.convert(lock, to: .pr, .queueConversion).expect(.invalid, "QUECVT PR to PR")
      bench.convert(lock, to: .cr, .queueConversion).expect(.invalid, "QUECVT PR to CR")
      bench.convert(lock, to: .cw, .queueConversion).expectGranted("QUECVT PR to CW")
      bench.convert(lock, to: .pw, .queueConversion).expectGranted("QUECVT CW to PW")
    },
  ]
}
