import CLibDLMControl
import CLinux
import Glibc
import LockModel

/// dlm_controld on this node, as libdlmcontrol asks it.
///
/// Its one query thread answers while the rest of it may be stuck in the kernel, but shares a lock
/// with that rest (`process_queries` in its main.c), and libdlmcontrol waits without end.
enum ControlDaemon {
  /// The abstract address where it answers queries (`DLMC_QUERY_SOCK_PATH` in its dlm_controld.h).
  static let queryAddress = "dlmc_query_sock"

  /// Whether it runs. Never waits, and tells nothing about fencing.
  static func look(at address: String = queryAddress) -> ControlDaemonSight {
    switch dlmguard_abstract_listener(address) {
    case 1: .running(fencing: nil)
    case 0: .gone
    case let error: .unreadable(String(cString: dlmguard_error_text(-error)))
    }
  }

  /// What `enable_fencing` is for it, from wherever it has that; nil where it does not answer. May
  /// wait without end; one thread at a time (libdlmcontrol copies through a static buffer).
  static func fencing() -> Fencing? {
    // As large as what libdlmcontrol may copy, plus the NUL that it does not write.
    var text = [CChar](repeating: 0, count: Int(DLMC_DUMP_SIZE) + 1)
    let result = withoutBrokenPipes { dlmc_dump_config(&text) }
    guard result >= 0 else { return nil }
    let used = text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
    return Fencing(configuration: String(decoding: used, as: UTF8.self))
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

  /// Asks what a stopped lockspace waits for. May wait without end; one thread at a time.
  static func stop(of lockspace: String) -> Stop {
    withoutBrokenPipes {
      var name = [CChar](lockspace.utf8CString)
      var state = dlmc_lockspace()
      switch dlmc_lockspace_info(&name, &state) {
      case 0: break
      // `query_lockspace_info` in its main.c.
      case -ENOENT: return .unknown
      default: return .unanswered
      }
      var failed: [NodeID] = []
      if state.cg_next.wait_condition == DLMC_LS_WAIT_FENCING {
        var nodes = [dlmc_node](repeating: dlmc_node(), count: Self.mostNodes)
        var count: Int32 = 0
        if dlmc_lockspace_nodes(
          &name, DLMC_NODES_ALL, Int32(nodes.count), &count, &nodes) == 0
        {
          failed =
            nodes.prefix(count < 0 ? nodes.count : Int(count))
            .filter { $0.flags & UInt32(DLMC_NF_NEED_FENCING) != 0 }
            .compactMap { NodeID(UInt32(bitPattern: $0.nodeid)) }
            .sorted()
        }
      }
      return .waits(StopCause(state, failed: failed))
    }
  }

  /// More than corosync takes (`PROCESSOR_COUNT_MAX`, 384, in its coroapi.h).
  private static let mostNodes = 512

  /// libdlmcontrol uses write(2), which would end this process where dlm_controld ends between being
  /// connected to and being asked.
  private static func withoutBrokenPipes<Result>(_ body: () -> Result) -> Result {
    var pipe = sigset_t()
    var before = sigset_t()
    sigemptyset(&pipe)
    sigaddset(&pipe, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &pipe, &before)
    let result = body()
    if sigismember(&before, SIGPIPE) == 0 {
      // It is raised in the thread that wrote, and waits there.
      var atOnce = timespec()
      sigtimedwait(&pipe, nil, &atOnce)
    }
    pthread_sigmask(SIG_SETMASK, &before, nil)
    return result
  }
}

extension Fencing {
  /// From what dlm_controld dumps: one `name=value` a line (`copy_options` in its main.c), followed, as
  /// dlm_controld 4.2.0 answers, by where it has that from: `enable_fencing=1 (dlm.conf)`.
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
  init?(_ state: dlmc_lockspace, failed: [NodeID]) {
    let change = state.cg_next
    // Numbers of changes begin with 1: with none under way all of this is 0 (`set_lockspace_info` in
    // its cpg.c).
    guard change.seq != 0 else {
      guard state.flags & UInt32(DLMC_LF_KERNEL_STOPPED) == 0 else { return nil }
      self = .kernel
      return
    }
    if change.wait_messages != 0 {
      // The same member then counts the nodes (libdlmcontrol.h).
      self = .nodes(max(1, Int(change.wait_condition)))
      return
    }
    switch change.wait_condition {
    case DLMC_LS_WAIT_RINGID: self = .membership
    case DLMC_LS_WAIT_QUORUM: self = .quorum
    case DLMC_LS_WAIT_FENCING: self = .fencing(failed)
    case DLMC_LS_WAIT_FSDONE: self = .filesystems
    default: return nil
    }
  }
}
