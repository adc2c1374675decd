import LockModel

/// A running guest as libvirt describes it now: what has become of it since its hooks were called, or
/// without any.
public struct Sighting: Hashable, Sendable {
  /// Who it is.
  public let domain: Domain
  /// Its QEMU, which ran when the description was read.
  public let process: ProcessRef
  /// Whether libvirt does not know of it: then what it uses is what it has open, and whether it is paused,
  /// saved or sent to another node is not known.
  public let isStray: Bool
  /// Whether its CPUs stand still, for whatever reason.
  public let isPaused: Bool
  /// Whether libvirt is writing it to a file, after which its process ends in the middle of its disks.
  public let isBeingSaved: Bool
  /// When libvirt began to migrate it to another node; nil where it does not. Tells one migration from
  /// the next.
  public let departure: Timestamp?
  /// What it uses that can be locked.
  public let resources: [Resource]
  /// What it uses that this version cannot lock.
  public let unguarded: [UnguardedResource]

  /// - Parameter process: known to be that domain's, not only to have its number.
  public init(
    domain: Domain, process: ProcessRef, isStray: Bool = false, isPaused: Bool,
    isBeingSaved: Bool = false,
    departure: Timestamp? = nil, resources: [Resource], unguarded: [UnguardedResource] = []
  ) {
    self.domain = domain
    self.process = process
    self.isStray = isStray
    self.isPaused = isPaused
    self.isBeingSaved = isBeingSaved
    self.departure = departure
    self.resources = resources
    self.unguarded = unguarded
  }

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
