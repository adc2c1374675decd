import CLinux
import Glibc
import LockModel

/// What dlm_controld says of this node and its lockspaces, by its query socket.
///
/// Its one query thread answers while the rest of it may be stuck in the kernel, but shares a lock
/// with that rest (`process_queries` in its main.c), so an answer may never come: all functions
/// that ask wait without end, on any thread.
enum ControlDaemon {
  /// Whether it runs. Never waits, and tells nothing about fencing.
  static func look(at address: String = ControlSocket.address) -> ControlDaemonSight {
    switch dlmguard_abstract_listener(address) {
    case 1: .running(fencing: nil)
    case 0: .gone
    case let error: .unreadable(String(cString: dlmguard_error_text(-error)))
    }
  }

  /// What `enable_fencing` is for it, from wherever it has that; nil if it
  /// gives no usable answer. May wait without end.
  static func fencing(at address: String = ControlSocket.address) -> Fencing? {
    do throws(ControlFault) {
      let (reply, body) = try ControlSocket.ask(.configuration, at: address)
      return Fencing(configuration: try reply.configuration(body))
    } catch {
      return nil
    }
  }

  /// What it says of a stopped lockspace.
  enum Stop: Hashable, Sendable {
    /// That it waits for something, if for anything that it tells.
    case waits(StopCause?)
    /// That it has none of that name: it has left it, or has not been told of it yet.
    case unknown
    /// Nothing.
    case unanswered
  }

  /// Asks what a stopped lockspace waits for. May wait without end.
  static func stop(of lockspace: String, at address: String = ControlSocket.address) -> Stop {
    do throws(ControlFault) {
      // Asked first because it is the one query that this process may abandon, by ending while it
      // waits, without ending dlm_controld (see ``ControlSocket/ask(_:at:)``).
      _ = try ControlSocket.ask(.configuration, at: address)
      let (reply, body) = try ControlSocket.ask(.lockspace(lockspace), at: address)
      let state = try reply.lockspace(body)
      var failed: [NodeID] = []
      if state.next.waitCondition == ControlChange.waitFencing {
        failed = (try? Self.failed(in: lockspace, at: address)) ?? []
      }
      return .waits(StopCause(state, failed: failed))
    } catch .refused(UInt32(ENOENT)) {
      // `query_lockspace_info` in its main.c.
      return .unknown
    } catch {
      return .unanswered
    }
  }

  /// The nodes of a lockspace that it wants fenced.
  private static func failed(
    in lockspace: String, at address: String
  ) throws(ControlFault) -> [NodeID] {
    let (reply, body) = try ControlSocket.ask(.nodes(lockspace), at: address)
    return try reply.nodes(body)
      .filter { $0.flags & ControlNode.needFencing != 0 }
      .compactMap { NodeID($0.id) }
      .sorted()
  }
}

extension Fencing {
  /// From what dlm_controld dumps: one `name=value` a line (`copy_options` in its main.c), followed
  /// since 4.2 by where it has that from: `enable_fencing=1 (dlm.conf)`.
  ///
  /// Nil where it does not say, which no known dlm_controld does.
  init?(configuration: String) {
    for line in configuration.split(separator: "\n") {
      let words = line.split(separator: "=", maxSplits: 1)
      guard words.first == "enable_fencing", words.count == 2 else { continue }
      switch Int(words[1].prefix { $0 != " " }) {
      case nil: return nil
      case 0: self = .disabled
      default: self = .enabled
      }
      return
    }
    return nil
  }
}

extension StopCause {
  /// From what dlm_controld tells of a stopped lockspace; nil where that does not say.
  ///
  /// - Parameter failed: the nodes that it wants fenced.
  init?(_ state: ControlLockspace, failed: [NodeID]) {
    let change = state.next
    // Numbers of changes begin with 1: with none under way all of this is 0 (`set_lockspace_info` in
    // its cpg.c).
    guard change.sequence != 0 else {
      guard state.flags & ControlLockspace.kernelStopped == 0 else { return nil }
      self = .kernel
      return
    }
    if change.waitMessages != 0 {
      // The same member then counts the nodes (libdlmcontrol.h).
      self = .nodes(max(1, Int(change.waitCondition)))
      return
    }
    switch change.waitCondition {
    case ControlChange.waitRingID: self = .membership
    case ControlChange.waitQuorum: self = .quorum
    case ControlChange.waitFencing: self = .fencing(failed)
    case ControlChange.waitFilesystems: self = .filesystems
    default: return nil
    }
  }
}
