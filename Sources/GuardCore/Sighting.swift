import LockModel

/// A running guest as libvirt describes it now: what has become of it since its hooks were called, or
/// without any.
public struct Sighting: Hashable, Sendable {
  /// Who it is.
  public let domain: Domain
  /// Its QEMU, which ran when the description was read.
  public let process: ProcessRef
  /// What it does; nil for a stray, of which libvirt does not know: what it uses is what it has open, and it may
  /// run as far as anybody can tell.
  public let state: State?
  /// What it uses that can be locked.
  public let resources: [Resource]
  /// What it uses that this version cannot lock.
  public let unguarded: [UnguardedResource]

  /// What libvirt says that a guest does.
  public struct State: Hashable, Sendable {
    /// Whether its CPUs stand still, for whatever reason.
    public let isPaused: Bool
    /// Whether libvirt is writing it to a file, after which its process ends in the middle of its disks.
    public let isBeingSaved: Bool
    /// When libvirt began to migrate it to another node; nil where it does not. Tells one migration from
    /// the next.
    public let departure: Timestamp?

    /// A guest that runs, stands still, is being saved, or moves.
    public init(isPaused: Bool, isBeingSaved: Bool = false, departure: Timestamp? = nil) {
      self.isPaused = isPaused
      self.isBeingSaved = isBeingSaved
      self.departure = departure
    }
  }

  /// - Parameter process: known to be that domain's, not only to have its number.
  public init(
    domain: Domain, process: ProcessRef, state: State?, resources: [Resource],
    unguarded: [UnguardedResource] = []
  ) {
    self.domain = domain
    self.process = process
    self.state = state
    self.resources = resources
    self.unguarded = unguarded
  }

  /// Whether it is known to stand still.
  var isPaused: Bool { state?.isPaused == true }

  /// When the migration to another node began that it is known to be in.
  var departure: Timestamp? { state?.departure }

  /// Whether both say the same of what is used.
  func usesTheSame(as other: Sighting) -> Bool {
    resources == other.resources && unguarded == other.unguarded && process == other.process
  }
}

/// What is looked at, and who will be told.
public enum SurveyID: Hashable, Sendable {
  /// What a client asks for.
  case request(RequestID)
  /// What a running guest uses, by its domain: at most one at a time.
  case sighting(DomainUUID)
  /// What lies at a path, for another node's agent.
  case question(QuestionID)
}
