import AgentAPI
import GuardCore
import LockModel
import ResourceIdentity

/// What the operator decided: dlmguard.conf and its drop-in files, nothing in them ignored.
public struct Configuration: Hashable, Sendable {
  /// What keeps the locks.
  public enum Engine: String, CaseIterable, Hashable, Sendable {
    /// A table in this agent, for one host.
    case local
    /// The kernel's distributed lock manager, for a cluster.
    case dlm
  }

  /// `engine` of dlmguard.conf.
  public var engine = Engine.local
  /// The DLM's lockspace: every node that shares storage names the same one.
  public var lockspace = "libvirt"
  /// Whether locks are kept in a cluster without fencing, where two nodes may hold one lock.
  public var allowUnfenced = false
  /// How long a lockspace may stand still, as it does while a dead node is fenced, before that is
  /// reported, in ms.
  public var stoppedLimit: Int64 = 60_000
  /// `node_name`; nil for the host name.
  public var nodeName: String?
  /// `node_id`: which node corosync must say that this one is; nil for whichever it says.
  public var nodeID: NodeID?
  /// What the core decides by: `mode`, `readonly`, `unlockable`, `release_grace_ms` and `[resources]` of
  /// dlmguard.conf, and what `hook_timeout_ms` leaves for an answer.
  public var policy = Policy(answerLimit: answerLimit(hookTimeout: defaultHookTimeout))
  /// `unidentified`; nil for what suits the engine (``whatIsUnidentified``).
  public var unidentified: Identity.Unidentified?
  /// Where the agent listens.
  public var socket = HookSettings().socket
  /// How long one call of the hook may take, in ms. The hook reads it by itself; ``policy`` follows when
  /// it is set.
  public var hookTimeout = defaultHookTimeout {
    didSet { policy.answerLimit = Self.answerLimit(hookTimeout: hookTimeout) }
  }
  /// What becomes of ordinary users' domains: for the hook, which reads it by itself.
  public var sessionStarts = HookSettings().sessionStarts
  /// Where the ledger lies.
  public var stateDirectory = "/var/lib/dlmguard"
  /// What nodes share by the administrator's word: `[[storage]]` of dlmguard.conf.
  public var storages: [Storage] = []
  /// Which servers are one by the administrator's word: `[[network]]` of dlmguard.conf.
  public var networks: [NetworkStorage] = []
  /// How long storage may take to say what a path is, in ms.
  public var storageTimeout: Int64 = 5_000
  /// What is done about guests that libvirt does not keep.
  public enum UnmanagedGuests: String, CaseIterable, Hashable, Sendable {
    /// What they use is locked, as far as nobody else has it.
    case lock
    /// Nothing: they are not looked for.
    case ignore
  }

  /// `unmanaged_guests` of dlmguard.conf.
  public var unmanagedGuests = UnmanagedGuests.lock
  /// The libvirt that pauses guests.
  public var libvirtURI = "qemu:///system"
  /// Where libvirt finds the hook.
  public var hookFile = "/etc/libvirt/hooks/qemu.d/dlmguard"
  /// Where libvirt keeps its pid files, and what it knows of running domains.
  public var libvirtRunDirectory = "/run/libvirt/qemu"
  /// Where libvirt keeps managed save images.
  public var libvirtSaveDirectory = "/var/lib/libvirt/qemu/save"

  /// What holds where there is no file.
  public init() {}

  /// ``unidentified``, or what suits the engine: where one host is all there is, no other node can use
  /// the same disk by another path.
  public var whatIsUnidentified: Identity.Unidentified {
    unidentified ?? (engine == .dlm ? .refuse : .nodePath)
  }

  private static let defaultHookTimeout = Int64(HookSettings().hookTimeout)

  /// The hook needs some of its time for itself: to start, to read the XML, to be scheduled on a
  /// host that is busy with the same start.
  private static func answerLimit(hookTimeout: Int64) -> Int64 {
    max(hookTimeout - 1_000, hookTimeout / 2)
  }
}
