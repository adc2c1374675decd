import AgentAPI
import Glibc
import LockModel

/// One call by libvirt: `qemu-hook NAME OPERATION SUB-OPERATION EXTRA`, the domain's XML on stdin
/// (docs/hooks.rst of libvirt).
///
/// libvirt holds the domain while its hook runs and waits for it without limit, so nothing here
/// waits for libvirt, and everything happens under one deadline.
enum Hook {
  /// Does what the call asks for.
  ///
  /// - Returns: the exit status: 0 lets libvirt go on, 1 makes it give up, 2 means wrong use.
  static func run(arguments: [String]) -> Int32 {
    // First of all: once the caller is gone, its number tells nothing.
    let caller = getppid()
    guard arguments.count >= 4 else {
      say("usage: qemu-hook NAME OPERATION SUB-OPERATION EXTRA (run by libvirt, XML on stdin)")
      return 2
    }
    guard let operation = HookOperation(rawValue: arguments[2]),
      arguments[3] == operation.subOperation
    else { return 0 }
    // Whoever does not read our messages must still get our answer.
    signal(SIGPIPE, SIG_IGN)
    let call = Call(operation: operation, name: arguments[1], caller: caller)
    do throws(Stop) {
      return try call.settle()
    } catch {
      say(error.message)
      return error.status
    }
  }

  /// One line for the person who waits.
  static func say(_ message: String) {
    let line = Array(wording(message).utf8)
    _ = write(STDERR_FILENO, line, line.count)
  }

  /// A message as it is written; what came from elsewhere cannot break the line.
  static func wording(_ message: String) -> String {
    let text = "dlmguard: \(message)".utf8.map { $0 < 0x20 || $0 == 0x7f ? 0x20 : $0 }
    return String(decoding: text, as: UTF8.self) + "\n"
  }
}

/// The end of a call before its time.
struct Stop: Error {
  let status: Int32
  let message: String
}
