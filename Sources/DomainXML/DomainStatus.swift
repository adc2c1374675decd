import LockModel

/// What libvirt notes of a domain that has a QEMU process: the `<domstatus>` that stands around the
/// domain in its status file (`virDomainObjFormat` in domain_conf.c).
public struct DomainStatus: Hashable, Sendable {
  /// What the guest's processors do, as far as libvirt knows.
  public enum State: Hashable, Sendable {
    /// They run, or wait for devices.
    case running
    /// They stand still until somebody resumes the guest: a person, or the job that paused it.
    case paused
    /// Anything else (`virDomainState`: `shutdown`, `crashed`, `pmsuspended`, …), fit for a message.
    case other(String)
  }

  /// A migration's end that is on this node.
  public enum Migration: Hashable, Sendable {
    /// The domain is being sent away.
    case outgoing
    /// The domain is being received; until it runs, another process has its state.
    case incoming
  }

  /// What the guest's processors do.
  public let state: State
  /// Whether the guest's memory is being written to a save image, after which its process goes.
  public let isBeingSaved: Bool
  /// The migration that is under way; nil where there is none.
  public let migration: Migration?
  /// When libvirt began to send the domain away; nil where it does not. Two migrations of one domain
  /// differ by it (`asyncStarted`, qemu_domainjob.c; 0 where a libvirt does not say it).
  public let departure: Timestamp?
  /// The QEMU process as libvirt knows it, maybe gone by now; nil where libvirt does not say.
  public let pid: Int32?

  /// - Parameter status: a `<domstatus>`.
  init(_ status: Element) {
    let state = status["state"]
    self.state =
      switch state {
      case "running": .running
      case "paused": .paused
      case let other: .other(plain(other ?? "?"))
      }
    // virDomainAsyncJob: what libvirt works at for longer than one call.
    let work = status.child("job")
    let job = work?["async"]
    // The reason (virDomainPausedReason) comes with the pause, and is still there when a libvirtd
    // that was restarted has forgotten the job.
    isBeingSaved = job == "save" || state == "paused" && status["reason"] == "save"
    migration =
      switch job {
      case "migration out": .outgoing
      case "migration in": .incoming
      default: nil
      }
    departure =
      job == "migration out"
      ? Timestamp(milliseconds: work?["asyncStarted"].flatMap { Int64($0) } ?? 0) : nil
    pid = status["pid"].flatMap { Int32($0) }.flatMap { $0 > 0 ? $0 : nil }
  }
}
