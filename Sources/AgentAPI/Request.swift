import LockModel

/// What a client asks of the agent. One JSON object on one line; the reply is a ``Reply``.
public enum Request: Hashable, Sendable {
  /// libvirt is about to do, or has done, something with a domain.
  case hook(HookCall)
  /// Make an owner that lives as long as a process. Answered by ``Reply/registered(_:)``.
  case register(Domain, pid: Int32)
  /// Add resources to an owner; nothing is locked yet.
  case add(OwnerID, [Resource])
  /// Lock every resource of an owner, or none.
  case acquire(OwnerID)
  /// Give back everything an owner holds, and forget it. Refused for a domain that libvirt started,
  /// unless it is saved: its locks go when QEMU is gone.
  case release(OwnerID)
  /// What a domain holds, on any node. Answered by ``Reply/owners(_:)``.
  case inquire(DomainSelector)
  /// Who holds what lies at a path of this node, on any node. Answered by ``Reply/holders(_:_:)``.
  case who(path: String)
  /// The same of a resource that is known by its name.
  case whoHolds(ResourceName)
  /// What lies at a path, on every node. Answered by ``Reply/places(_:)``.
  case identify(path: String)
  /// Take a lock away from whoever holds it here: its process is killed first. Answered by
  /// ``Reply/owners(_:)`` when the last of them is gone.
  case revoke(RevocationTarget)
  /// Give a running domain more to hold, beside what its description names, or refuse all of it; it goes
  /// with the domain. Answered by ``Reply/owners(_:)``. Of a process that has registered itself under that
  /// UUID the same as ``add(_:_:)`` and ``acquire(_:)``, but that a kind that is not locked is refused.
  case attach(DomainSelector, [Resource])
  /// Take just that from it again; what its description names too stays locked. Answered by
  /// ``Reply/owners(_:)`` when the engine has let go.
  case detach(DomainSelector, [Resource])
  /// Everything about this node. Answered by ``Reply/status(_:)``.
  case status
  /// What is known of all nodes. Answered by ``Reply/cluster(_:)``.
  case cluster
  /// What the agent has counted. Answered by ``Reply/metrics(_:)``.
  case metrics
  /// What the guard does from now on. Answered by ``Reply/subscribed``, and after that by one
  /// ``AuditEvent`` a line until the client hangs up, or is too slow (``AuditEvent/lagging``).
  case events

  /// The version of the messages, in every one of them; another version is refused.
  public static let version: Int64 = 1
  /// The longest request line in bytes, newline included: far above a domain of 1,000 disks.
  public static let maximumLength = 1 << 20
}

/// Which domain a person means.
public enum DomainSelector: Hashable, Sendable {
  /// That one domain.
  case uuid(DomainUUID)
  /// Every domain of that very name on this node.
  case name(String)

  /// A UUID where the text is one, else a name.
  public init(_ text: String) {
    self = DomainUUID(text).map(Self.uuid) ?? .name(text)
  }
}

/// Whose locks are taken away.
public enum RevocationTarget: Hashable, Sendable {
  /// All that a domain holds.
  case domain(DomainSelector)
  /// All that the holders of a resource hold: they do not go on without it.
  case resource(ResourceName)
  /// The same of what lies at a path of this node.
  case path(String)
}

/// The operations of libvirt's `qemu` hook that concern the guard (docs/hooks.rst of libvirt).
public enum HookOperation: String, CaseIterable, Hashable, Sendable {
  case prepare, start, started, stopped, release, migrate, restore, reconnect

  /// The sub-operation that libvirt gives with it; another one is not ours.
  public var subOperation: String {
    switch self {
    case .stopped, .release: "end"
    default: "begin"
    }
  }
}

/// One call of libvirt's `qemu` hook, its XML already read.
public struct HookCall: Hashable, Sendable {
  /// Which hook it is; its sub-operation is always ``HookOperation/subOperation``.
  public let operation: HookOperation
  /// The domain's name: the hook's first argument.
  public let name: String
  /// Nil where libvirt sent no XML (`stopped` and `release` may come without).
  public let uuid: DomainUUID?
  /// The process that called the hook: libvirt's daemon, or a script between.
  public let caller: Int32
  /// What the XML names that can be locked; empty where there was no XML.
  public let resources: [Resource]
  /// What the XML names that this version cannot lock.
  public let unguarded: [UnguardedResource]

  /// - Parameter uuid: nil only for `stopped` and `release`: the agent refuses a start without.
  public init(
    operation: HookOperation, name: String, uuid: DomainUUID?, caller: Int32,
    resources: [Resource] = [], unguarded: [UnguardedResource] = []
  ) {
    self.operation = operation
    self.name = name
    self.uuid = uuid
    self.caller = caller
    self.resources = resources
    self.unguarded = unguarded
  }
}
