import LockModel

extension ByteWriter {
  mutating func owner(_ owner: OwnerID) {
    raw(owner.domain.bytes)
    number(owner.instance)
  }

  mutating func entry(_ entry: DirectoryEntry) {
    owner(entry.owner)
    text(entry.name)
    text(entry.phase)
    number(UInt64(UInt32(bitPattern: entry.pid ?? 0)))
    number(UInt64(bitPattern: entry.since.milliseconds))
    claims(entry.claims)
  }
}

extension ByteReader {
  mutating func uuid() -> DomainUUID? {
    raw(16).flatMap { DomainUUID(bytes: $0) }
  }

  mutating func owner() -> OwnerID? {
    guard let domain = uuid(), let instance = number() else { return nil }
    return OwnerID(domain: domain, instance: instance)
  }

  mutating func entry() -> DirectoryEntry? {
    guard let owner = owner(), let name = text(), let phase = text(),
      let pid = number().flatMap({ UInt32(exactly: $0) }), let since = number(),
      let claims = claims()
    else { return nil }
    return DirectoryEntry(
      owner: owner, name: name, phase: phase, pid: pid == 0 ? nil : Int32(bitPattern: pid),
      since: Timestamp(milliseconds: Int64(bitPattern: since)), claims: claims)
  }

  /// Whether an entry's claims name a resource.
  mutating func entryNames(_ resource: ResourceName) -> Bool {
    guard owner() != nil, textBytes() != nil, textBytes() != nil, number() != nil, number() != nil
    else { return false }
    return claimsName(resource)
  }
}
