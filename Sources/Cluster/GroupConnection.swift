import CCorosync
import Directory
import LockModel
import Synchronization

/// A connection to corosync's closed process groups (cpg_overview(3)), in one group.
///
/// Opening it waits for corosync, without end where that hangs. One thread at a time may use it.
final class GroupConnection {
  /// What corosync told, in its order.
  enum News {
    /// The cluster forms another ring of these nodes.
    case ring(UInt64, Set<NodeID>)
    /// The group has these members; those nodes left it with their whole node.
    case members([(node: NodeID, process: UInt32)], fallen: Set<NodeID>)
    /// A member says something.
    case message([UInt8], from: NodeID, process: UInt32)
  }

  /// Readable when there is something to dispatch, or when corosync has ended.
  let descriptor: Int32
  /// This node.
  let here: NodeID
  private let handle: cpg_handle_t
  private let inbox: GroupInbox

  /// Connects, and joins the group.
  ///
  /// - Parameter group: at most 128 bytes.
  /// - Throws: ``CorosyncFault``.
  init(joining group: String) throws(CorosyncFault) {
    let inbox = GroupInbox()
    var handle: cpg_handle_t = 0
    try CorosyncFault.check(
      dlmguard_cpg_open(
        &handle, delivered, membersChanged, ringChanged, Unmanaged.passUnretained(inbox).toOpaque())
    )
    var descriptor: Int32 = -1
    var number: UInt32 = 0
    do throws(CorosyncFault) {
      try CorosyncFault.check(cpg_fd_get(handle, &descriptor))
      try CorosyncFault.check(cpg_local_get(handle, &number))
      var name = Self.name(group)
      try CorosyncFault.check(cpg_join(handle, &name))
    } catch {
      cpg_finalize(handle)
      throw error
    }
    guard let here = NodeID(number) else {
      cpg_finalize(handle)
      throw CorosyncFault.failing("this node has no number yet")
    }
    self.handle = handle
    self.descriptor = descriptor
    self.here = here
    self.inbox = inbox
  }

  deinit {
    cpg_finalize(handle)
  }

  private static func name(_ group: String) -> cpg_name {
    var name = cpg_name()
    withUnsafeMutableBytes(of: &name.value) { value in
      let bytes = group.utf8.prefix(value.count)
      value.copyBytes(from: bytes)
      name.length = UInt32(bytes.count)
    }
    return name
  }

  /// What has arrived, the earliest first.
  ///
  /// - Throws: ``CorosyncFault``; the connection is of no more use then.
  func dispatch() throws(CorosyncFault) -> [News] {
    let result = cpg_dispatch(handle, CS_DISPATCH_ALL)
    // It is how the library says that nothing more has come.
    if result != CS_ERR_TRY_AGAIN { try CorosyncFault.check(result) }
    return inbox.take()
  }

  /// Multicasts one datagram; false where corosync takes none now.
  ///
  /// - Throws: ``CorosyncFault``; the connection is of no more use then.
  func multicast(_ datagram: [UInt8]) throws(CorosyncFault) -> Bool {
    var state = CPG_FLOW_CONTROL_DISABLED
    try CorosyncFault.check(cpg_flow_control_state_get(handle, &state))
    guard state == CPG_FLOW_CONTROL_DISABLED else { return false }
    let result = datagram.withUnsafeBytes { bytes in
      // The library only reads what it takes as writable.
      var vector = iovec(
        iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
      return cpg_mcast_joined(handle, CPG_TYPE_AGREED, &vector, 1)
    }
    if result == CS_ERR_TRY_AGAIN { return false }
    try CorosyncFault.check(result)
    return true
  }
}

/// Where the library's callbacks leave what they were told.
private final class GroupInbox: Sendable {
  private let news = Mutex<[GroupConnection.News]>([])

  func add(_ one: GroupConnection.News) {
    news.withLock { $0.append(one) }
  }

  func take() -> [GroupConnection.News] {
    news.withLock { news in
      defer { news = [] }
      return news
    }
  }

  /// The connection, which is dispatching, keeps it alive.
  static func of(_ handle: cpg_handle_t) -> GroupInbox? {
    var context: UnsafeMutableRawPointer?
    guard cpg_context_get(handle, &context) == CS_OK, let context else { return nil }
    return Unmanaged<GroupInbox>.fromOpaque(context).takeUnretainedValue()
  }
}

private func delivered(
  _ handle: cpg_handle_t, _ group: UnsafePointer<cpg_name>?, _ node: UInt32, _ process: UInt32,
  _ message: UnsafeMutableRawPointer?, _ length: Int
) {
  guard let message, let node = NodeID(node) else { return }
  let bytes = [UInt8](UnsafeRawBufferPointer(start: message, count: length))
  GroupInbox.of(handle)?.add(.message(bytes, from: node, process: process))
}

private func membersChanged(
  _ handle: cpg_handle_t, _ group: UnsafePointer<cpg_name>?,
  _ members: UnsafePointer<cpg_address>?, _ memberCount: Int,
  _ left: UnsafePointer<cpg_address>?, _ leftCount: Int,
  _ joined: UnsafePointer<cpg_address>?, _ joinedCount: Int
) {
  let members = UnsafeBufferPointer(start: members, count: members == nil ? 0 : memberCount)
    .compactMap { member in NodeID(member.nodeid).map { (node: $0, process: member.pid) } }
  let fallen = UnsafeBufferPointer(start: left, count: left == nil ? 0 : leftCount)
    .filter { $0.reason == UInt32(CPG_REASON_NODEDOWN.rawValue) }
    .compactMap { NodeID($0.nodeid) }
  GroupInbox.of(handle)?.add(.members(members, fallen: Set(fallen)))
}

private func ringChanged(
  _ handle: cpg_handle_t, _ ring: cpg_ring_id, _ count: UInt32, _ members: UnsafePointer<UInt32>?
) {
  let nodes = UnsafeBufferPointer(start: members, count: members == nil ? 0 : Int(count))
    .compactMap { NodeID($0) }
  GroupInbox.of(handle)?.add(.ring(ring.seq, Set(nodes)))
}
