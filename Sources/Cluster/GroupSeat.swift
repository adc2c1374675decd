import CLinux
import Directory
import Glibc
import LockModel

/// What ``AgentGroup`` does on its thread.
struct GroupSeat {
  /// A place in the group.
  private struct Seat {
    let group: GroupConnection
    let quorum: QuorumConnection
    var standing: GroupStanding
    var reassembly: Reassembly
    var outbox: Outbox
  }

  /// How long until corosync is tried again, in ms: doubled each time, up to the second.
  private static let pauses: (first: Int64, last: Int64) = (100, 5_000)
  /// How long until corosync is offered again what it did not take, in ms.
  private static let congestion: Int64 = 20

  private let group: String
  private let version: ProtocolVersion
  private let wakeUp: WakeUp
  private let report: (AgentGroup.News) -> Void
  private var seat: Seat?
  private var pause = pauses.first
  private var nextTry: Int64 = 0
  private var isCongested = false

  init(
    group: String, version: ProtocolVersion, wakeUp: WakeUp,
    report: @escaping (AgentGroup.News) -> Void
  ) {
    self.group = group
    self.version = version
    self.wakeUp = wakeUp
    self.report = report
  }

  /// Sleeps until something arrives, is to be sent, or is to be tried again.
  func wait() {
    var descriptors = [pollfd(fd: wakeUp.descriptor, events: Int16(POLLIN), revents: 0)]
    var milliseconds: Int64 = -1
    if let seat {
      for descriptor in [seat.group.descriptor, seat.quorum.descriptor] {
        descriptors.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
      }
      if isCongested { milliseconds = Self.congestion }
    } else {
      milliseconds = max(0, nextTry - dlmguard_uptime())
    }
    poll(&descriptors, nfds_t(descriptors.count), Int32(milliseconds))
    if descriptors[0].revents != 0 { wakeUp.clear() }
  }

  /// Does all that can be done now.
  mutating func round(sending messages: [DirectoryMessage]) {
    if seat == nil { sitDown() }
    guard seat != nil else { return }
    seat?.outbox.add(messages)
    do throws(CorosyncFault) {
      try hear()
      try send()
    } catch {
      stand()
    }
  }

  private mutating func sitDown() {
    guard dlmguard_uptime() >= nextTry else { return }
    do throws(CorosyncFault) {
      let quorum = try QuorumConnection()
      let group = try GroupConnection(joining: group)
      seat = Seat(
        group: group, quorum: quorum, standing: GroupStanding(here: group.here),
        reassembly: Reassembly(version: version), outbox: Outbox(version: version))
      pause = Self.pauses.first
    } catch {
      later()
    }
  }

  private mutating func stand() {
    seat = nil
    isCongested = false
    later()
    report(.severed)
  }

  private mutating func later() {
    nextTry = dlmguard_uptime() + pause
    pause = min(2 * pause, Self.pauses.last)
  }

  private mutating func hear() throws(CorosyncFault) {
    guard let group = seat?.group, let quorum = seat?.quorum else { return }
    for news in try group.dispatch() {
      switch news {
      case .ring(let number, let nodes): seat?.standing.take(ring: number, nodes)
      case .members(let members, let fallen): seat?.standing.take(members, fallen: fallen)
      case .message(let bytes, let node, let process):
        take(bytes, from: node, process)
        continue
      }
      tell()
    }
    try quorum.dispatch()
    seat?.standing.take(quorateRing: quorum.quorateRing)
    tell()
  }

  private mutating func tell() {
    guard let view = seat?.standing.news() else { return }
    // Also of one that is the same process as before, but has been away.
    seat?.reassembly.keep(view.agents.filter { !view.returned.contains($0.key) })
    report(.view(view))
  }

  private mutating func take(_ bytes: [UInt8], from node: NodeID, _ process: UInt32) {
    // What this agent itself says comes back to it, too.
    guard let here = seat?.group.here, node != here,
      seat?.standing.isMember(process, of: node) == true,
      let heard = seat?.reassembly.take(bytes, from: node, agent: process)
    else { return }
    report(.heard(heard))
  }

  private mutating func send() throws(CorosyncFault) {
    isCongested = false
    guard let group = seat?.group else { return }
    while let datagram = seat?.outbox.next() {
      guard try group.multicast(datagram) else {
        isCongested = true
        return
      }
      seat?.outbox.sent()
    }
    if seat?.outbox.takeNeedOfSnapshot() == true { report(.missed) }
  }
}
