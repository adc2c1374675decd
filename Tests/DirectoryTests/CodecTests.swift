import LockEngineConformance
import LockModel
import Testing

@testable import Directory

@Suite struct CodecTests {
  static let messages: [DirectoryMessage] = [
    .snapshotBegin(profile), .snapshotEnd, .profile(profile),
    .ownerSet(entry(owner(1), claims: [])),
    .ownerSet(
      DirectoryEntry(
        owner: owner(.max, .max), name: "ünï \n", phase: "", pid: nil,
        since: Timestamp(milliseconds: -1), claims: disk("/a") + disk("/b", mode: .cr))),
    .ownerSet(
      entry(
        owner(7),
        claims: LockMode.allCases.map {
          Claim(
            resource: ResourceName(domain: uuid(7)), mode: $0, purpose: .ex, device: "domain",
            location: "vm")
        })),
    .ownerGone(owner(9, 300)),
    .question(number: 1 << 63, .leaving, uuid(3)), .question(number: 0, .waiting, uuid(3)),
    .look(number: 7, path: "/srv/a b"), .sight(number: 7, to: node(2), .absent),
    .sight(
      number: 7, to: node(2), .named([try! ResourceName("gfs2:a"), try! ResourceName("gfs2:b")])),
    .sight(number: 7, to: node(2), .failed("it hangs")),
    .answer(number: 5, to: node(.max), .leaving(attached: disk("/x"))),
    .answer(number: 5, to: node(1), .staying), .answer(number: 5, to: node(1), .standing),
    .answer(number: 5, to: node(1), .waiting), .answer(number: 5, to: node(1), HandoverAnswer.none),
  ]

  /// An owner that no datagram has room for.
  static let long = DirectoryMessage.ownerSet(
    entry(owner(1), claims: (0..<200).flatMap { disk("/images/of/a/guest/with/many/disks/\($0)") }))

  func deliver(_ datagrams: [[UInt8]], to reassembly: inout Reassembly) -> [Heard] {
    datagrams.compactMap { reassembly.take($0, from: node(2), agent: 20) }
  }

  @Test(arguments: messages + [long]) func whatIsSentIsHeard(_ message: DirectoryMessage) {
    var reassembly = Reassembly()
    let datagrams = Datagram.cut(message, serial: 7)
    #expect(datagrams.allSatisfy { $0.count < 1_024 })
    #expect(deliver(datagrams, to: &reassembly) == [heard(message)])
  }

  @Test func theBytesAreThoseOfVersionOne() {
    #expect(
      Datagram.cut(.question(number: 300, .waiting, uuid(1)), serial: 258) == [
        [0x64, 1, 6, 1, 0, 0, 1, 2, 0, 0, 0xac, 2, 2] + [UInt8](repeating: 0, count: 15) + [1]
      ])
    let body = DirectoryMessage.ownerSet(entry(owner(1), claims: disk("/a"))).body
    // The second claim says only what is new: three bytes, its length before them.
    #expect(Array(body.suffix(3)) == [2, 7, 2 | 4 << 4])
  }

  @Test func piecesOfManySendersAreKeptApart() {
    var reassembly = Reassembly()
    let datagrams = Datagram.cut(Self.long, serial: 1)
    #expect(datagrams.count > 3)
    var heards: [Heard] = []
    for datagram in datagrams {
      for sender in [UInt32(2), 3, 4] {
        if let heard = reassembly.take(datagram, from: node(sender), agent: sender * 10) {
          heards.append(heard)
        }
      }
    }
    #expect(heards == [2, 3, 4].map { heard(Self.long, from: $0, agent: $0 * 10) })
  }

  @Test func aMessageThatLacksAPieceIsNone() {
    let datagrams = Datagram.cut(Self.long, serial: 1)
    for missing in datagrams.indices {
      var reassembly = Reassembly()
      var rest = datagrams
      rest.remove(at: missing)
      #expect(deliver(rest, to: &reassembly) == [], "piece \(missing)")
      #expect(deliver(datagrams, to: &reassembly).count == 1)
    }
  }

  @Test func piecesOfTwoMessagesMakeNone() {
    var reassembly = Reassembly()
    let one = Datagram.cut(Self.long, serial: 1)
    let two = Datagram.cut(Self.long, serial: 2)
    #expect(deliver([one[0]] + two[1...], to: &reassembly) == [])
  }

  @Test func whatAnAgentLeftUnfinishedGoesWithIt() {
    var reassembly = Reassembly()
    let datagrams = Datagram.cut(Self.long, serial: 1)
    #expect(deliver([datagrams[0]], to: &reassembly) == [])
    reassembly.keep([node(2): 21])
    #expect(deliver(Array(datagrams[1...]), to: &reassembly) == [])
  }

  @Test func anOwnerBeyondAllBoundsIsNotTold() {
    let message = DirectoryMessage.ownerSet(
      entry(owner(1), name: String(repeating: "x", count: Datagram.maximumBody)))
    #expect(Datagram.cut(message, serial: 1) == [])
    var reassembly = Reassembly()
    var datagram =
      [Datagram.mark, 1, 3, 0, 0, 0, 0, 1, 0, 0] + [UInt8](repeating: 0, count: 60_000)
    for piece in 0..<40 {
      datagram[9] = UInt8(piece)
      datagram[3] = piece == 39 ? 1 : 0
      #expect(reassembly.take(datagram, from: node(2), agent: 20) == nil)
    }
  }

  @Test func bytesFromAnywhereAreNoTrap() {
    var random = SeededRandom(seed: 1)
    let datagrams = (Self.messages + [Self.long]).flatMap { Datagram.cut($0, serial: 1) }
    var reassembly = Reassembly()
    var directory = Directory()
    _ = directory.take(
      view(nodes: [1, 2], agents: [1: 10, 2: 20]), at: Timestamp(milliseconds: 0))
    var understood = 0
    for _ in 0..<100_000 {
      var bytes = datagrams.randomElement(using: &random)!
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(
          in: 0...255, using: &random)
      }
      if random.once(in: 3) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
      guard let heard = reassembly.take(bytes, from: node(2), agent: 20) else { continue }
      directory.hear(heard)
      _ = directory.holders(of: disk("/a")[0].resource)
      if heard.message != nil { understood += 1 }
    }
    #expect(understood > 10_000)
  }

  // MARK: - Versions

  @Test func oneVersionApartIsUnderstood() {
    #expect(ProtocolVersion(2).understands(ProtocolVersion(1)))
    #expect(ProtocolVersion(2).understands(ProtocolVersion(3)))
    #expect(!ProtocolVersion(2).understands(ProtocolVersion(4)))
    #expect(!ProtocolVersion(255).understands(ProtocolVersion(0)))
  }

  @Test func whatANewerVersionAppendsIsSkipped() {
    let next = ProtocolVersion(2)
    for message in Self.messages {
      var reassembly = Reassembly()
      let datagrams = Datagram.cut(
        kind: message.kind.rawValue, body: message.body + [1, 2, 3], serial: 1, version: next)
      #expect(deliver(datagrams, to: &reassembly).map(\.message) == [message])
    }
    // A claim with a member more, and one in a mode of the future.
    var body = ByteWriter()
    body.owner(owner(1))
    for text in ["vm", "running"] { body.text(text) }
    for number in [UInt64(0), 0, 2] { body.number(number) }
    for (mode, name) in [(UInt8(4 | 4 << 4), "a:b"), (9, "c:d")] {
      body.element { claim in
        claim.byte(0)
        claim.byte(mode)
        for text in [name, "disk vda", "/a", "of the future"] { claim.text(text) }
      }
    }
    guard case .ownerSet(let entry)? = DirectoryMessage(kind: 3, body: body.bytes) else {
      return #expect(Bool(false))
    }
    #expect(entry.claims.map(\.resource.description) == ["a:b"])
  }

  @Test func anUnknownKindIsHeardOfAndNothingMore() {
    var reassembly = Reassembly()
    let datagrams = Datagram.cut(kind: 99, body: [1], serial: 1, version: ProtocolVersion(2))
    #expect(
      deliver(datagrams, to: &reassembly) == [
        Heard(node: node(2), agent: 20, version: ProtocolVersion(2), message: nil)
      ])
  }

  @Test func aFarVersionIsReportedOnceForEachMessage() {
    var reassembly = Reassembly()
    guard case .ownerSet = Self.long else { return }
    let datagrams = Datagram.cut(Self.long, serial: 1, version: ProtocolVersion(3))
    #expect(
      deliver(datagrams, to: &reassembly) == [
        Heard(node: node(2), agent: 20, version: ProtocolVersion(3), message: nil)
      ])
  }
}
