import AgentAPI
import LockModel

/// One request on one connection; never used twice while the agent lives.
public struct RequestID: Hashable, Sendable {
  /// The shell's count of requests; the core reads nothing into it.
  public let rawValue: UInt64

  /// - Parameter rawValue: never used twice while the agent lives.
  public init(_ rawValue: UInt64) {
    self.rawValue = rawValue
  }
}

/// What happened: everything that the core ever learns.
public enum Event: Sendable {
  /// The engine cannot be opened yet, and why, with what to do about it: starts are refused with
  /// that reason until ``recovered(_:)`` has been taken and its claims are held again. May be
  /// repeated with another reason; means nothing after ``recovered(_:)``.
  case unready(String)
  /// The engine is about to be open, and what that waits for: starts wait with it, as long as their
  /// hooks can. Otherwise as ``unready(_:)``, which may come before and after it.
  case joining(String)
  /// The ledger's records, read once when the engine is open. Nothing but ``unready(_:)``,
  /// ``joining(_:)``, ``alarm(_:)`` and what concerns the cluster comes before, and what clients of an unready agent
  /// ask.
  case recovered([Recovered])
  /// A client asks. Answered by one ``Effect/reply(_:_:)``.
  case request(RequestID, Request)
  /// The client hung up before it had its answer.
  case clientGone(RequestID)
  /// Answers ``Effect/survey(_:_:_:)``.
  case surveyed(SurveyID, Survey)
  /// Answers ``Effect/record(_:_:)``; the failure, if any, is for a person to read.
  case recorded(OwnerID, RecordReason, failure: String?)
  /// Answers ``Effect/acquire(_:_:)``: the claims that were refused; none where all were granted.
  case acquired(OwnerID, refused: [RefusedClaim])
  /// Answers ``Effect/recover(_:_:)``. `missing` was not there any more and has been taken anew;
  /// `refused` was not there any more and is not held now.
  case reclaimed(OwnerID, missing: [Claim], refused: [RefusedClaim])
  /// Answers ``Effect/release(_:)``.
  case released(OwnerID)
  /// Answers ``Effect/queue(_:_:)``: the claims that are somebody else's; where there are none, every
  /// claim is held, or waits for certain.
  case queued(OwnerID, refused: [RefusedClaim], isWaiting: Bool)
  /// Nothing that ``queued(_:refused:isWaiting:)`` or ``requeued(_:refused:isWaiting:)`` told of waits
  /// any more; `refused` is not held in the end.
  case settled(OwnerID, refused: [RefusedClaim])
  /// Answers ``Effect/queueAgain(_:_:)``.
  case requeued(OwnerID, refused: [RefusedClaim], isWaiting: Bool)
  /// Answers ``Effect/probe(_:)``: what the owner waits for although it would have been granted by now if
  /// it were free, and who has it, as far as they say.
  case probed(OwnerID, barred: [ResourceName: Holder?])
  /// Another node's agent asks about a domain. Answered by one ``Effect/answer(_:_:)``, once this agent
  /// can tell.
  case questioned(QuestionID, HandoverQuestion, DomainUUID)
  /// Answers ``Effect/ask(_:)``; by nobody where no agent could be asked or none answered in time.
  case answered(Inquiry, by: NodeID?, HandoverAnswer)
  /// Another node's agent wants to know what lies at a path here. Answered by one ``Effect/show(_:_:)``.
  case asked(QuestionID, path: String)
  /// Answers ``Effect/lookElsewhere(_:path:)``; who is missing has not answered in time.
  case seenElsewhere(RequestID, [NodeID: PathIdentity])
  /// A timer set by ``Effect/expect(_:for:)`` ran out.
  case unexpected(Expectation)
  /// Answers ``Effect/reduce(_:to:)``.
  case reduced(OwnerID)
  /// Answers ``Effect/pause(_:_:_:)``.
  case paused(OwnerID, Pausing)
  /// A running guest as it is now: answers ``Effect/sight(_:)``, and comes unasked when it has changed.
  case sighted(Sighting)
  /// Answers ``Effect/find(_:_:_:)``; and whether the process was started to receive a migration.
  case found(OwnerID, ProcessRef?, SearchReason, isIncoming: Bool = false)
  /// Answers ``Effect/confirm(_:_:)``.
  case confirmed(OwnerID, alive: Bool)
  /// A watched process, with all its threads, is gone.
  case exited(ProcessRef)
  /// Answers ``Effect/lookForSaveImage(_:name:)``.
  case saveImage(OwnerID, exists: Bool)
  /// libvirt's managed save image of the domain of that name was removed.
  case saveImageRemoved(name: String)
  /// A timer set by ``Effect/wake(_:_:after:)`` ran out.
  case woke(OwnerID, Wake)
  /// A timer set by ``Effect/limit(_:after:)`` ran out; means nothing once that is answered.
  case overdue(RequestID)
  /// What the cluster's nodes are called, all of them each time, and which of them this one is;
  /// nil while that is not known.
  case nodes([NodeID: NodeName], here: NodeID?)
  /// Why nothing new may be locked now, with what to do about it: starts are refused with it. Nil
  /// ends it. Nothing changes for what is held.
  case impediment(String?)
  /// What the operator has decided against advice, as long as it is so; nil ends it.
  case warning(String?)
  /// Why the engine does not answer for now, and that this is how it should be: `the lockspace is
  /// stopped since …`. Only explains; nil ends it.
  case waiting(String?)
  /// The locks that are held cannot be trusted for now, and why.
  case suspended(String)
  /// The rest of the cluster may take this node for failed; nil ends it.
  case isolated(Isolation?)
  /// A timer set by ``Effect/count(_:after:)`` ran out.
  case elapsed(Countdown)
  /// They can again; nothing was lost meanwhile but what ``lost(_:of:reason:)`` says.
  case resumed
  /// A lock on that resource is known to be gone without having been given back: that of one owner,
  /// or, where nil, those of all owners of this node. From then on it can only be had anew, by
  /// ``Effect/acquire(_:_:)``.
  case lost(ResourceName, of: OwnerID? = nil, reason: String)
  /// Every lock is: the lockspace itself is gone.
  case lostAll(reason: String)
  /// What the operator has decided meanwhile: counts from the next request on. What is held stays held.
  case policy(Policy)
  /// Why the operator's latest decisions could not be read, so that the former ones go on; nil ends it.
  case misconfigured(String?)
  /// Why libvirt may start guests without asking, and what to do about it; nil ends it.
  case unhooked(String?)
  /// What the agents of the cluster tell each other of what they hold.
  case directory(DirectoryNews)
  /// Something outside the core that an operator should look at.
  case alarm(String)
}

/// One record of the ledger, and what has become of the owner since it was written.
public struct Recovered: Hashable, Sendable {
  /// As the ledger had it; its keeper may be gone by now.
  public let record: OwnerRecord
  /// Whether the process that the record names still lives.
  public let keeperAlive: Bool
  /// A QEMU process of that domain, if there is one now.
  public let qemu: ProcessRef?
  /// Whether libvirt keeps a managed save image under the domain's name.
  public let saveImage: Bool

  /// - Parameter keeperAlive: false where the record names no process.
  /// - Parameter qemu: nil for an owner that no hook made: its process need not be a QEMU.
  public init(record: OwnerRecord, keeperAlive: Bool, qemu: ProcessRef?, saveImage: Bool) {
    self.record = record
    self.keeperAlive = keeperAlive
    self.qemu = qemu
    self.saveImage = saveImage
  }
}

/// What looking at the host told about a request.
public struct Survey: Hashable, Sendable {
  /// One for each resource that was asked about, in the same order.
  public let identifications: [Identification]
  /// The process that was asked about; nil where there is none.
  public let process: ProcessRef?

  /// - Parameter process: nil, too, where the storage's deadline passed first.
  public init(identifications: [Identification], process: ProcessRef?) {
    self.identifications = identifications
    self.process = process
  }
}

/// Why a record was written: comes back with the answer.
public enum RecordReason: Hashable, Sendable {
  /// Before the engine is asked.
  case admission
  /// Only what a restart should know has changed.
  case noted
  /// Before another node is told that the guest goes there: a restart must know whom to ask.
  case departure
  /// Before the engine is told to hold less: a record that names too much would, after a restart, pass
  /// for a lock that was lost.
  case reduction
}

/// Why a QEMU process was looked for: comes back with the answer.
public enum SearchReason: Hashable, Sendable {
  /// libvirt's `started` hook waits: the owner is to be bound to the process.
  case started(RequestID)
  /// As ``started(_:)``, of a domain that comes from another node: its process must say so.
  case arrived(RequestID)
  /// libvirt's `reconnect` hook waits: the owner is to be bound to the process again.
  case reconnect(RequestID)
  /// libvirt says that the domain stopped, or that a start failed.
  case stopped
  /// libvirt's `release` hook waits: the claims go if there is no process.
  case release(RequestID)
  /// Nothing has been heard of a start for long, or its driver died.
  case silence
  /// A lock of a start is lost: if QEMU runs already it must not go on.
  case loss
  /// A guest that comes from another node is being started: its process must say so before its CPUs run,
  /// which is before libvirt's `started` hook.
  case advent
}

/// Why a timer was set, and in which round of the owner's life: a late one means nothing.
public struct Wake: Hashable, Sendable {
  /// What may be due: claims whose process is gone and whose `release` has not come, a start whose
  /// daemon died, a start of which nothing is heard, a guest that uses what it could not lock, or does
  /// not use what it has locked, a process that should be dead, a guest that came from another node and
  /// runs while its locks are still there, one that went and whose new node is silent, one that is
  /// about to come and whose process has not been seen (``Policy`` has the times).
  public enum Reason: Hashable, Sendable {
    case releaseGrace, driverGone, startLimit, contested, surplus, killed, overlap, departed,
      advent
  }

  /// What to look into, if the owner is still in that round.
  public let reason: Reason
  let round: Int
}

/// A timer of the node, and in which of its rounds: a late one means nothing.
public struct Countdown: Hashable, Sendable {
  /// What is due if the node is still isolated.
  public enum Reason: Hashable, Sendable {
    case alarm, action
  }

  /// What to look into.
  public let reason: Reason
  let round: Int
}
