import AgentAPI

/// What the operator decided (dlmguard.conf), as far as the core needs it.
public struct Policy: Hashable, Sendable {
  /// How a read-only disk meets a writer of the same storage.
  public enum ReadOnly: String, CaseIterable, Hashable, Sendable {
    /// Refused: a guest that reads what another one writes reads garbage.
    case protected
    /// Allowed: the administrator knows that the readers can bear it.
    case concurrent
  }

  /// What to do about a part of a domain that this version cannot lock.
  public enum Unlockable: String, CaseIterable, Hashable, Sendable {
    /// Start the domain, say so in the log, and show it in `dlmguard status`.
    case warn
    /// Refuse the start.
    case refuse
  }

  /// What becomes of a guest that runs without a lock that it needs.
  public enum Response: String, CaseIterable, Hashable, Sendable {
    /// Its QEMU process is killed: another guest may write its disks at any moment.
    case kill
    /// Its CPUs stand still until a person resumes it.
    case pause
    /// It goes on, and a person decides.
    case alarm
  }

  /// Which saved guests keep their claims.
  public enum SavedGuests: String, CaseIterable, Hashable, Sendable {
    /// Those that libvirt itself resumes: `virsh managedsave`.
    case managed
    /// Also those that were saved to a file of somebody's choice: `virsh save`.
    case all
  }

  /// `on_lock_lost` of dlmguard.conf.
  public var onLockLost: Response
  /// `on_hotplug_conflict` of dlmguard.conf: for a guest that uses what somebody else has locked, since its
  /// disks were changed while it ran.
  public var onHotplugConflict: Response
  /// `on_quorum_loss` of dlmguard.conf: for the guests of a node that the cluster may have given up.
  public var onQuorumLoss: Response
  /// `quorum_grace_ms` of dlmguard.conf (``IsolationTimeline``), in ms.
  public var quorumGrace: Int64
  /// `kill_grace_ms` of dlmguard.conf: how long QEMU has to end by itself (SIGTERM) before it is killed,
  /// in ms; 0 for SIGKILL at once.
  public var killGrace: Int64
  /// `saved_guests` of dlmguard.conf.
  public var savedGuests: SavedGuests
  /// `mode` of dlmguard.conf.
  public var mode: HookSettings.Mode
  /// `[resources]` of dlmguard.conf.
  public var resources: ResourceRules
  /// `readonly` of dlmguard.conf. Backing files are protected in any case.
  public var readOnly: ReadOnly
  /// `unlockable` of dlmguard.conf.
  public var unlockable: Unlockable
  /// How long claims outlive their process while libvirt's `release` hook has not come, in ms:
  /// libvirt may still be relabelling or merging what the process left.
  public var releaseGrace: Int64
  /// How long after libvirt's daemon died in the middle of a start the guard looks for a QEMU
  /// process, in ms: the daemon's child may still be on its way to exec(2).
  public var driverGrace: Int64
  /// How long a start of which nothing more is heard keeps its claims without a QEMU process, in
  /// ms; only where nothing better tells, as after a restart of the agent, or where its guest has been
  /// seen and `started` does not come. A start that took longer to come to QEMU is admitted anew by
  /// libvirt's `start` hook.
  public var startLimit: Int64
  /// How long until what a running guest could not lock is asked for again, in ms.
  public var contestInterval: Int64
  /// How long a running guest must be seen not to use something before that is given back, in ms.
  public var surplusDelay: Int64
  /// How long a process that was sent SIGKILL may take before that is an alarm, in ms.
  public var killLimit: Int64
  /// How long after libvirt's `migrate` hook a start may be the one that it announced, in ms: libvirt
  /// makes the disks in between that are copied along.
  public var expectation: Int64
  /// How long a guest that came from another node may run here while its locks are still there before
  /// that node is asked why, in ms; and how long until it is asked again.
  public var overlapLimit: Int64
  /// How long a node to which a guest has gone may be silent before that is an alarm, in ms.
  public var departureLimit: Int64
  /// How often the process of a guest that comes from another node is looked for until it is there, in ms.
  public var adventInterval: Int64
  /// How long a hook may wait for its answer, in ms, from when it asked; then a start is refused
  /// with what is known of the reason, before the hook's own deadline cuts it off without one. Nil
  /// for no limit.
  public var answerLimit: Int64?

  /// What the operator does not decide has these defaults; all times in ms.
  public init(
    mode: HookSettings.Mode = .enforce, onLockLost: Response = .kill,
    onHotplugConflict: Response = .pause, onQuorumLoss: Response = .kill,
    quorumGrace: Int64 = 60_000, killGrace: Int64 = 0, savedGuests: SavedGuests = .managed,
    resources: ResourceRules = ResourceRules(),
    readOnly: ReadOnly = .protected, unlockable: Unlockable = .warn, releaseGrace: Int64 = 5_000,
    driverGrace: Int64 = 2_000, startLimit: Int64 = 20_000, contestInterval: Int64 = 30_000,
    surplusDelay: Int64 = 500, killLimit: Int64 = 5_000, expectation: Int64 = 300_000,
    overlapLimit: Int64 = 1_000, departureLimit: Int64 = 5_000, adventInterval: Int64 = 20,
    answerLimit: Int64? = nil
  ) {
    self.mode = mode
    self.onLockLost = onLockLost
    self.onHotplugConflict = onHotplugConflict
    self.onQuorumLoss = onQuorumLoss
    self.quorumGrace = quorumGrace
    self.killGrace = killGrace
    self.savedGuests = savedGuests
    self.resources = resources
    self.readOnly = readOnly
    self.unlockable = unlockable
    self.releaseGrace = releaseGrace
    self.driverGrace = driverGrace
    self.startLimit = startLimit
    self.contestInterval = contestInterval
    self.surplusDelay = surplusDelay
    self.killLimit = killLimit
    self.expectation = expectation
    self.overlapLimit = overlapLimit
    self.departureLimit = departureLimit
    self.adventInterval = adventInterval
    self.answerLimit = answerLimit
  }
}
