import AgentAPI
import GuardCore
import LockModel
import Testing

@Suite struct ResourceRulesTests {
  static func policy(
    _ rules: [ResourceKind: ResourceRules.Rule], readOnly: Policy.ReadOnly = .protected
  ) -> Policy {
    var policy = Policy(readOnly: readOnly)
    for (kind, rule) in rules { policy.resources[kind] = rule }
    return policy
  }

  static func share(_ access: Access = .exclusiveWrite) -> Resource {
    Resource(kind: .filesystem, device: "filesystem", source: .file("/share"), access: access)
  }

  @Test func onlyWhatIsUsuallySharedOrNeverIsOff() {
    let rules = ResourceRules()
    #expect(
      ResourceKind.allCases.filter { rules[$0] == .off } == [
        .mediatedDevice, .pci, .filesystem, .sharedMemory,
      ])
    #expect(ResourceKind.allCases.allSatisfy { rules[$0] == .off || rules[$0] == .asUsed })
  }

  @Test func whatIsOffIsNeitherLockedNorLookedAtNorAlarmed() {
    let host = AdmissionTests.host(Self.policy([.file: .off]))
    host.storage["/one"] = .failed("nobody answers")
    #expect(host.start(VM(1, [disk("/one"), disk("/gone")])) == .done)
    #expect(host.start(VM(2, [disk("/one")])) == .done)
    #expect(host.alarms.isEmpty && !host.audits.contains { $0.kind == .unguarded })
    let surveyed = host.effects.compactMap { effect in
      if case .survey(_, let resources, _) = effect { resources } else { nil }
    }
    #expect(surveyed.count == 4 && surveyed.allSatisfy { $0.isEmpty })
  }

  /// The same for those who come by the lock manager's own operations.
  @Test func clientsLockNothingOfAKindThatIsOff() throws {
    let host = AdmissionTests.host(Self.policy([.file: .off]))
    let process = ProcessRef(pid: 7, startTime: 1)
    host.drivers[7] = process
    host.alive.insert(process)
    let domain = Domain(uuid: VM(1, []).uuid, name: "vm-1")
    guard case .registered(let owner) = host.ask(.register(domain, pid: 7)) else {
      return #expect(Bool(false))
    }
    host.storage["/one"] = .failed("nobody answers")
    #expect(host.ask(.add(owner, [disk("/one")])) == .done)
    #expect(host.ask(.acquire(owner)) == .done)
    guard case .owners(let owners) = host.ask(.inquire(.name("vm-1"))) else {
      return #expect(Bool(false))
    }
    #expect(owners[0].claims.map(\.device) == ["domain"])
  }

  @Test(arguments: [
    (Access.exclusiveWrite, false), (.sharedWrite, true), (.readOnly, true),
  ]) func aFixedAccessCountsForEveryDomain(access: Access, runTogether: Bool) {
    let host = AdmissionTests.host(Self.policy([.filesystem: .always(access)]))
    #expect(host.start(VM(1, [Self.share(.exclusiveWrite)])) == .done)
    #expect((host.start(VM(2, [Self.share(.readOnly)])) == .done) == runTogether)
  }

  /// A reader meets a writer as `readonly` says, whoever made it a reader.
  @Test func aFixedReaderFollowsThePolicyOfReaders() {
    for (readOnly, isGranted) in [(Policy.ReadOnly.protected, false), (.concurrent, true)] {
      let rules = Self.policy([.filesystem: .always(.readOnly)], readOnly: readOnly)
      let host = AdmissionTests.host(rules)
      #expect(host.start(VM(1, [disk("/share")])) == .done)
      #expect((host.start(VM(2, [Self.share()])) == .done) == isGranted)
    }
  }

  /// What is only read is not written twice.
  @Test func aFixedReaderDoesNotFightWithItself() {
    let twice = VM(1, [Self.share(), Self.share()])
    let host = AdmissionTests.host(Self.policy([.filesystem: .always(.readOnly)]))
    #expect(host.start(twice) == .done)
    #expect(AdmissionTests.host(Self.policy([.filesystem: .asUsed])).start(twice) != .done)
  }

  @Test func anotherPolicyCountsFromTheNextRequestOn() {
    let host = AdmissionTests.host()
    #expect(host.start(VM(1, [disk("/one")])) == .done)
    host.happen(.policy(Self.policy([.file: .off])))
    #expect(host.holders("/one") == ["vm-1"])
    #expect(host.start(VM(2, [disk("/one")])) == .done)
    host.happen(.policy(Policy()))
    #expect(host.start(VM(3, [disk("/one")])) != .done)
    #expect(host.start(VM(4, [disk("/two")])) == .done)
    #expect(host.holders("/two") == ["vm-4"])
  }

  @Test func aBrokenConfigurationIsAnAlarmUntilItIsMended() {
    let host = AdmissionTests.host()
    host.happen(.misconfigured("f:1: x"))
    host.happen(.misconfigured("f:1: x"))
    #expect(host.alarms == ["f:1: x"])
    #expect(host.audits.count { $0.kind == .alarm } == 1)
    host.happen(.misconfigured(nil))
    #expect(host.alarms == [])
  }
}
