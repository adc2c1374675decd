import Foundation
import GuardCore
import LockModel
import Testing

@testable import Agent

/// A directory that goes with the test.
final class Scratch {
  let url = FileManager.default.temporaryDirectory.appendingPathComponent(
    "dlmguard-\(UUID().uuidString.prefix(8))")

  init() throws {
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }

  func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  func names(_ directory: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path(directory))) ?? []).sorted()
  }
}

@Suite struct LedgerTests {
  let scratch: Scratch
  let ledger: Ledger

  init() throws {
    scratch = try Scratch()
    ledger = try Ledger(stateDirectory: scratch.path("state"), node: NodeName("n1"), boot: "boot-1")
  }

  static func record(_ instance: UInt64 = 7, disks: Int = 2) throws -> OwnerRecord {
    let uuid = DomainUUID("83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7")!
    return OwnerRecord(
      owner: OwnerID(domain: uuid, instance: instance), name: "vm \"1\"\n", origin: .hook,
      stage: .running, keeper: ProcessRef(pid: 12, startTime: 3456),
      since: Timestamp(milliseconds: 99),
      claims: try (0..<disks).map {
        Claim(
          resource: try ResourceName("file:\($0)"), mode: .pw, device: "disk", location: "/a/\($0)")
      },
      unguarded: [UnguardedResource(device: "disk vdb", description: "network disk")])
  }

  @Test func whatIsWrittenIsReadUntilItIsErased() throws {
    let (one, two) = (try Self.record(1), try Self.record(2, disks: 2_000))
    try ledger.write(try Self.record(1, disks: 5))
    try ledger.write(one)
    try ledger.write(two)
    let contents = try ledger.read()
    #expect(Set(contents.records) == [one, two] && contents.problems.isEmpty)
    try ledger.erase(one.owner)
    try ledger.erase(one.owner)
    #expect(try ledger.read().records == [two])
    #expect(scratch.names("state/owners") == ["\(two.owner).json"])
  }

  @Test func whatIsBeingRaisedIsReadAsItWasWritten() throws {
    let record = try Self.record(1)
    let raised = OwnerRecord(
      owner: record.owner, name: record.name, origin: .hook, stage: .running, keeper: record.keeper,
      since: record.since, claims: record.claims, asked: [record.claims[0].resource],
      former: [
        Claim(resource: record.claims[0].resource, mode: .pr, device: "disk", location: "/a/0")
      ], unguarded: [])
    try ledger.write(raised)
    #expect(try ledger.read().records == [raised])
  }

  @Test func aPidMeansNothingAfterTheNextBoot() throws {
    try ledger.write(try Self.record())
    let next = try Ledger(
      stateDirectory: scratch.path("state"), node: NodeName("n2"), boot: "boot-2")
    #expect(try next.read().records.first?.keeper == nil)
    #expect(try next.read().node == NodeName("n1"), "the name under which it was written")
  }

  @Test func aBadRecordIsSetAsideAndTheOthersAreHonoured() throws {
    let good = try Self.record(1)
    try ledger.write(good)
    let whole = try String(
      contentsOfFile: scratch.path("state/owners/\(good.owner).json"), encoding: .utf8)
    let bad = [
      "a.json": "", "b.json": String(whole.prefix(100)), "c.json": "\0\u{1}",
      "\(try Self.record(2).owner).json": whole,
      "\(try Self.record(3).owner).json": whole.replacingOccurrences(
        of: "\"version\": 1", with: "\"version\": 2"),
    ]
    for (name, text) in bad {
      try text.write(
        toFile: scratch.path("state/owners/\(name)"), atomically: true, encoding: .utf8)
    }
    let contents = try ledger.read()
    #expect(contents.records == [good])
    #expect(contents.problems.count == bad.count)
    #expect(scratch.names("state/quarantine") == bad.keys.sorted())
    #expect(scratch.names("state/owners") == ["\(good.owner).json"])
    #expect(try ledger.read().problems.isEmpty)
  }

  @Test func aReplacementThatACrashCutShortIsNothing() throws {
    let good = try Self.record(1)
    try ledger.write(good)
    try "{".write(
      toFile: scratch.path("state/owners/.\(good.owner).json.new"), atomically: false,
      encoding: .utf8)
    let contents = try ledger.read()
    #expect(contents.records == [good] && contents.problems.isEmpty)
    #expect(scratch.names("state/owners") == ["\(good.owner).json"])
  }

  @Test func aFailureIsToldInWords() throws {
    try FileManager.default.removeItem(atPath: scratch.path("state/owners"))
    #expect {
      try ledger.write(try Self.record())
    } throws: { error in
      "\(error)".contains("No such file or directory") && "\(error)".contains("state/owners")
    }
  }
}
