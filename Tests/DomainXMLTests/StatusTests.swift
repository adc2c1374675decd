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

  @Test func itSaysHowTheDomainIs() throws {
    let status = try #require(try DomainDescription(xml: try fixture("status.xml")).status)
    #expect(status.state == .running)
    #expect(status.pid == 4711)
    #expect(!status.isBeingSaved)
    #expect(status.migration == nil)
  }

  @Test(arguments: ["started.xml", "stopped.xml"]) func nothingElseSaysSo(file: String) throws {
    #expect(try DomainDescription(xml: try fixture(file)).status == nil)
  }

  @Test func pausesAreToldFromOtherStates() throws {
    #expect(try status("state='paused' reason='user'").state == .paused)
    #expect(try status("state='pmsuspended' reason='unknown'").state == .other("pmsuspended"))
    #expect(try status("state='a&#10;b'").state == .other(#"'a\nb'"#))
    #expect(try status("").state == .other("?"))
  }

  @Test func whoeverIsBeingSavedIsKnownByTheJobOrThePause() throws {
    let save = "<job type='none' async='save' flags='0x0'/>"
    #expect(try status("state='running' reason='booted'", save).isBeingSaved)
    #expect(try status("state='paused' reason='save'", save).isBeingSaved)
    #expect(try status("state='paused' reason='save'").isBeingSaved)
    #expect(try !status("state='paused' reason='user'").isBeingSaved)
    #expect(try !status("state='running' reason='save canceled'").isBeingSaved)
    // A running domain's reason of that name would be another list's.
    #expect(try !status("state='running' reason='save'").isBeingSaved)
    #expect(try !status("state='paused' reason='dump'", "<job async='dump'/>").isBeingSaved)
  }

  /// As in libvirt's tests/qemustatusxml2xmldata/migration-{in,out}-params-in.xml.
  @Test func bothEndsOfAMigrationAreKnown() throws {
    let incoming = try status(
      "state='paused' reason='migration' pid='2296'",
      "<job type='none' async='migration in' phase='prepare' flags='0x900'><x/></job>")
    #expect(incoming.migration == .incoming)
    #expect(incoming.state == .paused)
    #expect(incoming.pid == 2296)
    let outgoing = try status(
      "state='running' reason='booted'",
      "<job type='none' async='migration out' phase='perform3' flags='0x42'/>")
    #expect(outgoing.migration == .outgoing)
    #expect(try status("", "<job type='modify' async='none'/>").migration == nil)
  }

  @Test(arguments: ["0", "-1", "", "99999999999", "7x"]) func aPIDThatIsNone(pid: String) throws {
    #expect(try status("state='running' pid='\(pid)'").pid == nil)
  }

  private func status(_ attributes: String, _ inner: String = "") throws -> DomainStatus {
    let xml = "<domstatus \(attributes)>\(inner)\(document())</domstatus>"
    return try #require(try DomainDescription(xml: Array(xml.utf8)).status)
  }

  @Test func itMustHoldADomain() {
    let error = #expect(throws: DomainXMLError.self) {
      try DomainDescription(xml: Array("<domstatus>\n<job/></domstatus>".utf8))
    }
    #expect(error?.reason == "the <domstatus> holds no <domain>")
  }
}
