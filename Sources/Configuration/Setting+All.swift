import AgentAPI
import GuardCore
import LockModel
import ResourceIdentity
import TOMLKit

extension Setting {
  /// Every setting but the lists `[[storage]]` and `[[network]]`, in the order in which they are shown.
  static let all: [Setting] =
    [
      .choice("engine", \.engine).fixed,
      lockspace.fixed,
      .flag("allow_unfenced", \.allowUnfenced).fixed,
      .milliseconds("stopped_limit_ms", 1_000...3_600_000, \.stoppedLimit).fixed,
      nodeName.fixed,
      nodeID.fixed,
      .choice("mode", \.policy.mode),
      .choice("readonly", \.policy.readOnly),
      .choice("unlockable", \.policy.unlockable),
      .choice("on_lock_lost", \.policy.onLockLost),
      .choice("on_hotplug_conflict", \.policy.onHotplugConflict),
      .choice("on_quorum_loss", \.policy.onQuorumLoss),
      .milliseconds("quorum_grace_ms", 0...3_600_000, \.policy.quorumGrace),
      .milliseconds("kill_grace_ms", 0...600_000, \.policy.killGrace),
      .choice("saved_guests", \.policy.savedGuests),
      unidentified,
      .milliseconds("storage_timeout_ms", 100...60_000, \.storageTimeout),
      .milliseconds("release_grace_ms", 0...600_000, \.policy.releaseGrace),
      .path("socket", \.socket).fixed,
      hookTimeout,
      .choice("session_starts", \.sessionStarts),
      .path("state_dir", \.stateDirectory).fixed,
      .choice("unmanaged_guests", \.unmanagedGuests).fixed,
      .text("libvirt_uri", \.libvirtURI).fixed,
      .path("hook_file", \.hookFile).fixed,
      .path("libvirt_run_dir", \.libvirtRunDirectory).fixed,
      .path("libvirt_save_dir", \.libvirtSaveDirectory).fixed,
    ] + ResourceKind.allCases.map(resource)

  /// The kernel's limit is `DLM_LOCKSPACE_LEN` (include/uapi/linux/dlm.h); the name becomes a
  /// directory of sysfs and a part of a device's name.
  private static let lockspace = Setting(
    "lockspace", \.lockspace, shown: { .string($0.lockspace) }
  ) { value throws(Complaint) in
    try word(try text(value), 1...64, without: "/")
  }

  private static let nodeName = Setting(
    "node_name", \.nodeName, shown: { .string($0.node.description) }
  ) { value throws(Complaint) in
    let name = try text(value)
    guard !name.isEmpty else { throw Complaint("is empty") }
    return name
  }

  private static let nodeID = Setting(
    "node_id", \.nodeID, shown: { $0.nodeID.map { .integer(Int64($0.number)) } ?? .null }
  ) { value throws(Complaint) in
    NodeID(UInt32(clamping: try number(value, in: 1...Int64(UInt32.max))))
  }

  private static let unidentified = Setting(
    "unidentified", \.unidentified, shown: { .string($0.whatIsUnidentified.rawValue) }
  ) { value throws(Complaint) in
    try choice(try text(value), of: Identity.Unidentified.self)
  }

  private static let hookTimeout = milliseconds(
    "hook_timeout_ms",
    Int64(HookSettings.timeouts.lowerBound)...Int64(HookSettings.timeouts.upperBound),
    \.hookTimeout)

  private static func resource(_ kind: ResourceKind) -> Setting {
    let accesses: [Access] =
      ResourceRules.mayFixAccess(of: kind) ? [.exclusiveWrite, .sharedWrite, .readOnly] : []
    return Setting(
      "resources.\(kind.rawValue)", \.policy.resources[kind],
      shown: { $0.policy.resources[kind].json }
    ) { value throws(Complaint) in
      if let isLocked = value.bool { return isLocked ? .asUsed : .off }
      guard let word = value.string, let access = accesses.first(where: { $0.rawValue == word })
      else {
        throw Complaint(
          accesses.isEmpty
            ? "must be true or false: how it is used, only the domain can say"
            : "must be " + alternatives(["true", "false"] + accesses.map { "\"\($0.rawValue)\"" }))
      }
      return .always(access)
    }
  }
}

extension ResourceRules.Rule {
  /// As in `[resources]`: false, true, or the access.
  fileprivate var json: JSON {
    switch self {
    case .off: .bool(false)
    case .asUsed: .bool(true)
    case .always(let access): .string(access.rawValue)
    }
  }
}
