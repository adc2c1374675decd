import CLinux
import Configuration
import Glibc
import GuardCore
import Logging

// The socket, and those who ask there.
extension NodeAgent {
  func open() {
    guard server == nil else { return }
    var server = SocketServer(
      loop: loop,
      ready: { [self] descriptor, readiness in
        assumeIsolated { $0.ready(descriptor, readiness) }
      },
      expired: { [self] descriptor, progress in
        assumeIsolated { $0.expired(descriptor, progress) }
      })
    do throws(SystemError) {
      try server.listen(at: configuration.socket)
      self.server = server
      log.notice(
        "dlmguardd \(description.version) is up",
        metadata: [
          "node": "\(description.node)", "engine": "\(description.engine)",
          "lockspace": description.lockspace.map { "\($0)" }, "socket": "\(configuration.socket)",
        ].compactMapValues { $0 })
      announce()
      // Some 40 % of what is in memory by now.
      dlmguard_forget_start()
    } catch {
      // Without a socket every start is refused; the agent that systemd starts next may fare better.
      log.critical("\(error)")
      exit(EXIT_FAILURE)
    }
  }

  private func ready(_ descriptor: Int32, _ readiness: EventLoop.Readiness) {
    for event in server?.handle(descriptor, readiness) ?? [] { handle(event) }
  }

  private func expired(_ descriptor: Int32, _ progress: UInt64) {
    for event in server?.expire(descriptor, progress) ?? [] { handle(event) }
  }
}
