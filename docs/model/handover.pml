/* The handover of a domain from node S to node D (docs/decisions/24-migration.md), while a third
 * node T wants what it holds. README.md beside this file says what is checked and how.
 *
 * Every step of a process is atomic, and leads back to the head of its loop: all that is known of the
 * world stands in the variables below. Nothing repeats itself without a change, and faults are counted,
 * so every run ends; judge() looks at how.
 */

/* Nodes, and the locks of each. B is S's second lock on a resource, behind D's (-DQUEUE_BEHIND). */
#define S 0
#define D 1
#define T 2
#define B 3
#define NOBODY 4

/* Resources: the domain's UUID (EX) and its disk (PW). Both modes shut themselves and each other out. */
#define UUID 0
#define DISK 1

/* A lock of one node on one resource. */
#define NONE 0
#define REFUSED 1 /* none, and NOQUEUE was refused */
#define NL 2
#define SENT 3    /* NL, its conversion on its way to the master */
#define QUEUED 4  /* NL, its conversion in the master's queue */
#define WAITS 5   /* a new request in the wait queue */
#define HELD 6
byte lock[8];
#define L(n, r) lock[2 * (n) + (r)]

/* Who stands in the value block of a resource. */
#define SOURCE 1   /* S, with the domain's UUID */
#define SAME 2     /* T, with the same UUID: an administrator's second start */
#define ELSEWHO 3  /* somebody else, nobody, or the block is not valid */
byte value[2];

/* The conversion queue of a resource, in the order of arrival; NOBODY is the end. */
byte queue[6];
#define Q(r, i) queue[3 * (r) + (i)]
/* A node has died: its locks are gone, what waited for them is not yet granted. */
bit recovering;

/* A QEMU process. */
#define GONE 0
#define PAUSED 1 /* on D: waits for what comes in */
#define RUNS 2
byte source = RUNS, destination = GONE;
/* D's was not started with -incoming. */
bit isPlain;
/* D has everything that was S's. */
bit isMoved;
/* libvirt let S's CPUs run again after D's did: a reply of Finish was lost, or somebody resumed it. */
bit isSplit;

bit sourceNode = 1, destinationNode = 1;
bit sourceAgent = 1, destinationAgent = 1;

/* libvirt: one migration after another, and `virsh start` on D. */
#define IDLE 0
#define BEGUN 1     /* S has its job */
#define EXPECTED 2  /* `migrate` was called on D */
#define PREPARING 3 /* `prepare` waits for its answer */
#define PREPARED 4  /* no QEMU yet */
#define STARTING 5  /* QEMU is there, `started` has not been called */
#define STARTED 6
#define SWITCHING 7 /* S's CPUs stand still */
#define FINISHING 8 /* D has everything */
#define FINISHED 9  /* D's CPUs run, S has not been told */
#define CANCELLING 10
#define ELSEWHERE 11
byte migration = IDLE, plain = IDLE;
bit cancelsSource, cancelsDestination;
/* libvirt's outgoing job on S. */
bit job;

/* S's agent. What it has of the domain, and for whom that is (in its ledger). */
#define FORGOTTEN 0
#define OWNS 1
#define BEHIND 2 /* let go, its second claim queued behind D's */
byte owner = OWNS;
byte outgoing = NOBODY;

/* D's agent. */
#define ASKS 1
#define TAKES 2
#define HAS 3
byte incomer = IDLE;
bit isIncoming;
bit isExpected;

/* Questions on their way, and answers. */
#define LEAVING 1
#define STAYING 2
#define STANDING 3
#define NOTHING 4
#define WAITING 5
#define HOLDING 6
#define DEAD 7
/* ABANDONED: whoever asked does not want to know any more. */
#define ABANDONED 2
byte asksLeaving;
bit thirdAsks;
byte answersLeaving, lastAnswer, thirdAnswer;
bit asksWaiting;
byte answersWaiting;
/* What one agent tells another comes in order (CPG): an answer before the question that was sent after it. */
bit hearsWaitingFirst, hearsLeavingFirst;
/* Two faults at once, or one in the wrong moment, have left D without its place in the queue while
 * S lets go (README.md, "What remains"). */
bit isBroken;

/* What may still happen. */
byte migrations = MIGRATIONS, starts = STARTS, faults = FAULTS;
bit sourceDeaths = 1, destinationDeaths = 1;
byte takes[2] = 1;
bit thirdStarts = 1;

/* --- The lock manager (fs/dlm/lock.c of Linux) --------------------------------------------------- */

#define isHeld(r) (L(S, r) == HELD || L(D, r) == HELD || L(T, r) == HELD || L(B, r) == HELD)
/* A new NOQUEUE request is granted only past nobody. */
#define isFree(r) (!isHeld(r) && Q(r, 0) == NOBODY && L(T, r) != WAITS)

inline enqueue(n, r) {
  L(n, r) = QUEUED;
  if
  :: Q(r, 0) == NOBODY -> Q(r, 0) = n
  :: Q(r, 0) != NOBODY && Q(r, 1) == NOBODY -> Q(r, 1) = n
  :: else -> Q(r, 2) = n
  fi
}

inline dequeue(n, r) {
  if
  :: Q(r, 0) == n -> Q(r, 0) = Q(r, 1); Q(r, 1) = Q(r, 2); Q(r, 2) = NOBODY
  :: Q(r, 0) != n && Q(r, 1) == n -> Q(r, 1) = Q(r, 2); Q(r, 2) = NOBODY
  :: Q(r, 0) != n && Q(r, 1) != n && Q(r, 2) == n -> Q(r, 2) = NOBODY
  :: else
  fi
}

/* grant_pending_locks: conversions first, then who waits. */
inline grant(r) {
  if
  :: recovering || isHeld(r)
  :: !recovering && !isHeld(r) && Q(r, 0) != NOBODY ->
    L(Q(r, 0), r) = HELD; Q(r, 0) = Q(r, 1); Q(r, 1) = Q(r, 2); Q(r, 2) = NOBODY
  :: !recovering && !isHeld(r) && Q(r, 0) == NOBODY && L(T, r) == WAITS -> L(T, r) = HELD
  :: else
  fi
}

/* Given back in an orderly way: the value block says so. */
inline unlock(n, r) {
  if
  :: L(n, r) == HELD -> value[r] = ELSEWHO
  :: L(n, r) == QUEUED -> dequeue(n, r)
  :: else
  fi;
  L(n, r) = NONE;
  grant(r)
}

/* Arrives at the master: without QUECVT it is granted past other conversions, not past a holder. */
inline convert(n, r) {
  if
  :: isHeld(r) -> enqueue(n, r)
  :: else -> L(n, r) = HELD
  fi
}

/* The end of a process with persistent locks: a conversion that waits is cancelled, NL stays. */
inline orphan(n, r) {
  if
  :: L(n, r) == QUEUED -> dequeue(n, r); L(n, r) = NL
  :: L(n, r) == SENT -> L(n, r) = NL
  :: L(n, r) == REFUSED -> L(n, r) = NONE
  :: else
  fi;
  grant(r)
}

/* The end of a node, once it was fenced: the block of a writer is not valid any more. */
inline purge(n, r) {
  if
  :: L(n, r) == HELD -> value[r] = ELSEWHO
  :: L(n, r) == QUEUED -> dequeue(n, r)
  :: else
  fi;
  L(n, r) = NONE
}

/* --- What must be true at any time --------------------------------------------------------------- */

#define thirdHolds (L(T, UUID) == HELD || L(T, DISK) == HELD)
#define isUsed \
  (source != GONE || destination == RUNS || (destination == PAUSED && isMoved && !isPlain))
#define runsTwice (source == RUNS && destination == RUNS)

#ifdef EXCUSE_NOTHING
#define isExcused 0
#else
#define isExcused isBroken
#endif

inline check() {
  assert(!(thirdHolds && isUsed) || isExcused);
  assert(!runsTwice || isSplit)
}

/* --- libvirt --------------------------------------------------------------------------------------- */

#if !defined LOOKS_LATE && !defined PLAIN_COUNTS
#define mayRunCPUs (!isIncoming)
#else
#define mayRunCPUs 1
#endif

inline cancel() {
  migration = CANCELLING; cancelsSource = 1; cancelsDestination = 1
}

#ifdef YES_ONCE_A_JOB
#define forgetYes() outgoing = NOBODY
#else
#define forgetYes() skip
#endif

proctype libvirt() {
end:
  do
  :: atomic { migration == IDLE && migrations > 0 && source == RUNS && destination == GONE && plain == IDLE ->
      migrations--; migration = BEGUN; job = 1; forgetYes(); isMoved = 0; isSplit = 0 }
  /* To yet another node, and it takes for ever. */
  :: atomic { migration == IDLE && migrations > 0 && source == RUNS && destination == RUNS ->
      migrations--; migration = ELSEWHERE; job = 1 }
  /* An offline migration stops here: nothing but the hook was called. */
  :: atomic { migration == BEGUN && destinationNode ->
      migration = EXPECTED; isExpected = destinationAgent }
  :: atomic { migration == EXPECTED && destinationNode && destinationAgent && incomer == IDLE && plain == IDLE ->
      migration = PREPARING }
  /* The agent does not answer, or libvirt has that domain already. */
  :: atomic { migration >= BEGUN && migration <= FINISHING && migration != PREPARING -> cancel() }
  :: atomic { migration == PREPARED && destinationAgent && incomer == HAS ->
      destination = PAUSED; isPlain = 0; migration = STARTING }
  :: atomic { migration == STARTING && destinationAgent && destination == PAUSED -> migration = STARTED }
  :: atomic { migration == STARTED && source == RUNS && destination == PAUSED ->
      source = PAUSED; migration = SWITCHING; check() }
  :: atomic { migration == SWITCHING && source == PAUSED && destination == PAUSED ->
      isMoved = 1; migration = FINISHING; check() }
  :: atomic { migration == FINISHING && destination == PAUSED ->
      destination = RUNS; migration = FINISHED; check() }
  /* Confirm. */
  :: atomic { migration == FINISHED && destination == RUNS ->
      source = GONE; job = 0; migration = IDLE; check() }
  /* The reply of Finish is lost, or says that D has failed: S goes on. */
  :: atomic { migration == FINISHED ->
      if
      :: source == PAUSED -> source = RUNS; isSplit = (destination == RUNS)
      :: else
      fi;
      job = 0; migration = IDLE; check() }
  /* The client is gone: S stays as it is. */
  :: atomic { migration == FINISHED -> job = 0; migration = IDLE }
  /* In either order. */
  :: atomic { cancelsDestination ->
      if
      :: destination == PAUSED && !isPlain -> destination = GONE
      :: else
      fi;
      cancelsDestination = 0; if :: !cancelsSource -> migration = IDLE :: else fi }
  :: atomic { cancelsSource ->
      if
      :: source == PAUSED -> source = RUNS
      :: source == PAUSED
      :: else
      fi;
      job = 0; cancelsSource = 0; if :: !cancelsDestination -> migration = IDLE :: else fi; check() }

  /* `virsh start` on D, while libvirt there knows nothing of a migration. */
  :: atomic { starts > 0 && plain == IDLE && destination == GONE && destinationAgent && incomer == IDLE &&
        (migration <= EXPECTED || (migration == CANCELLING && !cancelsDestination)) ->
      starts--; plain = PREPARING }
  :: atomic { plain == PREPARED ->
      if
      :: destinationAgent && incomer == HAS -> destination = PAUSED; isPlain = 1; plain = STARTING
      :: else -> plain = IDLE
      fi }
  /* The CPUs run before `started` is called. */
  :: atomic { plain == STARTING && destination == PAUSED && mayRunCPUs -> destination = RUNS; plain = STARTED; check() }
  /* A hook that gets no answer ends the guest. */
  :: atomic { (plain == STARTED || plain == STARTING) && !destinationAgent ->
      destination = GONE; plain = IDLE; isPlain = 0 }
  :: atomic { (plain == STARTED || plain == STARTING) && destination == GONE -> plain = IDLE; isPlain = 0 }

  /* Nobody leaves a guest paused for ever. */
  :: atomic { migration == IDLE && source == PAUSED ->
      if
      :: source = RUNS; isSplit = (destination == RUNS)
      :: source = GONE
      fi;
      check() }
  od
}

/* --- What D's agent knows of its locks -------------------------------------------------------------- */

#define isQueued(r) (L(D, r) == QUEUED || L(D, r) == HELD)
#ifdef UNCONFIRMED
#define isConfirmed(r) (isQueued(r) || L(D, r) == SENT)
#else
#define isConfirmed(r) isQueued(r)
#endif

#define hasQueued (incomer == HAS && isConfirmed(UUID) && isConfirmed(DISK))
#ifdef ANSWERS_IN_HASTE
#define hasNothing (!hasQueued)
#else
#define hasNothing (incomer == IDLE)
#endif

inline askLeaving() { asksLeaving = 1; hearsWaitingFirst = (answersWaiting != 0) }
inline askWaiting() { asksWaiting = 1; hearsLeavingFirst = (answersLeaving != 0) }

/* --- The agent of S -------------------------------------------------------------------------------- */

/* Yes to one node alone, until that node has said that it has nothing. */
#ifdef YES_TO_TWO
#define mayGoTo(node) 1
#else
#define mayGoTo(node) (outgoing == NOBODY || outgoing == node)
#endif

inline answer(asker, hasRunningCPUs, reply) {
  if
  :: owner == FORGOTTEN -> reply = NOTHING
  /* It has not let go yet. */
  :: owner == BEHIND || (owner == OWNS && source == GONE) ->
    reply = (outgoing == asker -> LEAVING : STANDING)
#ifndef MINDS_THE_JOB_ALONE
  :: owner == OWNS && source == RUNS && (hasRunningCPUs) -> reply = STAYING
  :: owner == OWNS && source != GONE && !(source == RUNS && (hasRunningCPUs)) && job && mayGoTo(asker) ->
    outgoing = asker; reply = LEAVING
#else
  :: owner == OWNS && source != GONE && job && mayGoTo(asker) -> outgoing = asker; reply = LEAVING
#endif
  :: owner == OWNS && source == RUNS && !(job && mayGoTo(asker)) -> reply = STAYING
  :: owner == OWNS && source == PAUSED && !(job && mayGoTo(asker)) -> reply = STANDING
  fi
}

#ifdef LETS_GO_UNASKED
#define mayLetGo 1
#else
#define mayLetGo (outgoing != D || !destinationNode)
#endif

inline letGo() {
  unlock(S, UUID); unlock(S, DISK); owner = FORGOTTEN; outgoing = NOBODY
}

/* What came to S's second lock, because D had lost its place. */
inline takeBack(r) {
  if
  :: L(B, r) == HELD -> L(S, r) = HELD; L(B, r) = NONE
  :: else -> unlock(B, r)
  fi;
  owner = OWNS
}

proctype sourceAgentOf() {
end:
  do
  :: atomic { asksLeaving && sourceAgent && !(hearsWaitingFirst && answersWaiting != 0) -> 
      answer(D, destination == RUNS, answersLeaving);
      if :: asksLeaving == ABANDONED -> answersLeaving = 0 :: else fi;
      asksLeaving = 0 }
  :: atomic { thirdAsks && sourceAgent -> thirdAsks = 0; answer(T, 0, thirdAnswer) }
  /* It goes nowhere after all. */
  :: atomic { owner == OWNS && source != GONE && sourceAgent && !job && outgoing == D &&
        destinationAgent && hasNothing && !asksWaiting && answersWaiting == 0 -> askWaiting() }
  :: atomic { owner == OWNS && source != GONE && sourceAgent && answersWaiting != 0 ->
      if
      :: answersWaiting == NOTHING -> outgoing = NOBODY
      :: else
      fi;
      answersWaiting = 0 }
  :: atomic { outgoing == T && sourceAgent && !thirdAsks && thirdAnswer == 0 -> outgoing = NOBODY }
  :: atomic { outgoing == D && sourceAgent && !destinationNode && source != GONE -> outgoing = NOBODY }
  /* QEMU is gone. */
  :: atomic { owner == OWNS && source == GONE && sourceAgent &&
        mayLetGo ->
      letGo(); check() }
  :: atomic { owner == OWNS && source == GONE && sourceAgent && outgoing == D && destinationAgent &&
        !asksWaiting && answersWaiting == 0 -> askWaiting() }
  :: atomic { owner == OWNS && source == GONE && sourceAgent && answersWaiting != 0 ->
      if
      :: answersWaiting == DEAD
#ifdef QUEUE_BEHIND
      :: answersWaiting == WAITING ->
        /* One channel to the master: what is asked for first arrives first. */
        enqueue(B, UUID); enqueue(B, DISK);
        unlock(S, UUID); unlock(S, DISK); owner = BEHIND
      :: answersWaiting == NOTHING || answersWaiting == HOLDING -> letGo()
#else
      :: answersWaiting != DEAD -> letGo()
#endif
      fi;
      answersWaiting = 0; check() }
#ifdef QUEUE_BEHIND
  /* D has lost its place: S still has the lock, and asks again. */
  :: atomic { owner == BEHIND && sourceAgent && (L(B, UUID) == HELD || L(B, DISK) == HELD) &&
        (L(B, UUID) == HELD || L(D, UUID) == HELD) && (L(B, DISK) == HELD || L(D, DISK) == HELD) ->
      takeBack(UUID); takeBack(DISK); asksWaiting = 0; answersWaiting = 0 }
  :: atomic { owner == BEHIND && sourceAgent && L(D, UUID) == HELD && L(D, DISK) == HELD ->
      unlock(B, UUID); unlock(B, DISK); owner = FORGOTTEN; outgoing = NOBODY; check() }
  /* D's guest has ended meanwhile. */
  :: atomic { owner == BEHIND && sourceAgent && !destinationNode ->
      unlock(B, UUID); unlock(B, DISK); letGo(); check() }
#endif
  od
}

/* --- The agent of D -------------------------------------------------------------------------------- */

inline drop() {
  unlock(D, UUID); unlock(D, DISK); incomer = IDLE; isIncoming = 0; lastAnswer = 0;
#ifndef TAKES_ANY_ANSWER
  answersLeaving = 0;
  if :: asksLeaving -> asksLeaving = ABANDONED :: else fi
#endif
}

inline refuse() {
  drop();
  if :: migration == PREPARING -> cancel() :: else fi;
  if :: plain == PREPARING -> plain = IDLE :: else fi
}

/* NL with EXPEDITE is granted past everybody. */
#ifdef NOT_EXPEDITED
#define mayRead(r) (L(D, r) == REFUSED && Q(r, 0) == NOBODY && L(T, r) != WAITS)
#else
#define mayRead(r) (L(D, r) == REFUSED)
#endif

inline take(r) {
  if
  :: L(D, r) == NONE && isFree(r) -> L(D, r) = HELD
  :: L(D, r) == NONE && !isFree(r) ->
    if
    :: isIncoming -> L(D, r) = REFUSED
    :: else -> refuse()
    fi
  /* NL (EXPEDITE) reads who has it; then the conversion, which is confirmed by the answer to one more NL. */
  :: L(D, r) == REFUSED ->
    if
    :: value[r] == SOURCE || value[r] == SAME -> L(D, r) = SENT
    :: else -> refuse()
    fi
  fi
}

/* Asked again and again; here, when there is something new to hear. */
#ifndef MINDS_THE_JOB_ALONE
#define saysNow \
  (owner == FORGOTTEN -> NOTHING : (owner == BEHIND || source == GONE -> (outgoing == D -> LEAVING : STANDING) : \
  (source == RUNS -> STAYING : (job && mayGoTo(D) -> LEAVING : STANDING))))
#else
#define saysNow \
  (owner == FORGOTTEN -> NOTHING : (owner == BEHIND || source == GONE -> (outgoing == D -> LEAVING : STANDING) : \
  (job && mayGoTo(D) -> LEAVING : (source == RUNS -> STAYING : STANDING))))
#endif
#define isNews (lastAnswer == 0 || lastAnswer != saysNow || (lastAnswer == NOTHING && !recovering))

proctype destinationAgentOf() {
end:
  do
  :: atomic { destinationAgent && incomer == IDLE && (migration == PREPARING || plain == PREPARING) ->
      if
#ifdef COUNTS_UNASKED
      :: isIncoming = isExpected; incomer = TAKES
#else
      :: isExpected && sourceNode && sourceAgent -> incomer = ASKS; askLeaving()
      :: !isExpected || !sourceNode || !sourceAgent -> isIncoming = 0; incomer = TAKES
#endif
      fi }
  :: atomic { destinationAgent && incomer == ASKS && answersLeaving != 0 ->
      isIncoming = (answersLeaving == LEAVING); incomer = TAKES; answersLeaving = 0 }
  :: atomic { destinationAgent && isExpected && incomer != ASKS && migration != EXPECTED -> isExpected = 0 }
  /* All or nothing, in the order of the names. */
  :: atomic { destinationAgent && incomer == TAKES && (L(D, UUID) == NONE || mayRead(UUID)) ->
      take(UUID); check() }
  :: atomic { destinationAgent && incomer == TAKES && isConfirmed(UUID) && (L(D, DISK) == NONE || mayRead(DISK)) ->
      take(DISK); check() }
  :: atomic { destinationAgent && incomer == TAKES && isConfirmed(UUID) && isConfirmed(DISK) ->
      incomer = HAS;
      if :: migration == PREPARING -> migration = PREPARED :: else fi;
      if :: plain == PREPARING -> plain = PREPARED :: else fi }
  /* The network, to the master. */
  :: atomic { L(D, UUID) == SENT -> convert(D, UUID); check() }
  :: atomic { L(D, DISK) == SENT -> convert(D, DISK); check() }
  /* `started`: what counts as incoming must say so. */
  :: atomic { destinationAgent && plain == STARTED && destination == RUNS ->
      if
#ifndef PLAIN_COUNTS
      :: isIncoming -> destination = GONE
#endif
      :: else -> assert(source == GONE)
      fi;
      plain = IDLE; isPlain = 0; check() }
#if !defined LOOKS_LATE && !defined PLAIN_COUNTS
  :: atomic { destinationAgent && plain == STARTING && isIncoming && destination == PAUSED ->
      destination = GONE; plain = IDLE; isPlain = 0 }
#endif
  /* Its guest is gone. */
  :: atomic { destinationAgent && incomer == HAS && destination == GONE &&
        migration != PREPARED && migration != PREPARING && plain != PREPARED ->
      drop(); check() }
  /* While it asks for its locks it does not know, and says so later. */
  :: atomic { asksWaiting && destinationAgent && (hasNothing || hasQueued) &&
        !(hearsLeavingFirst && answersLeaving != 0) ->
      asksWaiting = 0;
      if
      :: hasQueued -> answersWaiting = WAITING
      :: else -> answersWaiting = NOTHING
      fi }
  /* Its CPUs have run for a second without the grant. */
  :: atomic { destinationAgent && destination == RUNS && !isPlain && incomer == HAS &&
        (L(D, UUID) != HELD || L(D, DISK) != HELD) && isNews &&
        sourceAgent && asksLeaving != 1 && answersLeaving == 0 -> askLeaving() }
  :: atomic { destinationAgent && incomer == HAS && answersLeaving != 0 ->
      lastAnswer = answersLeaving; answersLeaving = 0;
      if
      :: lastAnswer == STAYING && destination == RUNS && !isPlain -> assert(isSplit); destination = GONE
      /* S has let go, and somebody else has it. */
      :: lastAnswer == NOTHING && destination == RUNS && !recovering && (L(D, UUID) != HELD || L(D, DISK) != HELD) ->
        assert(thirdHolds || isBroken); destination = GONE
      :: else
      fi;
      check() }
  :: atomic { destinationAgent && incomer == IDLE && answersLeaving != 0 -> answersLeaving = 0 }
  od
}

/* --- Others ---------------------------------------------------------------------------------------- */

proctype third() {
end:
  do
  /* Another guest with the same disk, or a second start of the domain. */
  :: atomic { takes[UUID] > 0 && L(T, UUID) == NONE && isFree(UUID) -> takes[UUID]--; L(T, UUID) = HELD; check() }
  :: atomic { takes[DISK] > 0 && L(T, DISK) == NONE && isFree(DISK) -> takes[DISK]--; L(T, DISK) = HELD; check() }
  /* One that waits for it. */
  :: atomic { takes[DISK] > 0 && L(T, DISK) == NONE && !isFree(DISK) -> takes[DISK]--; L(T, DISK) = WAITS }
#ifdef CONVERTS_COLD
  /* Taken as lvmlockd does: NL, then NL to EX with NOQUEUE, which passes the conversions that wait. */
  :: atomic { takes[DISK] > 0 && L(T, DISK) == NONE && !isHeld(DISK) -> takes[DISK]--; L(T, DISK) = HELD; check() }
#endif
  /* It publishes who it is after it was granted. */
  :: atomic { L(T, UUID) == HELD && value[UUID] != SAME -> value[UUID] = SAME }
  :: atomic { L(T, DISK) == HELD && value[DISK] != SAME && L(T, UUID) == HELD -> value[DISK] = SAME }
  :: atomic { L(T, UUID) == HELD && outgoing != T -> unlock(T, UUID); check() }
  :: atomic { L(T, DISK) == HELD && outgoing != T -> unlock(T, DISK); check() }
  /* A start there that might pass for a migration: an earlier one was expected, and came to nothing. */
  :: atomic { thirdStarts && sourceAgent && L(T, UUID) == NONE && L(T, DISK) == NONE -> thirdStarts = 0; thirdAsks = 1 }
  :: atomic { thirdAnswer == LEAVING && L(T, UUID) == NONE && L(T, DISK) == NONE ->
      convert(T, UUID); convert(T, DISK); thirdAnswer = WAITING; check() }
  :: atomic { thirdAnswer == WAITING -> unlock(T, UUID); unlock(T, DISK); thirdAnswer = 0; check() }
  :: atomic { thirdAnswer != 0 && thirdAnswer != WAITING && (thirdAnswer != LEAVING || L(T, UUID) != NONE || L(T, DISK) != NONE) ->
      thirdAnswer = 0 }
  od
}

proctype faultsOf() {
end:
  do
  :: atomic { recovering -> recovering = 0; grant(UUID); grant(DISK); check() }

  /* A QEMU crashes, or is destroyed. */
  :: atomic { faults > 0 && source != GONE -> faults--; source = GONE; job = 0; check() }
  :: atomic { faults > 0 && destination != GONE -> faults--; destination = GONE; check() }

  :: atomic { faults > 0 && sourceDeaths && sourceAgent ->
      faults--; sourceDeaths = 0; sourceAgent = 0; asksWaiting = 0; answersWaiting = 0;
      if :: asksLeaving == 1 -> answersLeaving = DEAD :: else fi;
      asksLeaving = 0;
      if :: thirdAsks -> thirdAsks = 0; thirdAnswer = DEAD :: else fi;
#ifdef QUEUE_BEHIND
      if :: owner == BEHIND -> orphan(B, UUID); orphan(B, DISK); takeBack(UUID); takeBack(DISK) :: else fi;
#endif
#ifdef FORGETS_OUTGOING
      outgoing = NOBODY;
#endif
      check() }
  :: atomic { !sourceAgent && sourceNode -> sourceAgent = 1 }

  :: atomic { faults > 0 && destinationDeaths && destinationAgent ->
      faults--; destinationDeaths = 0; destinationAgent = 0; isExpected = 0; lastAnswer = 0; answersLeaving = 0;
      if :: asksLeaving -> asksLeaving = ABANDONED :: else fi;
#ifndef QUEUE_BEHIND
      /* It has said that it waits, which is about to be believed. */
      isBroken = (isBroken || answersWaiting == WAITING);
#endif
      isBroken = (isBroken || recovering);
      if :: asksWaiting -> asksWaiting = 0; answersWaiting = DEAD :: else fi;
      if :: incomer == ASKS -> incomer = IDLE :: else fi;
      orphan(D, UUID); orphan(D, DISK);
      if :: migration == PREPARING -> cancel() :: else fi;
      if :: plain == PREPARING -> plain = IDLE :: else fi;
      check() }
  :: atomic { !destinationAgent && destinationNode ->
      destinationAgent = 1;
      if
      :: incomer != IDLE && destination == GONE && migration != PREPARED && plain != PREPARED -> drop()
      :: incomer == TAKES -> drop()
      :: incomer == HAS && (destination != GONE || migration == PREPARED || plain == PREPARED) ->
#ifndef DOES_NOT_QUEUE_AGAIN
        if :: L(D, UUID) == NL -> L(D, UUID) = SENT :: else fi;
        if :: L(D, DISK) == NL -> L(D, DISK) = SENT :: else fi
#else
        skip
#endif
      :: else
      fi;
      check() }

  :: atomic { faults > 0 && sourceNode && !recovering ->
      faults--; sourceNode = 0; sourceAgent = 0; source = GONE; job = 0; owner = FORGOTTEN; outgoing = NOBODY;
      isBroken = (isBroken || (destination != GONE && !hasQueued));
      purge(S, UUID); purge(S, DISK); purge(B, UUID); purge(B, DISK); recovering = 1;
      asksWaiting = 0; answersWaiting = 0;
      if :: asksLeaving == 1 -> answersLeaving = DEAD :: else fi;
      asksLeaving = 0;
      if :: thirdAsks -> thirdAsks = 0; thirdAnswer = DEAD :: else fi;
      check() }
  :: atomic { faults > 0 && destinationNode && !recovering ->
      faults--; destinationNode = 0; destinationAgent = 0; destination = GONE; isPlain = 0; isExpected = 0;
      incomer = IDLE; isIncoming = 0; plain = IDLE; asksLeaving = 0; answersLeaving = 0; lastAnswer = 0;
      purge(D, UUID); purge(D, DISK); recovering = 1;
      if :: asksWaiting -> asksWaiting = 0; answersWaiting = DEAD :: else fi;
      if :: migration == PREPARING -> cancel() :: else fi;
      check() }
  od
}

/* --- The end --------------------------------------------------------------------------------------- */

#define holdsAll(n) (L(n, UUID) == HELD && L(n, DISK) == HELD)
#define holdsNothing(n) (L(n, UUID) == NONE && L(n, DISK) == NONE)

/* Nothing more happens by itself: whoever survived holds everything, and nothing else is left. */
proctype judge() {
  timeout;
  assert((migration == IDLE || migration == ELSEWHERE) && plain == IDLE);
  assert(source == GONE || destination == GONE);
  assert(source == GONE || (holdsAll(S) && holdsNothing(D)));
  assert(destination == GONE || (holdsAll(D) && holdsNothing(S)));
  assert(source != GONE || holdsNothing(S));
  assert(destination != GONE || holdsNothing(D));
  assert(holdsNothing(B))
}

init { atomic {
  value[UUID] = SOURCE; value[DISK] = SOURCE;
  L(S, UUID) = HELD; L(S, DISK) = HELD;
  Q(0, 0) = NOBODY; Q(0, 1) = NOBODY; Q(0, 2) = NOBODY;
  Q(1, 0) = NOBODY; Q(1, 1) = NOBODY; Q(1, 2) = NOBODY;
  run libvirt(); run sourceAgentOf(); run destinationAgentOf(); run third(); run faultsOf(); run judge()
} }

/* Two that run are never left so. */
ltl oneRunsOn { [] (runsTwice -> <> !runsTwice) }
