import LockModel
import Testing

@testable import ResourceIdentity

@Suite struct NetworkTests {
  let host = FakeHost()

  /// The names are part of what nodes agree on.
  @Test(arguments: [
    (NetworkImage.NetworkProtocol.rbd, "p/i", "rbd:p/i"), (.rbd, "p/n/i", "rbd:p/n/i"),
    (.gluster, "/v/a", "gluster:v/a"), (.iscsi, "IQN.x:y/01", "iscsi:iqn.x:y/1"),
    (.sheepdog, "v", "sheepdog:v"), (.vxhs, "AB-1", "vxhs:ab-1"), (.nbd, "", "nbd:h:10809"),
    (.nbd, "e", "nbd:h:10809/e"), (.http, "/a/b", "http:h:80/a/b"), (.https, "a", "https:h:443/a"),
    (.ftp, "a", "ftp:h:21/a"), (.ftps, "a", "ftps:h:990/a"), (.tftp, "a", "tftp:h:69/a"),
    (.ssh, "a", "ssh:h:22/a"), (.nfs, "/x/a", "nfs-path:h:2049/x/a"),
  ]) func everyProtocolHasItsName(
    networkProtocol: NetworkImage.NetworkProtocol, name: String, expected: String
  ) throws {
    #expect(
      try host.network(networkProtocol, name, "H.") == Footprint(ResourceName(expected)))
  }

  @Test func everyNameHasItsSnapshotAndItsNetwork() throws {
    let known = FakeHost().know(
      NetworkStorage(name: "c", networkProtocol: .rbd, hosts: ["mon1:6789"]))
    #expect("\(try known.network(.rbd, "p/i", "mon1", snapshot: "s").itself)" == "[rbd:c:p/i@s]")
    #expect("\(try known.network(.rbd, "p/i", "mon1:3300").itself)" == "[rbd:p/i]")
    #expect(
      "\(try known.network(.sheepdog, "v", "mon1", snapshot: "s").itself)" == "[sheepdog:v@s]")
  }

  @Test(arguments: [
    (NetworkImage.NetworkProtocol.rbd, "image"), (.rbd, "a/b/c/d"), (.rbd, "a//b"), (.gluster, "/"),
    (.ssh, "/a/../b"), (.nfs, ""),
  ]) func whatMayMeanTwoThingsIsRefused(
    networkProtocol: NetworkImage.NetworkProtocol, name: String
  ) {
    #expect(throws: Untold.self) { try host.network(networkProtocol, name, "h") }
  }

  @Test func aServerIsNeeded() {
    #expect(throws: Untold.self) { try host.network(.nbd, "e") }
  }

  @Test func aUnixSocketIsTheNodesOwn() throws {
    host.make("run")
    host.link("var", to: "run")
    func footprint(_ directory: String, _ host: FakeHost) throws -> Footprint {
      try host.footprint(
        .network(
          NetworkImage(.nbd, name: "e", hosts: [.unix("\(self.host.root)/\(directory)/s")])))
    }
    #expect(try footprint("run", host) == footprint("var", host))
    #expect(try footprint("run", host) != footprint("run", FakeHost("node2")))
  }

  @Test(
    arguments: [
      ("h", "h", nil), ("h:1", "h", 1), ("[::1]:2", "[::1]", 2), ("::1", "::1", nil),
      ("fd00::1:5", "fd00::1:5", nil), ("h:x", "h:x", nil),
    ] as [(String, String, UInt16?)]) func hostsAndPortsAreToldApart(
      text: String, host: String, port: UInt16?
    )
  {
    #expect(Server.split(text) == (host, port))
  }
}
