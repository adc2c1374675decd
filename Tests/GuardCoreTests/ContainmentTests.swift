import AgentAPI
import GuardCore
import LockModel
import Testing

/// A disk, its partitions, and the guests that have them.
@Suite struct ContainmentTests {
  static func host() -> TestHost {
    let host = TestHost(policy: Policy())
    let disk = try! ResourceName("wwid:naa.1")
    host.storage["/dev/sda"] = .named(Footprint(disk))
    for number in 1...2 {
      host.storage["/dev/sda\(number)"] = .named(
        Footprint(try! ResourceName("part:wwid:naa.1/\(number)"), within: [disk]))
    }
    return host
  }

  @Test func guestsOnTwoPartitionsRunSideBySide() {
    let host = Self.host()
    #expect(host.start(VM(1, [disk("/dev/sda1")])) == .done)
    #expect(host.start(VM(2, [disk("/dev/sda2")])) == .done)
    #expect(host.start(VM(3, [disk("/dev/sda2", .readOnly)])) != .done)
  }

  @Test func theWholeDiskIsRefusedForAPartAndSaysWhich() throws {
    let host = Self.host()
    host.start(VM(1, [disk("/dev/sda1")]))
    for access in Access.allCases {
      let refusal = try #require(host.start(VM(2, [disk("/dev/sda", access)]))?.refusal)
      #expect(refusal.code == .conflict)
      for part in ["'/dev/sda'", "a part of it, '/dev/sda1',", "exclusive write", "'vm-1'"] {
        #expect(refusal.message.contains(part), "\(part) in: \(refusal.message)")
      }
    }
    #expect(host.holders("/dev/sda") == ["vm-1"])
  }

  @Test func aPartIsRefusedForTheWholeDiskAndSaysSo() throws {
    let host = Self.host()
    host.start(VM(1, [disk("/dev/sda")]))
    let refusal = try #require(host.start(VM(2, [disk("/dev/sda1")]))?.refusal)
    for part in ["'/dev/sda1' is wanted in exclusive write", "what it is a part of, '/dev/sda',"] {
      #expect(refusal.message.contains(part), "\(part) in: \(refusal.message)")
    }
    #expect(host.holders("/dev/sda1") == ["vm-1"])
  }

  @Test func readersOfTheWholeAndOfAPartRunTogether() {
    let host = Self.host()
    #expect(host.start(VM(1, [disk("/dev/sda", .readOnly)])) == .done)
    #expect(host.start(VM(2, [disk("/dev/sda1", .readOnly)])) == .done)
    #expect(host.start(VM(3, [disk("/dev/sda2")])) != .done)
    #expect(host.start(VM(4, [disk("/dev/sda", .sharedWrite)])) != .done)
  }

  @Test func aDomainMayNotWriteAPartTwice() throws {
    let host = Self.host()
    let refusal = try #require(
      host.start(VM(1, [disk("/dev/sda"), disk("/dev/sda1", target: "vdb")]))?.refusal)
    #expect(refusal.message.contains("vda") && refusal.message.contains("vdb"))
    #expect(host.start(VM(2, [disk("/dev/sda1"), disk("/dev/sda2", target: "vdb")])) == .done)
  }

  /// The shared part comes first; the exclusive one is what the shared whole would write.
  @Test func noPartIsForgottenForAnother() throws {
    let host = Self.host()
    let refusal = host.start(
      VM(
        1,
        [
          disk("/dev/sda1", .sharedWrite), disk("/dev/sda2", target: "vdb"),
          disk("/dev/sda", .sharedWrite, target: "vdc"),
        ]))?.refusal
    let message = try #require(refusal?.message)
    #expect(message.contains("vdb") && message.contains("vdc"), "\(message)")
  }

  @Test func aDeviceOfSeveralIsAllOfThem() throws {
    let host = Self.host()
    let members = [try ResourceName("wwid:naa.1"), try ResourceName("wwid:naa.2")]
    host.storage["/dev/md0"] = .named(Footprint(first: members[0], [members[1]], within: []))
    host.storage["/dev/sdb"] = .named(Footprint(members[1]))
    #expect(host.start(VM(1, [disk("/dev/md0")])) == .done)
    for path in ["/dev/sda", "/dev/sdb", "/dev/sda1"] {
      #expect(host.start(VM(2, [disk(path)])) != .done, "\(path)")
    }
  }
}
