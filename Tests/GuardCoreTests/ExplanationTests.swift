import GuardCore
import LockModel
import Testing

@Suite struct ExplanationTests {
  static let domain = Domain(uuid: VM(1, []).uuid, name: "vm-1")
  static let name = try! ResourceName("part:wwid:naa.1/1")
  static let whole = try! ResourceName("wwid:naa.1")

  static func explain(
    _ things: [(Resource, Identification.Result)], unguarded: [UnguardedResource] = [],
    policy: Policy = Policy()
  ) -> Explanation {
    Explanation(
      of: domain, things.map { Identification(resource: $0, result: $1) }, unguarded: unguarded,
      policy: policy)
  }

  @Test func theDomainItselfComesFirst() {
    let explanation = Self.explain([])
    #expect(explanation.items.count == 1 && explanation.refusal == nil)
    let item = explanation.items[0]
    #expect(item.target == "domain" && item.kind == nil && item.source == "vm-1")
    #expect(item.locks.map(\.name) == [ResourceName(domain: Self.domain.uuid)])
    #expect(item.locks.map(\.mode) == [.ex])
  }

  @Test func aPartNamesWhatItIsAPartOf() {
    let item = Self.explain([
      (disk("/dev/sda1"), .named(Footprint(Self.name, within: [Self.whole])))
    ]).items[1]
    #expect(item.outcome == .locked && item.kind == .file && item.source == "/dev/sda1")
    #expect(item.locks.map(\.name) == [Self.name, Self.whole, Self.whole.parts])
    #expect(item.locks.map(\.mode) == [.pw, .pr, .cw])
    #expect(item.locks.map(\.use) == [.whole, .part, .part])
    #expect(
      item.locks.map(\.reason) == [
        "the only writer", "disk vda is a part of it", "disk vda, a part, is written",
      ])
  }

  @Test(arguments: [
    (Access.exclusiveWrite, LockMode.pw, "the only writer"),
    (.sharedWrite, .cw, "one of several writers"), (.readOnly, .pr, "reads, alone or with readers"),
    (.backing, .pr, "nobody may write below an overlay"),
  ]) func everyAccessHasItsReason(access: Access, mode: LockMode, reason: String) {
    let item = Self.explain([(disk("/a", access), .named(Footprint(Self.name)))]).items[1]
    #expect(item.locks[0].mode == mode && item.reason == reason)
  }

  @Test func policyIsNamedWhereItDecides() {
    var policy = Policy(readOnly: .concurrent)
    policy.resources[.memory] = .always(.readOnly)
    let memory = Resource(
      kind: .memory, device: "nvdimm", source: .file("/m"), access: .exclusiveWrite)
    let pci = Resource(
      kind: .pci, device: "hostdev", source: .named("x"), access: .exclusiveWrite)
    let items = Self.explain(
      [(memory, .named(Footprint(Self.name))), (pci, .failed("unheard of"))], policy: policy
    ).items
    #expect(items[1].locks.map(\.mode) == [.cr])
    #expect(items[1].reason == "only reads, says resources.memory")
    #expect(items[2].outcome == .off && items[2].reason == "off" && items[2].locks.isEmpty)
  }

  @Test func whatTheDomainWouldHoldIsTold() {
    let named = Identification.Result.named(Footprint(Self.whole))
    let items = Self.explain([
      (disk("/a", .readOnly), named), (disk("/a", .sharedWrite, target: "vdb"), named),
    ]).items
    #expect(items[1].locks[0].mode == .pw && items[2].locks[0].mode == .pw)
    #expect(items[1].locks[1].name == Self.whole.parts && items[1].locks[1].mode == .pr)
  }

  @Test func whatIsRefusedWhoeverElseRunsIsSaid() throws {
    let named = Identification.Result.named(Footprint(Self.whole))
    let twice = Self.explain([(disk("/a"), named), (disk("/b", target: "vdb"), named)])
    #expect(try #require(twice.refusal).contains("are the same storage"))
    #expect(twice.items[2].locks[0].mode == .pw)
    let unknown = Self.explain([(disk("/a"), .failed("no answer"))])
    #expect(
      unknown.items[1].outcome == .unidentified && unknown.items[1].reason.contains("no answer"))
    #expect(try #require(unknown.refusal).contains("cannot be identified"))
    let unlockable = [UnguardedResource(device: "disk vdb", description: "odd")]
    #expect(Self.explain([], unguarded: unlockable).refusal == nil)
    let strict = Self.explain([], unguarded: unlockable, policy: Policy(unlockable: .refuse))
    #expect(try #require(strict.refusal).contains("disk vdb (odd)"))
  }

  /// libvirt creates some files at the start.
  @Test func whatIsNotThereYetIsNoRefusal() {
    let explanation = Self.explain([(disk("/a"), .absent)])
    #expect(explanation.items[1].outcome == .absent && explanation.refusal == nil)
  }
}
