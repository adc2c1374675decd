import DomainXML
import LockModel
import Testing

/// XML that a real libvirt 9.0.0 handed to its hooks, and kept of a running domain.
@Suite struct CapturedTests {
  static let uuid = DomainUUID("83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7")

  @Test func startedNamesTheChain() throws {
    let domain = try DomainDescription(xml: try fixture("started.xml"))
    #expect(domain.name == "t1")
    #expect(domain.uuid == Self.uuid)
    #expect(domain.id == 2)
    #expect(
      domain.resources == [
        Resource(
          kind: .file, device: "disk vda", source: .file("/srv/img/t1.s2"), access: .exclusiveWrite),
        Resource(
          kind: .backing, device: "backing file 1 of vda", source: .file("/srv/img/t1.copy"),
          access: .backing),
        Resource(
          kind: .file, device: "disk vdb", source: .file("/srv/img/boot.img"), access: .readOnly),
        Resource(
          kind: .file, device: "disk vdc", source: .file("/srv/img/shared.raw"),
          access: .sharedWrite),
      ])
    #expect(domain.unguarded.isEmpty)
  }

  @Test func aStatusFileTellsOfAPause() throws {
    let domain = try DomainDescription(xml: try fixture("paused.xml"))
    let status = try #require(domain.status)
    #expect(status.state == .paused)
    #expect(status.pid == 69)
    #expect(!status.isBeingSaved)
    #expect(status.migration == nil)
    #expect(
      domain.resources.map { "\($0.source.location) \($0.access)" } == [
        "/srv/one.qcow2 exclusiveWrite", "/srv/two.qcow2 exclusiveWrite", "/srv/boot.img readOnly",
      ])
    #expect(domain.unguarded.isEmpty)
  }

  @Test func everyOperationsFormIsRead() throws {
    for (file, id) in [("prepare.xml", 1), ("stopped.xml", nil), ("migrate.xml", nil)] {
      let domain = try DomainDescription(xml: try fixture(file))
      #expect(domain.id == id)
      #expect(
        domain.resources.contains { $0.device == "disk vda" && $0.access == .exclusiveWrite })
      #expect(domain.resources.contains { $0.device == "disk vdb" && $0.access == .readOnly })
    }
  }
}
