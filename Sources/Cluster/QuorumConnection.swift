import CCorosync
import LockModel
import Synchronization

/// A connection to corosync's quorum service (quorum_overview(3)).
///
/// Opening it waits for corosync, without end where that hangs; everything after that never waits.
/// One thread at a time may use it.
final class QuorumConnection: Sendable {
  /// Readable when there is something to dispatch, or when corosync has ended.
  let descriptor: Int32
  private let handle: quorum_handle_t
  private let hasProvider: Bool
  private let news: QuorumNews

  /// Connects, and asks to be told the state now and at each change.
  ///
  /// - Throws: ``CorosyncFault``.
  init() throws(CorosyncFault) {
    let news = QuorumNews()
    var handle: quorum_handle_t = 0
    var type: UInt32 = 0
    let context = Unmanaged.passUnretained(news).toOpaque()
    try CorosyncFault.check(dlmguard_quorum_open(&handle, quorumChanged, &type, context))
    var descriptor: Int32 = -1
    do throws(CorosyncFault) {
      try CorosyncFault.check(quorum_fd_get(handle, &descriptor))
      try CorosyncFault.check(
        quorum_trackstart(handle, UInt32(CS_TRACK_CURRENT | CS_TRACK_CHANGES)))
    } catch {
      quorum_finalize(handle)
      throw error
    }
    self.handle = handle
    self.descriptor = descriptor
    self.news = news
    hasProvider = type != UInt32(QUORUM_FREE)
  }

  deinit {
    quorum_finalize(handle)
  }

  /// Takes in what has arrived.
  ///
  /// - Throws: ``CorosyncFault``; the connection is of no more use then.
  func dispatch() throws(CorosyncFault) {
    let result = quorum_dispatch(handle, CS_DISPATCH_ALL)
    // It is how the library says that nothing more has come.
    guard result != CS_ERR_TRY_AGAIN else { return }
    try CorosyncFault.check(result)
  }

  /// What was told last; nil before corosync has told anything.
  var quorum: Quorum? {
    guard hasProvider else { return .noProvider }
    return news.latest.withLock { $0?.quorum }
  }

  /// The ring that this node has quorum in; nil where it has none.
  var quorateRing: UInt64? {
    news.latest.withLock { latest in
      if hasProvider, case .held = latest?.quorum { latest?.ring } else { nil }
    }
  }
}

/// Where the library's callback leaves what it was told.
private final class QuorumNews: Sendable {
  let latest = Mutex<(quorum: Quorum, ring: UInt64)?>(nil)
}

private func quorumChanged(
  _ handle: quorum_handle_t, _ isQuorate: UInt32, _ ring: quorum_ring_id, _ count: UInt32,
  _ members: UnsafePointer<UInt32>?
) {
  var context: UnsafeRawPointer?
  guard quorum_context_get(handle, &context) == CS_OK, let context else { return }
  let nodes = UnsafeBufferPointer(start: members, count: members == nil ? 0 : Int(count))
    .compactMap { NodeID($0) }
    .sorted()
  // The connection, which is dispatching, keeps it alive.
  Unmanaged<QuorumNews>.fromOpaque(context).takeUnretainedValue().latest.withLock {
    $0 = (isQuorate == 0 ? .lost(members: nodes) : .held(members: nodes), ring.seq)
  }
}

extension CorosyncFault {
  /// Passes on what a call of a corosync library answered: `CS_ERR_LIBRARY` where nobody listens and
  /// where the connection broke.
  ///
  /// - Throws: ``CorosyncFault`` for everything but `CS_OK`.
  static func check(_ result: cs_error_t) throws(CorosyncFault) {
    switch result {
    case CS_OK: return
    case CS_ERR_LIBRARY: throw .notRunning
    case CS_ERR_ACCESS: throw .accessDenied
    default: throw .failing(String(cString: cs_strerror(result)))
    }
  }
}
