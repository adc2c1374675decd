import Foundation
import LockModel
import Testing

@testable import ResourceIdentity

@Suite struct PoolTests {
  let host = FakeHost()

  func reason(_ pool: String, _ volume: String) -> String {
    do {
      return "\(try host.footprint(.volume(pool: pool, volume: volume)))"
    } catch Untold.failed(let reason) {
      return reason
    } catch {
      return "\(error)"
    }
  }

  @Test func aPoolThatIsNotThereIsSaidSo() {
    #expect(reason("none", "a").contains("virsh pool-define"))
    for bad in ["", "..", "a/b", "a\0"] {
      #expect(reason(bad, "a").contains("cannot be the name"), "\(bad)")
    }
  }

  @Test func theActivePoolCountsBeforeItsDefinition() throws {
    host.write("new/a", "")
    host.pool("p", "<pool type='dir'><target><path>/old</path></target></pool>", active: false)
    #expect(reason("p", "a") == "absent")
    host.pool("p", "<pool type='dir'><target><path>\(host.root)/new</path></target></pool>")
    #expect(
      try host.footprint(.volume(pool: "p", volume: "a"))
        == host.footprint(.file(host.root + "/new/a")))
  }

  @Test(arguments: [
    "", "<", "<volume/>", "<poolstate/>", "<!DOCTYPE pool [<!ENTITY x 'y'>]><pool type='dir'/>",
    "<pool type='dir'>" + String(repeating: " ", count: 1 << 20) + "</pool>",
  ]) func whatIsNoDefinitionIsRefused(xml: String) {
    host.write("run/p.xml", xml)
    #expect(reason("p", "a").contains("is not the definition"))
  }

  @Test(arguments: [
    ("<pool type='dir'/>", "no target path"), ("<pool type='odd'/>", "'odd'"),
    ("<pool/>", "''"), ("<pool type='rbd'/>", "no name"), ("<pool type='scsi'/>", "no adapter"),
    ("<pool type='iscsi'/>", "no source device"),
    (
      "<pool type='scsi'><source><adapter type='scsi_host' name='host3'/></source></pool>",
      "unit:BUS:TARGET:LUN"
    ),
  ]) func whatADefinitionLacksIsSaidSo(xml: String, what: String) {
    host.pool("p", xml)
    #expect(reason("p", "a").contains(what), "\(reason("p", "a"))")
  }

  @Test(arguments: [
    "<adapter type='scsi_host' name='scsi_host3'/>", "<adapter name='host3'/>",
    """
    <adapter type='scsi_host'><parentaddr unique_id='5'><address domain='0x0000' bus='0x00' \
    slot='0x1f' function='0x2'/></parentaddr></adapter>
    """,
  ]) func anAdapterIsFoundByNameAndByAddress(adapter: String) throws {
    host.disk("sda", "8:0", ["device/wwid": "naa.1"])
    host.disk("sdb", "8:16", ["device/wwid": "naa.2"])
    for (number, unique, device) in [("3", "5", "8:0"), ("4", "6", "8:16")] {
      let place = "sys/devices/pci0000:00/0000:00:1f.2/host\(number)/scsi_host/host\(number)"
      host.write("\(place)/unique_id", unique + "\n")
      host.link("sys/class/scsi_host/host\(number)", to: place)
      host.write("sys/bus/scsi/devices/\(number):0:0:0/block/sd/dev", device + "\n")
    }
    host.pool("p", "<pool type='scsi'><source>\(adapter)</source></pool>")
    #expect(
      try host.footprint(.volume(pool: "p", volume: "unit:0:0:0"))
        == Footprint(ResourceName("wwid:naa.1")))
    #expect(reason("p", "unit:0:0:9") == "absent")
  }
}
