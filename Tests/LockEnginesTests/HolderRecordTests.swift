import LockModel
import Testing

@testable import LockEngines

@Suite struct HolderRecordTests {
  let holder = Holder(
    node: NodeID(0x0102_0304)!, domain: DomainUUID("83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7")!,
    mode: .pw, since: Timestamp(milliseconds: 1_790_000_000_123))

  @Test func whatIsWrittenIsRead() throws {
    #expect(Holder(holder.value) == holder)
    let before1970 = Holder(
      node: holder.node, domain: holder.domain, mode: .ex, since: Timestamp(milliseconds: -1))
    #expect(Holder(before1970.value) == before1970)
  }

  /// Other nodes may run another version: the bytes are a protocol.
  @Test func theBytesAreAProtocol() {
    #expect(
      holder.value.bytes == [
        1, 4, 0, 0, 4, 3, 2, 1, 0x83, 0xf1, 0x53, 0x5f, 0x99, 0xab, 0x0b, 0xf4, 0xe9, 0xd0, 0x2d,
        0xfd, 0x85, 0xd3, 0xe3, 0xf7, 0x7b, 0x6c, 0x50, 0xc4, 0xa0, 0x01, 0, 0,
      ])
  }

  @Test(arguments: [
    (0, 0), (0, 2),  // no version, another one
    (1, 3), (1, 6),  // a mode that cannot write, none
    (2, 1), (3, 1),
  ]) func whatMakesNoSenseNamesNobody(at index: Int, _ byte: UInt8) throws {
    var bytes = holder.value.bytes
    bytes[index] = byte
    #expect(Holder(try #require(LockValue(bytes))) == nil)
  }

  @Test func aFreeBlockNamesNobody() throws {
    #expect(Holder(.none) == nil)
    var bytes = holder.value.bytes
    bytes.replaceSubrange(4..<8, with: [0, 0, 0, 0])
    #expect(Holder(try #require(LockValue(bytes))) == nil)
  }
}
