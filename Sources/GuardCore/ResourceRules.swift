import LockModel

/// Which kinds of resources are locked, and how: `[resources]` of dlmguard.conf.
public struct ResourceRules: Hashable, Sendable {
  /// What becomes of the resources of one kind.
  public enum Rule: Hashable, Sendable {
    /// They are not locked, by the administrator's word: that alarms nobody.
    case off
    /// They are locked as the domain uses them.
    case asUsed
    /// They are locked as if every domain used them so.
    case always(Access)
  }

  private var rules: [ResourceKind: Rule]

  /// Everything is locked as it is used, but for what several guests usually have together, or no two
  /// guests ever can.
  public init() {
    rules = [:]
    for kind in ResourceKind.allCases {
      switch kind {
      case .filesystem, .sharedMemory, .pci, .mediatedDevice: rules[kind] = .off
      default: rules[kind] = .asUsed
      }
    }
  }

  /// The rule for a kind.
  public subscript(kind: ResourceKind) -> Rule {
    get { rules[kind] ?? .asUsed }
    set { rules[kind] = newValue }
  }

  /// Whether ``Rule/always(_:)`` makes sense for a kind. How a disk is used only its domain can say.
  public static func mayFixAccess(of kind: ResourceKind) -> Bool {
    switch kind {
    case .filesystem, .sharedMemory, .pci, .mediatedDevice, .extra, .memory, .firmwareVariables,
      .loader:
      true
    case .file, .block, .directory, .network, .volume, .nvme, .vhostUser, .vhostVDPA, .backing,
      .lease, .tpm, .scsi, .iscsi, .scsiHost:
      false
    }
  }

  /// A resource as it is to be locked; nil for one that is not.
  func ruled(_ resource: Resource) -> Resource? {
    switch self[resource.kind] {
    case .off: nil
    case .asUsed: resource
    case .always(let access):
      Resource(
        kind: resource.kind, device: resource.device, source: resource.source, access: access)
    }
  }
}
