import AgentAPI
import LockModel
import Testing

@Suite struct MessageTests {
  static let uuid = DomainUUID("83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7")!
  static let owner = OwnerID(domain: uuid, instance: 7)
  static let resources = [
    Resource(
      kind: .file, device: "disk vda", source: .file("/srv/a b.qcow2"), access: .exclusiveWrite),
    Resource(kind: .block, device: "disk vdb", source: .block("/dev/sda"), access: .sharedWrite),
    Resource(kind: .directory, device: "disk vdc", source: .directory("/srv"), access: .readOnly),
    Resource(
      kind: .lease, device: "lease", source: .lease(lockspace: "ls", key: "k"),
      access: .exclusiveWrite),
  ]
  static let claim = Claim(
    resource: ResourceName(domain: uuid), mode: .ex, device: "domain", location: "vm-1")
  static let report = OwnerReport(
    owner: owner, name: "vm\n1", node: NodeName("a"), phase: "running", pid: 12,
    since: Timestamp(milliseconds: 5), claims: [claim],
    unguarded: [UnguardedResource(device: "disk vdd", description: "network disk")])

  static let requests: [Request] = [
    .hook(
      HookCall(
        operation: .prepare, name: "vm \"1\"", uuid: uuid, caller: 99, resources: resources,
        unguarded: [UnguardedResource(device: "nvram", description: "x")])),
    .hook(HookCall(operation: .release, name: "vm-1", uuid: nil, caller: 1)),
    .register(Domain(uuid: uuid, name: "vm-1"), pid: 4), .add(owner, resources), .acquire(owner),
    .release(owner), .inquire(.uuid(uuid)), .inquire(.name("vm-1")), .who(path: "/a"), .status,
    .revoke(.domain(.uuid(uuid))), .revoke(.domain(.name("vm-1"))), .revoke(.path("/a b")),
    .revoke(.resource(ResourceName(domain: uuid))), .whoHolds(ResourceName(domain: uuid)), .cluster,
    .revoke(.resource(ResourceName(domain: uuid))), .attach(.name("vm-1"), resources),
    .detach(.uuid(uuid), []), .metrics, .events, .identify(path: "/a b"),
  ]

  @Test(arguments: requests) func requestsReadBack(request: Request) throws {
    #expect(try Request(try JSON(request.json.bytes)) == request)
  }

  static let replies: [Reply] = [
    .done, .registered(owner), .owners([report]), .owners([]),
    .holders(
      ResourceName(domain: uuid),
      [
        HolderReport(
          owner: owner, name: "vm-1", node: NodeName("a"), phase: "saved",
          since: Timestamp(milliseconds: 1), claim: claim)
      ]),
    .status(
      StatusReport(
        version: "1", node: NodeName("a"), engine: "local", pid: 1,
        started: Timestamp(milliseconds: 9), alarms: ["x"], owners: [report])),
    .status(
      StatusReport(
        version: "1", node: NodeName("a"), engine: "dlm", lockspace: "libvirt", pid: 1,
        started: Timestamp(milliseconds: 9), alarms: [], owners: [])),
    .owners([
      OwnerReport(
        owner: owner, name: "vm", node: NodeName("b"), phase: "saved", pid: nil,
        since: Timestamp(milliseconds: 5), claims: [claim], unguarded: [],
        unattendedSince: Timestamp(milliseconds: 6))
    ]),
    .holders(
      ResourceName(domain: uuid),
      [
        HolderReport(
          owner: owner, name: "vm", node: NodeName("b"), phase: "running",
          since: Timestamp(milliseconds: 1), claim: claim,
          unattendedSince: Timestamp(milliseconds: 2))
      ]),
    .cluster(
      ClusterReport(
        node: NodeName("a"), lockspace: "libvirt", isConnected: true, alarms: ["x"],
        nodes: [
          .answering, .joining, .silent(since: Timestamp(milliseconds: 7)), .absent, .foreign,
        ].map { state in
          NodeReport(
            node: NodeName("b"), id: NodeID(2), version: "1", protocolVersion: 2, state: state,
            differences: ["readonly"],
            owners: [
              OwnerSummary(
                owner: owner, name: "vm", phase: "running", since: Timestamp(milliseconds: 5),
                claims: [claim])
            ])
        })),
    .cluster(
      ClusterReport(
        node: NodeName("a"), lockspace: nil, isConnected: false, alarms: [],
        nodes: [
          NodeReport(
            node: NodeName("a"), id: nil, version: nil, protocolVersion: nil, state: .answering,
            owners: [])
        ])),
    .refused(Refusal(.conflict, "no")), .subscribed, .metrics([]), .places([]),
    .places([
      PlaceReport(node: NodeName("a"), identity: .named([ResourceName(domain: uuid)])),
      PlaceReport(node: NodeName("b"), identity: .absent),
      PlaceReport(node: NodeName("c"), identity: .failed("it hangs")),
      PlaceReport(node: NodeName("d"), identity: nil),
    ]),
  ]

  @Test(arguments: replies) func repliesReadBack(reply: Reply) throws {
    #expect(try Reply(try JSON(reply.json.bytes)) == reply)
  }

  @Test(arguments: [
    #"{}"#, #"[]"#, #"{"v":2,"op":"status"}"#, #"{"v":1,"op":"dance"}"#, #"{"v":1,"op":"acquire"}"#,
    #"{"v":1,"op":"acquire","owner":"x"}"#, #"{"v":1,"op":"who","path":1}"#,
    #"{"v":1,"op":"register","name":"a","uuid":"83f1535f99ab0bf4e9d02dfd85d3e3f7","pid":0}"#,
    #"{"v":1,"op":"register","name":"a","uuid":"83f1535f99ab0bf4e9d02dfd85d3e3f7","pid":4294967297}"#,
    #"{"v":1,"op":"hook","hook":"attach","name":"a","caller":1}"#,
    #"{"v":1,"op":"hook","hook":"prepare","name":"a","caller":1,"resources":[{"device":"x"}]}"#,
  ])
  func malformedRequestsAreRefused(text: String) throws {
    let json = try JSON(Array(text.utf8))
    #expect(throws: MalformedMessage.self) { try Request(json) }
  }
}
