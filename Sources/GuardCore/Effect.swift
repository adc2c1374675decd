import AgentAPI
import Directory
import LockModel

/// What is to be done: everything that the core ever causes. The shell carries effects out in
/// order, and answers those that say so with an ``Event``.
public enum Effect: Hashable, Sendable {
  /// Clients may come. Once: every recorded claim is held again, or the agent can at least say why
  /// not.
  case open
  /// Answer a request; nothing happens if its client is gone.
  case reply(RequestID, Reply)
  /// Find the identity of resources, and a process. Looking at storage can hang, so this happens
  /// off the core, with a deadline. Answered by ``Event/surveyed(_:_:)``.
  case survey(SurveyID, [Resource], ProcessQuery?)
  /// Write the owner's record to the ledger. Answered by ``Event/recorded(_:_:failure:)``.
  case record(OwnerRecord, RecordReason)
  /// Remove the owner's record from the ledger.
  case erase(OwnerID)
  /// Ask the engine for claims, all or nothing. Answered by ``Event/acquired(_:refused:)``.
  case acquire(OwnerID, [Claim])
  /// Hold the claims that the ledger has of an owner: by adopting the locks that outlived the former
  /// agent, anew where there are none. Answered by ``Event/reclaimed(_:missing:refused:)``.
  case recover(OwnerID, [Claim])
  /// Ask the engine for claims, all or nothing; those that the same domain holds on another node wait
  /// until it lets go, ahead of everybody else. Answered by ``Event/queued(_:refused:isWaiting:)``, and
  /// where something waits also by ``Event/settled(_:refused:)``.
  case queue(OwnerID, [Claim])
  /// As ``recover(_:_:)`` for an owner whose claims the former agent had queued. Answered by
  /// ``Event/requeued(_:refused:isWaiting:)``, and where something waits also by
  /// ``Event/settled(_:refused:)``.
  case queueAgain(OwnerID, [Claim])
  /// Find out whether somebody else's locks are in the way of what an owner waits for. Answered by
  /// ``Event/probed(_:barred:)``, and by nothing while the lockspace stands still.
  case probe(OwnerID)
  /// Ask another node's agent about a domain, or all of them. Answered by ``Event/answered(_:by:_:)``: where
  /// ``HandoverQuestion/waiting`` is asked, not before that node's agent has answered or the node has left
  /// the cluster.
  case ask(Inquiry)
  /// Answer ``Event/questioned(_:_:_:)``.
  case answer(QuestionID, HandoverAnswer)
  /// Ask the agents of all other nodes what lies at a path. Answered by ``Event/seenElsewhere(_:_:)``.
  case lookElsewhere(RequestID, path: String)
  /// Answer ``Event/asked(_:path:)``.
  case show(QuestionID, PathIdentity)
  /// Set a timer for a migration that is to come, in ms. Answered by ``Event/unexpected(_:)``.
  case expect(Expectation, for: Int64)
  /// Give back everything the owner holds. Answered by ``Event/released(_:)``.
  case release(OwnerID)
  /// Hold for that owner nothing but these claims, each in no more than its mode: the rest of what it
  /// holds is given back or weakened. Answered by ``Event/reduced(_:)``.
  case reduce(OwnerID, to: [Claim])
  /// End that very process; its end comes by ``Event/exited(_:)``.
  case kill(ProcessRef, KillSignal)
  /// Have that guest's CPUs stand still, by libvirt, or without it where it does not do it. Answered by
  /// ``Event/paused(_:_:)``.
  case pause(OwnerID, Domain, ProcessRef)
  /// Report one running guest by ``Event/sighted(_:)``, or, where nil, all of them; nothing where there
  /// is none.
  case sight(Domain?)
  /// Look for the QEMU process of a domain. Answered by ``Event/found(_:_:_:)``.
  case find(OwnerID, Domain, SearchReason)
  /// See whether a watched process is gone. Answered by ``Event/confirmed(_:alive:)``.
  case confirm(OwnerID, ProcessRef)
  /// Report the end of a process by ``Event/exited(_:)``; once, however often it is asked for.
  case watch(ProcessRef)
  /// Nobody needs the end of that process any more.
  case unwatch(ProcessRef)
  /// See whether libvirt keeps a managed save image of the domain; if so, report its removal by
  /// ``Event/saveImageRemoved(name:)``. Answered by ``Event/saveImage(_:exists:)``.
  case lookForSaveImage(OwnerID, name: String)
  /// Set a timer, in ms. Answered by ``Event/woke(_:_:)``.
  case wake(OwnerID, Wake, after: Int64)
  /// Set a timer for the node, in ms. Answered by ``Event/elapsed(_:)``.
  case count(Countdown, after: Int64)
  /// Set a timer for a request, in ms; it need not go on once that is answered. Answered by
  /// ``Event/overdue(_:)``.
  case limit(RequestID, after: Int64)
  /// Tell the agents of all nodes, in that order; nobody waits for it. What cannot be told is reported by
  /// ``DirectoryNews/missed``.
  case announce([DirectoryMessage])
  /// Answer a request with what has been counted since the agent started, and with this.
  case measure(RequestID, StatusReport)
  /// Answer a request with every line of the log of what the guard did, from now on and for as long as
  /// its client listens.
  case subscribe(RequestID)
  /// One line for the log of what the guard did.
  case audit(AuditLine)
}

/// How a process is ended.
public enum KillSignal: Hashable, Sendable {
  /// SIGTERM: QEMU flushes what it has cached, and ends.
  case terminate
  /// SIGKILL: whatever it is doing, it writes no more once it is gone.
  case kill
}

/// How a guest was paused.
public enum Pausing: Hashable, Sendable {
  /// By libvirt, which resumes it, too.
  case byLibvirt
  /// libvirt did not do it, and why: its process was stopped by SIGSTOP, and goes on by SIGCONT.
  case bySignal(String)
  /// Neither did it, and why.
  case failed(String)
}

/// Which process of the host is meant.
public enum ProcessQuery: Hashable, Sendable {
  /// That very process.
  case exactly(Int32)
  /// The libvirt daemon that the process belongs to: itself, or the nearest of its ancestors.
  case driver(of: Int32)
}
