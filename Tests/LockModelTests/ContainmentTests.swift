import Foundation
import LockModel
import Testing

/// The uses of a thing and of its parts, each cell of the table in docs/design.md.
@Suite struct ContainmentTests {
  static let modes: [LockMode] = [.cr, .pr, .cw, .pw, .ex]
  let whole = Footprint(try! ResourceName("disk"))
  let part1 = Footprint(try! ResourceName("part/1"), within: [try! ResourceName("disk")])
  let part2 = Footprint(try! ResourceName("part/2"), within: [try! ResourceName("disk")])

  /// Whether two owners may have both at the same time, as the lock manager sees it.
  static func coexist(_ a: Footprint, _ m: LockMode, _ b: Footprint, _ n: LockMode) -> Bool {
    a.locks(for: m).allSatisfy { lock in
      b.locks(for: n).allSatisfy { other in
        lock.resource != other.resource || lock.mode.isCompatible(with: other.mode)
      }
    }
  }

  @Test func twoUsesOfOneThingMeetAsTheirModesDo() {
    for m in Self.modes {
      for n in Self.modes {
        #expect(Self.coexist(whole, m, whole, n) == m.isCompatible(with: n), "\(m) \(n)")
        #expect(Self.coexist(part1, m, part1, n) == m.isCompatible(with: n), "\(m) \(n)")
      }
    }
  }

  @Test func twoPartsNeverMeet() {
    for m in Self.modes {
      for n in Self.modes { #expect(Self.coexist(part1, m, part2, n), "\(m) \(n)") }
    }
  }

  /// The whole in the row's mode, a part in the column's; x where one is refused.
  static let table = """
    | whole \\ part | CR | PR | CW | PW | EX |
    |---|---|---|---|---|---|
    | CR | | | | | |
    | PR | | | x | x | x |
    | CW | | x | x | x | x |
    | PW | | x | x | x | x |
    | EX | x | x | x | x | x |
    """

  @Test func theWholeMeetsAPartAsTheTableSays() throws {
    let rows = Self.table.split(separator: "\n").dropFirst(2)
    #expect(rows.count == Self.modes.count)
    for (m, row) in zip(Self.modes, rows) {
      let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      #expect(cells.first == "\(m)")
      for (n, cell) in zip(Self.modes, cells.dropFirst()) {
        #expect(Self.coexist(whole, m, part1, n) == (cell != "x"), "\(m) \(n)")
        #expect(Self.coexist(part1, n, whole, m) == (cell != "x"), "\(m) \(n)")
      }
      #expect(cells.count == 1 + Self.modes.count)
    }
  }

  /// Wherever two writers, or a writer and a protected reader, would meet, one is refused.
  @Test func noWriterMeetsAnotherOrAProtectedReader() {
    for m in Self.modes {
      for n in Self.modes where m.writes || n.writes {
        let bothBearIt = m == .cr || n == .cr
        if bothBearIt { continue }
        #expect(!Self.coexist(whole, m, part1, n), "\(m) \(n)")
      }
    }
  }

  @Test func thePlanShowsTheSameTable() throws {
    let plan = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../docs/design.md")
    let text = try String(contentsOf: plan, encoding: .utf8)
    #expect(text.contains(Self.table))
  }

  @Test func aThingWithoutRoomForASecondNameIsUsedAsAWhole() throws {
    let long = try ResourceName(String(repeating: "x", count: 64))
    #expect(long.parts == nil)
    let part = Footprint(try ResourceName("part"), within: [long])
    #expect(!Self.coexist(part, .pw, Footprint(long), .pr))
    #expect(!Self.coexist(part, .pw, Footprint(try ResourceName("p2"), within: [long]), .pw))
  }

  @Test func nothingIsLockedTwice() throws {
    let name = try ResourceName("a")
    let footprint = Footprint(first: name, [name], within: [name, try ResourceName("b")])
    #expect(footprint.itself == [name])
    #expect(footprint.within == [try ResourceName("b")])
    for mode in Self.modes {
      let names = footprint.locks(for: mode).map(\.resource)
      #expect(Set(names).count == names.count)
    }
  }
}
