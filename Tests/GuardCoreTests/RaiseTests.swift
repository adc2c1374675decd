import AgentAPI
import GuardCore
import LockModel
import Testing

/// An agent that dies while a claim is being raised: what the guest had before, it keeps.
@Suite struct RaiseTests {
  let host = AdmissionTests.host()
  let one = disk("/one")
  let base = disk("/base", .backing, target: "vda")
  let written = disk("/base", target: "vda")
  let vm1 = VM(1, [disk("/one"), disk("/base", .backing)])
  let name = ChangeTests.name("/base")

  /// The agent dies when the ledger knows of the higher mode and the engine does not.
  private func dies() throws -> OwnerRecord {
    host.start(vm1)
    host.see(vm1, [one, base])
    #expect(host.engineHolds(vm1)[name] == .pr)
    host.holdsBack = { if case .acquired = $0 { true } else { false } }
    host.glimpse(vm1, [one, written])
    let record = try #require(host.ledger.values.first { $0.name == vm1.name })
    #expect(record.former.map(\.mode) == [.pr] && record.asked == [name])
    return record
  }

  private func next() -> TestHost {
    TestHost(isReady: false, lockspace: "ls", locksOutliveAgent: true)
  }

  @Test func whatIsFreeIsRaised() throws {
    _ = try dies()
    let next = TestHost.restarted(host, as: next())
    #expect(next.engineHolds(vm1)[name] == .pw)
    #expect(next.killed == [] && next.paused == [] && next.audits(.lost).isEmpty)
  }

  @Test func whatSomebodyElseReadsIsKeptAsItWas() throws {
    _ = try dies()
    let next = next()
    next.readElsewhere = [name]
    _ = TestHost.restarted(host, as: next)
    #expect(next.engineHolds(vm1)[name] == .pr)
    #expect(next.killed == [] && next.audits(.lost).isEmpty)
    #expect(next.paused == [vm1.process], "it is a conflict like any other")
    let record = try #require(next.ledger.values.first { $0.name == vm1.name })
    #expect(record.claims.first { $0.resource == name }?.mode == .pr)
    #expect(record.asked.isEmpty && record.former.isEmpty)
    #expect(next.phase(vm1) == "running")
  }

  /// Two readers on one node: the one's claim in the higher mode would have been the other's lock.
  @Test func whatAnotherGuestHereReadsIsKeptAsItWas() throws {
    host.start(VM(2, [disk("/two"), disk("/base", .readOnly, target: "vdb")]))
    let record = try dies()
    let next = TestHost.restarted(host, as: next())
    let asked = next.effects.compactMap { effect -> LockMode? in
      guard case .recover(record.owner, let claims) = effect else { return nil }
      return claims.first { $0.resource == name }?.mode
    }
    #expect(asked == [.pr])
    #expect(next.holders("/base").sorted() == ["vm-1", "vm-2"])
    #expect(next.killed == [] && next.audits(.lost).isEmpty)
  }

  /// That, too, can be lost: it was held for certain.
  @Test func whatIsNotThereAsItWasIsLost() throws {
    _ = try dies()
    let next = next()
    next.elsewhere = [name: ElsewhereTests.holder()]
    _ = TestHost.restarted(host, as: next)
    #expect(next.killed == [vm1.process])
    #expect(next.audits(.lost).count == 1)
  }

  @Test func whatNobodyKeptMeanwhileIsTold() throws {
    _ = try dies()
    let next = next()
    next.readElsewhere = [name]
    next.vanished = [name]
    _ = TestHost.restarted(host, as: next)
    #expect(next.engineHolds(vm1)[name] == .pr && next.killed == [])
    #expect(next.alarms.contains { $0.contains("LOCK LOST for a while") })
  }

  /// Of what an administrator gave it, what it had stays.
  @Test func whatIsAttachedStaysAsFarAsItWasGranted() throws {
    host.start(vm1)
    host.see(vm1, [one, base])
    let selector = DomainSelector.uuid(vm1.uuid)
    _ = host.ask(.attach(selector, [disk("/two", .readOnly, target: "path")]))
    let attached = host.ledger.values.first?.attached
    host.holdsBack = { if case .acquired = $0 { true } else { false } }
    _ = host.ask(.attach(selector, [disk("/two", .exclusive, target: "path")]))
    let next = next()
    next.readElsewhere = [ChangeTests.name("/two")]
    _ = TestHost.restarted(host, as: next)
    #expect(next.engineHolds(vm1)[ChangeTests.name("/two")] == .pr)
    #expect(next.ledger.values.first?.attached == attached)
  }

  /// What a start has found in the chain is asked for by its next hook, not taken for held.
  @Test func aStartAsksAgainForWhatWasNotRaised() throws {
    host.start(VM(2, [disk("/two"), disk("/base", .readOnly, target: "vdb")]))
    #expect(host.hook(.prepare, vm1) == .done)
    host.holdsBack = { if case .acquired = $0 { true } else { false } }
    _ = host.hook(.start, vm1, resources: [one, written])
    host.storage["/base"] = .named(Footprint(name))
    let next = TestHost.restarted(host, as: next())
    next.storage = host.storage
    let refusal = next.hook(.start, vm1, resources: [one, written])?.refusal
    #expect(refusal?.code == .conflict)
    #expect(next.engineHolds(vm1)[name] == .pr)
  }
}
