import CLinux
import Glibc

/// Runs a program without a shell, in a clean environment, for a bounded time.
struct Program {
  /// From the root.
  let path: String
  let arguments: [String]

  /// What came of it.
  enum End: Hashable {
    /// It ended by itself with that code; ``errors`` is what it wrote to standard error.
    case exited(Int32, errors: String)
    /// A signal ended it, which was not sent here.
    case killed(signal: Int32)
    /// It ran for too long and was killed, with all its children.
    case overdue
  }

  /// It could not be started.
  struct Unstartable: Error, Hashable {
    let reason: String
  }

  /// What of standard error is kept, in bytes; the rest is read and forgotten.
  private static let maximumErrors = 4096

  /// Waits for the end, or for the deadline in ms. A thread that may block, and no one else may wait
  /// for the process's children meanwhile.
  func run(within milliseconds: Int64) throws(Unstartable) -> End {
    let deadline = dlmguard_uptime() + milliseconds
    var pipe: Int32 = -1
    let pid = start(&pipe)
    guard pid > 0 else {
      throw Unstartable(reason: String(cString: dlmguard_error_text(-pid)))
    }
    defer { close(pipe) }
    let process = dlmguard_pidfd_open(pid)
    defer { if process >= 0 { close(process) } }
    var errors: [UInt8] = []
    let isOverdue = !wait(for: process, until: deadline, pipe, &errors)
    // The children that it may have started are in its group.
    if isOverdue { Glibc.kill(-pid, SIGKILL) }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    drain(pipe, into: &errors)
    if isOverdue { return .overdue }
    // WIFEXITED and its like are macros that Swift cannot use.
    let signal = status & 0x7f
    return signal == 0
      ? .exited(status >> 8 & 0xff, errors: String(decoding: errors, as: UTF8.self))
      : .killed(signal: signal)
  }

  private func start(_ pipe: inout Int32) -> pid_t {
    var words = Self.inC([path] + arguments)
    var environment = Self.inC(["LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
    defer { for text in words + environment { free(text) } }
    return dlmguard_spawn(path, &words, &environment, &pipe)
  }

  private static func inC(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
    texts.map { text in strdup(text) } + [nil]
  }

  /// Reads until the process is gone; false where the time is over before.
  private func wait(
    for process: Int32, until deadline: Int64, _ pipe: Int32, _ errors: inout [UInt8]
  ) -> Bool {
    // Without a pidfd the end of the pipe must do.
    var isOpen = true
    while true {
      let left = deadline - dlmguard_uptime()
      if process >= 0 ? dlmguard_pidfd_gone(process) == 1 : !isOpen { return true }
      guard left > 0 else { return false }
      var descriptors = [
        pollfd(fd: process, events: Int16(POLLIN), revents: 0),
        pollfd(fd: isOpen ? pipe : -1, events: Int16(POLLIN), revents: 0),
      ]
      _ = poll(&descriptors, 2, Int32(clamping: left))
      if isOpen { isOpen = drain(pipe, into: &errors) }
    }
  }

  /// Reads what is there; false once nobody can write any more.
  @discardableResult private func drain(_ pipe: Int32, into errors: inout [UInt8]) -> Bool {
    var some = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(pipe, &some, some.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return count < 0 }
      errors += some[..<min(count, Self.maximumErrors - errors.count)]
    }
  }
}
