import LockModel
import Testing

@testable import ResourceIdentity

@Suite struct WorldWideIDTests {
  typealias Designator = (header: [UInt8], value: [UInt8])

  static func page(_ designators: [Designator]) -> [UInt8] {
    [0, 0x83, 0, 0] + designators.flatMap { $0.header + [0, UInt8($0.value.count)] + $0.value }
  }

  static let naa8: Designator = ([1, 3], [0x50, 1, 2, 3, 4, 5, 6, 0xab])
  static let naa16: Designator = ([1, 3], [0x60] + [UInt8](1...15))
  static let eui8: Designator = ([1, 2], [UInt8](1...8))
  static let t10: Designator = ([2, 1], Array("QEMU    disk 7  ".utf8))
  static let name: Designator = ([3, 8], Array("NAA.5001\0\0".utf8))
  /// Of the target port, not of the disk.
  static let port: Designator = ([1, 0x13], [0x60] + [UInt8](repeating: 9, count: 15))

  @Test func theBestDesignatorCountsWhereverItStands() {
    let best = "naa.600102030405060708090a0b0c0d0e0f"
    #expect(VPD.identifier(Self.page([Self.t10, Self.naa8, Self.naa16, Self.eui8])) == best)
    #expect(VPD.identifier(Self.page([Self.naa16, Self.port, Self.name])) == best)
    #expect(VPD.identifier(Self.page([Self.port, Self.t10, Self.naa8])) == "naa.50010203040506ab")
    #expect(VPD.identifier(Self.page([Self.t10, Self.eui8])) == "eui.0102030405060708")
    #expect(VPD.identifier(Self.page([Self.t10, Self.name])) == "naa.5001")
    #expect(VPD.identifier(Self.page([Self.t10])) == "t10.QEMU    disk 7")
    #expect(VPD.identifier(Self.page([Self.port])) == nil)
  }

  @Test func aPageThatIsCutOffIsReadAsFarAsItGoes() {
    let page = Self.page([Self.eui8, Self.naa16])
    for length in 0..<page.count {
      let found = VPD.identifier(Array(page.prefix(length)))
      #expect(found == (length < 16 ? nil : "eui.0102030405060708"), "\(length)")
    }
    #expect(VPD.identifier([0, 0x80, 0, 4, 1, 3, 0, 0]) == nil)
  }

  @Test func serialNumbersAreTrimmed() {
    #expect(VPD.serial([0, 0x80, 0, 6] + Array("  ab  rest".utf8)) == "ab")
    #expect(VPD.serial([0, 0x80, 0, 2, 32, 32]) == nil)
    #expect(VPD.serial([]) == nil)
  }

  @Test func aSCSISerialNumberIsTheLastResort() throws {
    let host = FakeHost().disk("sda", "8:0", ["device/vendor": "QEMU    ", "device/model": "HD  "])
    host.write("sys/block/sda/device/vpd_pg80", [0, 0x80, 0, 2] + Array("s1".utf8))
    #expect("\(try host.block("8:0").itself)" == "[scsi-serial:QEMU/HD/s1]")
  }

  @Test(arguments: [
    ("36001405AABB", "naa.6001405aabb"), ("20011", "eui.0011"), ("1ATA_x", "t10.ATA_x"),
    ("nvme.1b36-0-0-1", "nvme.1b36-0-0-1"), ("uuid.AB", "uuid.ab"), ("3par", "3par"),
  ]) func multipathNamesReadLikeTheKernels(wwid: String, name: String) {
    #expect(WorldWideID.multipath(wwid) == name)
  }
}
