import LockModel

extension Resource {
  /// `kind`, `device`, `access`, and where it lies: one member whose name tells what it is (`file`,
  /// `pci`, …), or two (`lockspace` and `key`, `pool` and `volume`, `nvme` and `namespace`).
  public var json: JSON {
    let kind = ("kind", JSON.string(self.kind.rawValue))
    let device = ("device", JSON.string(self.device))
    let access = ("access", JSON.string(self.access.rawValue))
    func object(_ key: String, _ value: JSON, _ more: (String, JSON?) = ("", nil)) -> JSON {
      .object(kind, device, (key, value), more, access)
    }
    return switch source {
    case .file(let path): object("file", .string(path))
    case .block(let path): object("block", .string(path))
    case .directory(let path): object("directory", .string(path))
    case .lease(let lockspace, let key):
      object("lockspace", .string(lockspace), ("key", .string(key)))
    case .network(let image): object("network", image.json)
    case .volume(let pool, let volume): object("pool", .string(pool), ("volume", .string(volume)))
    case .nvme(let address, let namespace):
      object("nvme", .string("\(address)"), ("namespace", .integer(Int64(namespace))))
    case .socket(let path): object("socket", .string(path))
    // "device" is the part of the domain.
    case .device(let path): object("character", .string(path))
    case .tpmState(let uuid): object("tpm", .string("\(uuid)"))
    case .scsiDevice: object("scsi", .string(source.location))
    case .vhostSCSI(let wwpn): object("wwpn", .string(wwpn))
    case .pci(let address): object("pci", .string("\(address)"))
    case .mediatedDevice(let uuid): object("mdev", .string("\(uuid)"))
    case .sharedMemory(let name): object("shmem", .string(name))
    case .named(let name): object("named", .string(name))
    case .resource(let name): object("resource", .string("\(name)"))
    }
  }

  /// - Throws: ``MalformedMessage`` where a member is missing or wrong.
  public init(_ json: JSON) throws(MalformedMessage) {
    self.init(
      kind: try json.require("kind", "a kind of resource") { json in
        json.stringValue.flatMap { ResourceKind(rawValue: $0) }
      },
      device: try json.string("device"), source: try ResourceSource(json),
      access: try json.require("access", "an access") { json in
        json.stringValue.flatMap { Access(rawValue: $0) }
      })
  }
}

extension ResourceSource {
  fileprivate init(_ json: JSON) throws(MalformedMessage) {
    guard let member = json.firstMember(among: Self.memberNames) else {
      throw MalformedMessage(
        field: "source", problem: "is missing, or of a kind that this version does not know")
    }
    switch member {
    case "file": self = .file(try json.string(member))
    case "block": self = .block(try json.string(member))
    case "directory": self = .directory(try json.string(member))
    case "lockspace":
      self = .lease(lockspace: try json.string(member), key: try json.string("key"))
    case "network":
      self = .network(try json.nested(member) { json throws(MalformedMessage) in try .init(json) })
    case "pool": self = .volume(pool: try json.string(member), volume: try json.string("volume"))
    case "nvme":
      self = .nvme(
        try json.pciAddress(member),
        namespace: try json.require("namespace", "the number of a namespace") { json in
          json.integerValue.flatMap { UInt32(exactly: $0) }
        })
    case "socket": self = .socket(try json.string(member))
    case "character": self = .device(try json.string(member))
    case "tpm": self = .tpmState(try json.uuid(member))
    case "scsi":
      self = try json.require(member, "the address of a SCSI device") { json in
        json.stringValue.flatMap { ResourceSource(scsi: $0) }
      }
    case "wwpn": self = .vhostSCSI(wwpn: try json.string(member))
    case "pci": self = .pci(try json.pciAddress(member))
    case "mdev": self = .mediatedDevice(try json.uuid(member))
    case "shmem": self = .sharedMemory(name: try json.string(member))
    case "resource": self = .resource(try json.resourceName(member))
    default: self = .named(try json.string(member))
    }
  }

  /// The first, or only, member of each case.
  private static let memberNames = [
    "file", "block", "directory", "lockspace", "network", "pool", "nvme", "socket", "character",
    "tpm", "scsi", "wwpn", "pci", "mdev", "shmem", "named", "resource",
  ]

  /// `scsi_host3:0:1:2`; an adapter's name may hold colons itself.
  private init?(scsi text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count > 3, let bus = UInt32(parts[parts.count - 3]),
      let target = UInt32(parts[parts.count - 2]), let unit = UInt64(parts[parts.count - 1])
    else { return nil }
    self = .scsiDevice(
      adapter: parts.dropLast(3).joined(separator: ":"), bus: bus, target: target, unit: unit)
  }
}

extension JSON {
  fileprivate func firstMember(among names: [String]) -> String? {
    guard case .object(let members) = self else { return nil }
    for member in members where names.contains(member.key) { return member.key }
    return nil
  }

  fileprivate func pciAddress(_ key: String) throws(MalformedMessage) -> PCIAddress {
    try require(key, "a PCI address") { $0.stringValue.flatMap { PCIAddress($0) } }
  }
}

extension PCIAddress {
  /// As it describes itself: `0000:01:00.0`. A bus has 32 slots of 8 functions, whatever would fit.
  fileprivate init?(_ text: String) {
    let parts = text.split(omittingEmptySubsequences: false) { $0 == ":" || $0 == "." }
    guard parts.count == 4, let domain = UInt32(parts[0], radix: 16),
      let bus = UInt8(parts[1], radix: 16), let slot = UInt8(parts[2], radix: 16), slot < 32,
      let function = UInt8(parts[3], radix: 16), function < 8
    else { return nil }
    self.init(domain: domain, bus: bus, slot: slot, function: function)
  }
}
