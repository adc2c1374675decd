import DomainXML
import LockModel
import Testing

/// The file that libvirt keeps of a running domain.
@Suite struct StatusTests {
  @Test func itsDomainIsRead() throws {
    let domain = try DomainDescription(xml: try fixture("status.xml"))
    #expect(domain.name == "vm-1")
    #expect(domain.id == 4)
    #expect(
      domain.resources.map { "\($0.kind.rawValue) | \($0.device) | \($0.source.location)" } == [
        "file | disk vda | /srv/top.qcow2", "backing | backing file 1 of vda | /srv/base.qcow2",
        "volume | disk vdb | tank/data", "pci | interface 0000:07:10.1 | 0000:07:10.1",
        "file | backup of vda | /srv/scratch.qcow2",
        "file | block job create-1 | /srv/made.qcow2",
        "file | disk of block job orphan | /srv/gone.qcow2",
        "backing | backing file 1 of block job orphan | /srv/gone-base.qcow2",
        "block | mirror of block job orphan | /dev/vg/gone",
      ])
    #expect(domain.unguarded.isEmpty)
  }

  @Test func itMustHoldADomain() {
    let error = #expect(throws: DomainXMLError.self) {
      try DomainDescription(xml: Array("<domstatus>\n<job/></domstatus>".utf8))
    }
    #expect(error?.reason == "the <domstatus> holds no <domain>")
  }
}
