import LockEngines
import LockModel

extension Conformance {
  /// How many requests are begun before an answer is read.
  private static let lateRequests = 64

  static let lifeChecks: [Check] = [
    Check(name: "a cancelled request is gone") { bench throws(ResourceName.Invalid) in
      let resource = try bench.resource("r")
      let holder = bench.held(resource, .pr)
      let writer = bench.lock(resource, .ex).expectWaiting("EX beside PR")
      let reader = bench.lock(resource, .pr).expectWaiting("PR behind EX")
      bench.engine.cancel(writer.lock)
      writer.expect(.cancelled, "the cancelled request")
      reader.expectGranted("PR once nothing is before it")
      bench.unlock(writer.lock).expect(.unknownLock, "unlocking the cancelled lock")
      bench.unlock(holder).expect(.released, "the holder's release")
    },
    Check(name: "a cancelled conversion keeps its mode") { bench throws(ResourceName.Invalid) in
      let resource = try bench.resource("r")
      _ = bench.held(resource, .pr)
      let lock = bench.held(resource, .cr)
      let conversion = bench.convert(lock, to: .ex).expectWaiting("CR to EX beside PR")
      let waiter = bench.lock(resource, .cr).expectWaiting("CR behind a conversion")
      bench.engine.cancel(lock)
      conversion.expect(.cancelled, "the cancelled conversion")
      waiter.expectGranted("CR once nothing is before it")
      let record = bench.record(of: lock)
      bench.expect(
        record?.granted == .cr && record?.queue == .granted, "left \(record as Any)")
      bench.convert(lock, to: .nl).expectGranted("the lock afterwards")
    },
    Check(name: "cancelling what is granted does nothing") { bench throws(ResourceName.Invalid) in
      let resource = try bench.resource("r")
      let lock = bench.lock(resource, .ex, .noQueue).expectGranted("EX")
      bench.engine.cancel(lock.lock)
      bench.convert(lock.lock, to: .pw).expectGranted("EX to PW after the cancel")
      bench.expect(lock.outcome.all.count == 1, "the request ended twice: \(lock.outcome.all)")
      bench.unlock(lock.lock).expect(.released, "the release")
      bench.engine.cancel(lock.lock)
    },
    Check(name: "a lock that waits is busy") { bench throws(ResourceName.Invalid) in
      let resource = try bench.resource("r")
      _ = bench.held(resource, .pr)
      let lock = bench.held(resource, .nl)
      let conversion = bench.convert(lock, to: .ex).expectWaiting("NL to EX beside PR")
      bench.convert(lock, to: .nl).expect(.busy, "another conversion")
      bench.unlock(lock).expect(.busy, "a release")
      let waiter = bench.lock(resource, .ex).expectWaiting("EX")
      bench.unlock(waiter.lock).expect(.busy, "releasing what waits")
      conversion.expectWaiting("the conversion, still")
    },
    Check(name: "a released lock is unknown") { bench throws(ResourceName.Invalid) in
      let lock = bench.held(try bench.resource("r"), .ex)
      bench.unlock(lock).expect(.released, "the release")
      bench.unlock(lock).expect(.unknownLock, "the second release")
      bench.convert(lock, to: .nl).expect(.unknownLock, "a conversion")
    },
    Check(name: "names of 64 bytes are told apart, of 65 refused") {
      bench throws(ResourceName.Invalid) in
      let length = ResourceName.maximumLength
      _ = bench.held(try bench.resource("", length: length), .ex)
      _ = bench.held(try bench.resource("", length: length - 1), .ex)
      _ = bench.held(try bench.resource("y", length: length), .ex)
      let again = try bench.resource("", length: length)
      bench.lock(again, .ex, .noQueue).expect(.refused, "the same long name")
      do throws(ResourceName.Invalid) {
        _ = try bench.resource("", length: length + 1)
        bench.fail("a name of \(length + 1) bytes was taken")
      } catch {
        bench.expect(error == .tooLong(length + 1), "\(error)")
      }
    },
    Check(name: "locks can be listed") { bench throws(ResourceName.Invalid) in
      let resource = try bench.resource("r")
      let holder = bench.held(resource, .pw)
      let lock = bench.held(resource, .nl)
      bench.convert(lock, to: .pw).expectWaiting("NL to PW beside PW")
      let waiter = bench.lock(resource, .ex).expectWaiting("EX beside PW").lock
      bench.expect(
        Set(bench.records) == [
          LockRecord(
            lock: holder, resource: resource, granted: .pw, requested: nil, queue: .granted),
          LockRecord(
            lock: lock, resource: resource, granted: .nl, requested: .pw, queue: .converting),
          LockRecord(
            lock: waiter, resource: resource, granted: nil, requested: .ex, queue: .waiting),
        ], "listed: \(bench.records)")
    },
    Check(name: "refusals that are read late are told apart") {
      bench throws(ResourceName.Invalid) in
      let own = try bench.resource("own")
      _ = bench.held(own, .pw)
      // On this node the master is asked within the call; elsewhere its answer arrives later.
      let occupied = [own] + bench.subject.occupied
      var refusals: [Operation] = []
      var grants: [Operation] = []
      let free = try (0..<Self.lateRequests).map { number throws(ResourceName.Invalid) in
        try bench.resource("free-\(number)")
      }
      bench.engine.together {
        for (number, resource) in free.enumerated() {
          refusals.append(bench.lock(occupied[number % occupied.count], .pw, .noQueue))
          grants.append(bench.lock(resource, .pw, .noQueue))
        }
      }
      for refusal in refusals { refusal.expect(.refused, "PW beside PW, one of many") }
      for grant in grants { grant.expectGranted("PW on a free resource, among refusals") }
      for refusal in refusals {
        bench.unlock(refusal.lock).expect(.unknownLock, "giving back what was refused")
      }
      let again = grants.map { bench.convert($0.lock, to: .nl) }
      for conversion in again { conversion.expectGranted("PW to NL, among refusals") }
    },
    Check(name: "ten thousand locks") { bench throws(ResourceName.Invalid) in
      var locks: [Operation] = []
      for number in 0..<10_000 {
        locks.append(bench.lock(try bench.resource("\(number)"), .pw, .noQueue))
      }
      for lock in locks { lock.expectGranted("one of many") }
      bench.expect(bench.records.count == locks.count, "\(bench.records.count) are listed")
      let releases = locks.map { bench.unlock($0.lock) }
      for release in releases { release.expect(.released, "one of many") }
    },
  ]
}
