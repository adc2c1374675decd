import AgentAPI
import LockModel
import Testing

@Suite struct ResourceMessageTests {
  static let uuid = DomainUUID("83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7")!
  static let pci = PCIAddress(domain: 0x10000, bus: 0xe1, slot: 0x1f, function: 7)

  /// Each with the members that stand for it on the socket.
  static let sources: [(source: ResourceSource, members: String)] = [
    (.file("/a b\n"), #""file":"/a b\n""#),
    (.block("/dev/sda"), #""block":"/dev/sda""#),
    (.directory("/srv"), #""directory":"/srv""#),
    (.lease(lockspace: "", key: "k"), #""lockspace":"","key":"k""#),
    (
      .network(
        NetworkImage(
          .rbd, name: "p/i", hosts: [.tcp("m", port: 6789), .tcp("::1", port: nil), .unix("/s")],
          snapshot: "s", configuration: "/c")),
      #""network":{"protocol":"rbd","name":"p/i","hosts":[{"host":"m","port":6789},"#
        + #"{"host":"::1"},{"unix":"/s"}],"snapshot":"s","config":"/c"}"#
    ),
    (
      .network(NetworkImage(.nbd, name: "", hosts: [])),
      #""network":{"protocol":"nbd","name":"","hosts":[]}"#
    ),
    (.volume(pool: "p", volume: "v"), #""pool":"p","volume":"v""#),
    (.nvme(pci, namespace: .max), #""nvme":"10000:e1:1f.7","namespace":4294967295"#),
    (.socket("/s"), #""socket":"/s""#),
    (.device("/dev/tpm0"), #""character":"/dev/tpm0""#),
    (.tpmState(uuid), #""tpm":"83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7""#),
    (
      .scsiDevice(adapter: "scsi:host3", bus: 0, target: .max, unit: .max),
      #""scsi":"scsi:host3:0:4294967295:18446744073709551615""#
    ),
    (.vhostSCSI(wwpn: "naa.1"), #""wwpn":"naa.1""#),
    (
      .pci(PCIAddress(domain: 0, bus: 1, slot: 0, function: 0)), #""pci":"0000:01:00.0""#
    ),
    (.mediatedDevice(uuid), #""mdev":"83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7""#),
    (.sharedMemory(name: "s"), #""shmem":"s""#),
    (.named("n"), #""named":"n""#),
    (.resource(ResourceName(domain: uuid)), #""resource":"domain:\#(uuid)""#),
  ]

  @Test(arguments: sources) func everySourceReadsBack(
    source: ResourceSource, members: String
  ) throws {
    let resource = Resource(kind: .extra, device: "d", source: source, access: .readOnly)
    let text = #"{"kind":"extra","device":"d",\#(members),"access":"read-only"}"#
    #expect(String(decoding: resource.json.bytes, as: UTF8.self) == text)
    #expect(try Resource(try JSON(Array(text.utf8))) == resource)
  }

  @Test func everyKindAndAccessReadsBack() throws {
    for kind in ResourceKind.allCases {
      for access in Access.allCases {
        let resource = Resource(kind: kind, device: "d", source: .file("/a"), access: access)
        #expect(try Resource(try JSON(resource.json.bytes)) == resource)
      }
    }
  }

  @Test func everyProtocolReadsBack() throws {
    for networkProtocol in NetworkImage.NetworkProtocol.allCases {
      let image = NetworkImage(networkProtocol, name: "n", hosts: [])
      let resource = Resource(
        kind: .network, device: "d", source: .network(image), access: .backing)
      #expect(try Resource(try JSON(resource.json.bytes)) == resource)
    }
  }

  @Test(arguments: [
    (#""file":"/a""#, "kind"),
    (#""kind":"soul","file":"/a""#, "kind"),
    (#""kind":"file""#, "source"),
    (#""kind":"file","hologram":"/a""#, "source"),
    (#""kind":"file","file":1"#, "file"),
    (#""kind":"lease","lockspace":"a""#, "key"),
    (#""kind":"volume","pool":"a""#, "volume"),
    (#""kind":"nvme","nvme":"0000:01:00","namespace":1"#, "nvme"),
    (#""kind":"nvme","nvme":"0000:01:00.0","namespace":-1"#, "namespace"),
    (#""kind":"pci","pci":"0000:100:00.0""#, "pci"),
    (#""kind":"pci","pci":"0000:01:20.0""#, "pci"),
    (#""kind":"pci","pci":"0000:01:00.8""#, "pci"),
    (#""kind":"scsi","scsi":"scsi_host3:0:0""#, "scsi"),
    (#""kind":"scsi","scsi":"scsi_host3:0:0:x""#, "scsi"),
    (#""kind":"tpm","tpm":"x""#, "tpm"),
    (#""kind":"network","network":"x""#, "network.protocol"),
    (#""kind":"network","network":{"protocol":"pigeon","name":""}"#, "network.protocol"),
    (#""kind":"network","network":{"protocol":"nbd"}"#, "network.name"),
    (
      #""kind":"network","network":{"protocol":"nbd","name":"","hosts":[{}]}"#,
      "network.hosts[0].host"
    ),
    (
      #""kind":"network","network":{"protocol":"nbd","name":"","hosts":[{"host":"h","port":65536}]}"#,
      "network.hosts[0].port"
    ),
  ])
  func aWrongMemberIsNamed(members: String, field: String) throws {
    let json = try JSON(Array(#"{"device":"d","access":"read-only",\#(members)}"#.utf8))
    let error = #expect(throws: MalformedMessage.self) { try Resource(json) }
    #expect(error?.field == field)
  }
}
