import DomainXML
import LockModel
import Testing

@Suite struct NetworkDiskTests {
  static let forms: [(source: String, image: NetworkImage)] = [
    (
      "protocol='nbd'><host transport='unix' socket='/run/nbd'/>",
      NetworkImage(.nbd, name: "", hosts: [.unix("/run/nbd")])
    ),
    (
      "protocol='nbd' name='x' tls='yes'><host name='::1' port='10809'/><reconnect delay='1'/>",
      NetworkImage(.nbd, name: "x", hosts: [.tcp("::1", port: 10809)])
    ),
    (
      """
      protocol='rbd' name='pool/ns/image'><host name='a' port='6789'/><host name='b'/>
      <snapshot name='s'/><config file='/etc/ceph/c.conf'/>
      """,
      NetworkImage(
        .rbd, name: "pool/ns/image", hosts: [.tcp("a", port: 6789), .tcp("b", port: nil)],
        snapshot: "s", configuration: "/etc/ceph/c.conf")
    ),
    ("protocol='sheepdog' name='x'>", NetworkImage(.sheepdog, name: "x", hosts: [])),
    (
      """
      protocol='gluster' name='vol/a'><host name='h' transport='rdma'/>
      <host transport='unix' socket='/s'/>
      """,
      NetworkImage(.gluster, name: "vol/a", hosts: [.tcp("h", port: nil), .unix("/s")])
    ),
    (
      "protocol='iscsi' name='iqn.x/2'><host name='h' port='0'/><initiator><iqn name='i'/></initiator>",
      NetworkImage(.iscsi, name: "iqn.x/2", hosts: [.tcp("h", port: nil)])
    ),
    (
      "protocol='https' name='a.iso' query='k=v'><host name='h' port='443'/><ssl verify='no'/>",
      NetworkImage(.https, name: "a.iso", hosts: [.tcp("h", port: 443)])
    ),
    (
      "protocol='http' name='a.iso?k=v'><host name='h'/>",
      NetworkImage(.http, name: "a.iso", hosts: [.tcp("h", port: nil)])
    ),
    (
      "protocol='ftp' name='a?b'><host name='h'/>",
      NetworkImage(.ftp, name: "a?b", hosts: [.tcp("h", port: nil)])
    ),
    (
      "protocol='ftps' name='a'><host name='h'/>",
      NetworkImage(.ftps, name: "a", hosts: [.tcp("h", port: nil)])
    ),
    (
      "protocol='tftp' name='a'><host name='h'/>",
      NetworkImage(.tftp, name: "a", hosts: [.tcp("h", port: nil)])
    ),
    (
      "protocol='ssh' name='/a'><host name='h'/><identity username='u' keyfile='/k'/>",
      NetworkImage(.ssh, name: "/a", hosts: [.tcp("h", port: nil)])
    ),
    (
      "protocol='nfs' name='/a'><host name='h'/><identity user='u' group='g'/>",
      NetworkImage(.nfs, name: "/a", hosts: [.tcp("h", port: nil)])
    ),
    (
      "protocol='vxhs' name='u'><host name='h' port='9999'/>",
      NetworkImage(.vxhs, name: "u", hosts: [.tcp("h", port: 9999)])
    ),
  ]

  @Test(arguments: forms) func everyProtocol(source: String, image: NetworkImage) throws {
    let domain = try DiskTests.domain(disk: "<source \(source)</source>", type: "network")
    #expect(
      domain.resources == [
        Resource(
          kind: .network, device: "disk vda", source: .network(image), access: .exclusiveWrite)
      ])
    #expect(domain.unguarded.isEmpty)
  }

  @Test func noProtocolIsForgotten() {
    #expect(
      Set(Self.forms.map(\.image.networkProtocol))
        == Set(NetworkImage.NetworkProtocol.allCases))
  }

  @Test(arguments: [
    "protocol='rbd'>", "protocol='nbd'><host/>", "protocol='nbd'><host transport='unix'/>",
    "protocol='nbd'><host name='h' transport='pigeon'/>",
    "protocol='nbd'><host name='h' port='65536'/>", "protocol='nbd'><host name='h' port='x'/>",
  ])
  func whatLibvirtWouldNotTakeIsReported(source: String) throws {
    let domain = try DiskTests.domain(disk: "<source \(source)</source>", type: "network")
    #expect(domain.resources.isEmpty)
    #expect(domain.unguarded.map(\.device) == ["disk vda"])
  }
}
