import Directory
import LockModel

/// A guest of a node, with that many disks, as a guard announces it.
func guest(_ number: Int, on node: Int, disks: Int) -> DirectoryEntry {
  let digits = String(node * 100_000 + number, radix: 16)
  let uuid = DomainUUID(String(repeating: "0", count: 32 - digits.count) + digits)!
  let name = "guest-\(node)-\(number)"
  let claims = (0..<disks).flatMap { disk -> [Claim] in
    let resource = try! ResourceName("wwid:naa.600140505\(digits)d\(disk)")
    let device = "disk vd\(disk)"
    let location = "/dev/mapper/images-\(name)-disk-\(disk)"
    return [
      Claim(resource: resource, mode: .pw, device: device, location: location),
      Claim(
        resource: resource.parts!, mode: .cw, use: .part, purpose: .pw, device: device,
        location: location),
    ]
  }
  return DirectoryEntry(
    owner: OwnerID(domain: uuid, instance: UInt64(number) + 1), name: name, phase: "running",
    pid: Int32(1_000 + number), since: Timestamp(milliseconds: 1_772_357_400_000),
    claims: [
      Claim(resource: ResourceName(domain: uuid), mode: .ex, device: "domain", location: name)
    ] + claims)
}

/// What a node says when somebody joins.
func snapshot(of node: Int, _ entries: [DirectoryEntry]) -> [DirectoryMessage] {
  let profile = AgentProfile(
    node: NodeName("node\(node)"), version: "lab", settings: SettingsDigest())
  return [.snapshotBegin(profile)] + entries.map(DirectoryMessage.ownerSet) + [.snapshotEnd]
}
