import Directory
import LockModel

func uuid(_ number: UInt64) -> DomainUUID {
  let digits = String(number, radix: 16)
  return DomainUUID(String(repeating: "0", count: 32 - digits.count) + digits)!
}

func owner(_ number: UInt64, _ instance: UInt64 = 1) -> OwnerID {
  OwnerID(domain: uuid(number), instance: instance)
}

/// A disk, and what its parts share.
func disk(_ path: String, mode: LockMode = .pw, device: String = "disk vda") -> [Claim] {
  let name = try! ResourceName("file:node:\(path.suffix(40))")
  return [
    Claim(resource: name, mode: mode, device: device, location: path),
    Claim(
      resource: name.parts!, mode: .cw, use: .part, purpose: mode, device: device, location: path),
  ]
}

func entry(
  _ owner: OwnerID, name: String = "vm", phase: String = "running", claims: [Claim] = disk("/a")
) -> DirectoryEntry {
  DirectoryEntry(
    owner: owner, name: name, phase: phase, pid: 4_711,
    since: Timestamp(milliseconds: 1_772_357_400_000), claims: claims)
}

let profile = AgentProfile(
  node: NodeName("node2"), version: "1.2", settings: SettingsDigest([.readOnly: ["protected"]]))

func node(_ number: UInt32) -> NodeID { NodeID(number)! }

func view(
  ring: UInt64 = 1, nodes: Set<UInt32>, agents: [UInt32: UInt32], here: UInt32 = 1,
  returned: Set<UInt32> = []
) -> ClusterView {
  ClusterView(
    here: node(here), ring: ring, nodes: Set(nodes.map(node)),
    agents: Dictionary(uniqueKeysWithValues: agents.map { (node($0.key), $0.value) }),
    isSettled: true, returned: Set(returned.map(node)))
}

func heard(_ message: DirectoryMessage?, from number: UInt32 = 2, agent: UInt32 = 20) -> Heard {
  Heard(node: node(number), agent: agent, version: .current, message: message)
}
