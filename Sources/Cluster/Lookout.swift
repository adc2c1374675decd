import CCorosync
import CLinux
import Glibc
import LockModel
import Synchronization

/// What ``ClusterWatch`` does on its thread: looks, asks, and draws the conclusions.
struct Lookout {
  /// What the threads that ask have brought, until the next round takes it.
  private struct Answers: Sendable {
    var connection: Result<QuorumConnection, CorosyncFault>?
    var nodes: Result<ClusterNodes, CorosyncFault>?
    var fencing: Fencing?
    /// What dlm_controld told of a lockspace that is stopped.
    var stop: ControlDaemon.Stop?
  }

  /// How often it looks at what gives no news, in ms.
  private static let tick: Int64 = 1000
  /// How often it asks again, in ms, what only an administrator changes (`dlm_tool set_config`).
  private static let refresh: Int64 = 30_000

  /// How often dlm_controld must deny a lockspace, a second apart, before it is taken at its word.
  private static let denialsBelieved = 2

  private let settings: ClusterWatch.Settings
  private let wakeUp: WakeUp
  private let corosync = Enquiry("dlmguard.cluster.corosync")
  private let controlDaemon = Enquiry("dlmguard.cluster.dlm")
  private let answers = Shared(Answers())
  private var health: ClusterHealth

  private var connection: QuorumConnection?
  private var fault: CorosyncFault?
  private var quorum: Quorum?
  private var nodes: ClusterNodes?
  private var areNodesCurrent = false
  private var fencing: Fencing?
  private var cause: StopCause?
  /// Since the lockspace was last seen running, how often dlm_controld has said that it has none; nil
  /// while it was never seen running: then dlm_controld may not have been told of it yet.
  private var denials: Int?
  private var nextTick: Int64 = 0
  private var nextRefresh: Int64 = 0

  init(_ settings: ClusterWatch.Settings, wakeUp: WakeUp) {
    self.settings = settings
    self.wakeUp = wakeUp
    health = ClusterHealth(
      lockspace: settings.lockspace, bound: settings.bound, allowUnfenced: settings.allowUnfenced)
  }

  /// Sleeps until something arrives or the next look is due.
  mutating func wait() {
    var descriptors = [pollfd(fd: wakeUp.descriptor, events: Int16(POLLIN), revents: 0)]
    if let connection {
      descriptors.append(pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0))
    }
    let pause = max(0, nextTick - dlmguard_uptime())
    // What ends it early, an interruption too, is an early look and no more.
    poll(&descriptors, nfds_t(descriptors.count), Int32(min(pause, Self.tick)))
    if descriptors[0].revents != 0 { wakeUp.clear() }
  }

  /// Looks once; what that changes.
  mutating func round() -> [ClusterChange] {
    let now = dlmguard_uptime()
    let isTick = now >= nextTick
    if isTick { nextTick = now + Self.tick }

    takeAnswers()
    hearCorosync()
    let daemon = seeControlDaemon(at: now, isTick: isTick)
    let lockspace = seeLockspace(isTick: isTick)
    if isTick { askCorosync() }

    let corosync: CorosyncSight =
      if let quorum {
        .reachable(quorum)
      } else if let fault {
        .unreachable(fault)
      } else {
        .unanswered
      }
    return health.observe(
      ClusterSight(corosync: corosync, nodes: nodes, controlDaemon: daemon, lockspace: lockspace),
      at: now)
  }

  private mutating func takeAnswers() {
    let answers = self.answers.take(leaving: Answers())
    switch answers.connection {
    case .success(let connection)?: self.connection = connection
    case .failure(let fault)?: self.fault = fault
    case nil: break
    }
    switch answers.nodes {
    case .success(let nodes)?:
      self.nodes = nodes
      areNodesCurrent = true
    // Asked again at the next look.
    case .failure?, nil: break
    }
    fencing = answers.fencing ?? fencing
    switch answers.stop {
    case .waits(let cause)?:
      self.cause = cause
      denials = denials.map { _ in 0 }
    case .unknown?: denials = denials.map { $0 + 1 }
    case .unanswered?, nil: break
    }
  }

  private mutating func hearCorosync() {
    guard let connection else { return }
    do throws(CorosyncFault) {
      try connection.dispatch()
    } catch {
      self.connection = nil
      quorum = nil
      fault = error
      return
    }
    guard let news = connection.quorum, news != quorum else { return }
    quorum = news
    fault = nil
    // A node that was added to the list shows up as a member.
    areNodesCurrent = false
    askCorosync()
  }

  private func askCorosync() {
    if connection == nil {
      corosync.ask { [answers, wakeUp] in
        do throws(CorosyncFault) {
          let connection = try QuorumConnection()
          answers.change { $0.connection = .success(connection) }
        } catch {
          answers.change { $0.connection = .failure(error) }
        }
        wakeUp.raise()
      }
    } else if !areNodesCurrent {
      corosync.ask { [answers, wakeUp] in
        do throws(CorosyncFault) {
          let nodes = try NodeList.read()
          answers.change { $0.nodes = .success(nodes) }
        } catch {
          answers.change { $0.nodes = .failure(error) }
        }
        wakeUp.raise()
      }
    }
  }

  private mutating func seeControlDaemon(at now: Int64, isTick: Bool) -> ControlDaemonSight {
    let sight = ControlDaemon.look()
    switch sight {
    case .unreadable: return sight
    case .gone:
      // The next one may have been started with another configuration.
      fencing = nil
      return sight
    case .running:
      if isTick, fencing == nil || now >= nextRefresh {
        nextRefresh = now + Self.refresh
        controlDaemon.ask { [answers, wakeUp] in
          let fencing = ControlDaemon.fencing()
          answers.change { $0.fencing = fencing }
          wakeUp.raise()
        }
      }
      return .running(fencing: fencing)
    }
  }

  private mutating func seeLockspace(isTick: Bool) -> LockspaceSight {
    let sight = LockspaceStatus.read(settings.lockspace)
    guard case .stopped = sight else {
      cause = nil
      if case .running = sight { denials = 0 }
      return sight
    }
    if isTick {
      controlDaemon.ask { [answers, wakeUp, lockspace = settings.lockspace] in
        let stop = ControlDaemon.stop(of: lockspace)
        answers.change { $0.stop = stop }
        wakeUp.raise()
      }
    }
    // What is left of it waits for this program to close it (`remove_lockspace` in the kernel's
    // lockspace.c); other nodes have its locks already.
    if let denials, denials >= Self.denialsBelieved { return .absent }
    return .stopped(cause)
  }
}

/// A value that threads exchange.
private final class Shared<Value: Sendable>: Sendable {
  private let value: Mutex<Value>

  init(_ value: Value) {
    self.value = Mutex(value)
  }

  func change(_ body: (inout Value) -> Void) {
    value.withLock { body(&$0) }
  }

  func take(leaving next: Value) -> Value {
    value.withLock { value in
      defer { value = next }
      return value
    }
  }
}
