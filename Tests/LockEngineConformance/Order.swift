import LockEngines
import LockModel

extension Conformance {
  static let orderChecks: [Check] = [
    Check(name: "a waiting conversion beats every request") { bench throws(ResourceName.Invalid) in
      let resource = try bench.resource("r")
      let source = bench.held(resource, .pw)
      let waiter = bench.lock(resource, .ex).expectWaiting("EX beside PW")
      let destination = bench.lock(resource, .nl, .expedite).expectGranted("expedited NL").lock
      let handover = bench.convert(destination, to: .pw).expectWaiting("NL to PW beside PW")
      for mode in [LockMode.cr, .pw, .ex] {
        bench.lock(resource, mode, .noQueue).expect(.refused, "\(mode) during the handover")
      }
      let late = bench.lock(resource, .cr).expectWaiting("CR behind the handover")
      bench.unlock(source).expect(.released, "the source's release")
      handover.expectGranted("the handover")
      waiter.expectWaiting("EX beside the destination")
      late.expectWaiting("CR behind EX")
      bench.unlock(destination).expect(.released, "the destination's release")
      waiter.expectGranted("EX, alone")
    },
    Check(name: "waiters are served in order") { bench throws(ResourceName.Invalid) in
      let resource = try bench.resource("r")
      let holder = bench.held(resource, .pr)
      let writer = bench.lock(resource, .pw).expectWaiting("PW beside PR")
      let readers = (0..<3).map { _ in
        // Compatible with what is held, yet nobody overtakes.
        bench.lock(resource, .pr).expectWaiting("PR behind PW")
      }
      bench.lock(resource, .pr, .noQueue).expect(.refused, "PR past a waiter")
      bench.unlock(holder).expect(.released, "the holder's release")
      writer.expectGranted("the first waiter")
      for reader in readers { reader.expectWaiting("PR beside PW") }
      bench.unlock(writer.lock).expect(.released, "the writer's release")
      for reader in readers { reader.expectGranted("the readers together") }
    },
    Check(name: "conversions are served in order") { bench throws(ResourceName.Invalid) in
      let resource = try bench.resource("r")
      let holder = bench.held(resource, .ex)
      let locks = (0..<3).map { _ in bench.lock(resource, .nl, .expedite).expectGranted("NL").lock }
      let conversions = locks.map { bench.convert($0, to: .ex).expectWaiting("NL to EX") }
      bench.unlock(holder).expect(.released, "the holder's release")
      for (index, conversion) in conversions.enumerated() {
        conversion.expectGranted("conversion \(index)")
        for later in conversions[(index + 1)...] { later.expectWaiting("behind it") }
        bench.unlock(conversion.lock).expect(.released, "its release")
      }
    },
    Check(name: "an immediate conversion passes the queue") { bench throws(ResourceName.Invalid) in
      let resource = try bench.resource("r")
      _ = bench.held(resource, .pr)
      let waiting = bench.held(resource, .nl)
      let passing = bench.held(resource, .nl)
      bench.convert(waiting, to: .ex).expectWaiting("NL to EX beside PR")
      bench.convert(passing, to: .pr, [.noQueue, .queueConversion])
        .expect(.refused, "NL to PR in the queue")
      bench.convert(passing, to: .ex, .noQueue).expect(.refused, "NL to EX beside PR")
      bench.convert(passing, to: .pr, .noQueue).expectGranted("NL to PR past the queue")
    },
    Check(name: "a conversion that asks to queue waits") { bench throws(ResourceName.Invalid) in
      let resource = try bench.resource("r")
      let holder = bench.held(resource, .pr)
      let first = bench.held(resource, .nl)
      let second = bench.held(resource, .nl)
      let exclusive = bench.convert(first, to: .ex).expectWaiting("NL to EX beside PR")
      let reading = bench.convert(second, to: .pr, .queueConversion)
        .expectWaiting("NL to PR in the queue")
      bench.unlock(holder).expect(.released, "the holder's release")
      exclusive.expectGranted("EX first")
      bench.convert(first, to: .nl).expectGranted("EX to NL")
      reading.expectGranted("PR after it")
    },
    Check(name: "weakening lets others in") { bench throws(ResourceName.Invalid) in
      let resource = try bench.resource("r")
      let holder = bench.held(resource, .ex)
      let reader = bench.lock(resource, .cr).expectWaiting("CR beside EX")
      bench.convert(holder, to: .pw).expectGranted("EX to PW")
      reader.expectGranted("CR beside PW")
    },
    Check(name: "a conversion deadlock is refused") { bench throws(ResourceName.Invalid) in
      let resource = try bench.resource("r")
      let first = bench.held(resource, .pr)
      let second = bench.held(resource, .pr)
      let conversion = bench.convert(first, to: .ex).expectWaiting("PR to EX beside PR")
      bench.convert(second, to: .ex).expect(.deadlock, "the second PR to EX")
      bench.expect(bench.record(of: second)?.granted == .pr, "the second lost its PR")
      bench.convert(second, to: .ex, .noQueue).expect(.refused, "the second, not waiting")
      bench.unlock(second).expect(.released, "the second's release")
      conversion.expectGranted("the first")
    },
  ]
}
