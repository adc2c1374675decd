import AgentAPI
import CLinux
import Foundation
import Glibc

/// Listens where the agent would, for one call, and answers it by the script.
final class ScriptedAgent: @unchecked Sendable {
  enum Script {
    case answer(Reply)
    case raw(String)
    case hangUp
    case silence
  }

  private let listener: Int32
  private let done = DispatchSemaphore(value: 0)
  private var received: [UInt8] = []

  init(at path: String, _ script: Script) {
    listener = dlmguard_listen(path, 0o600, 8)
    Thread { [self] in
      serve(script)
      done.signal()
    }.start()
  }

  /// The request it was sent, once the call is over; nil where none came.
  func request() throws -> Request? {
    shutdown(listener, Int32(SHUT_RDWR))
    done.wait()
    close(listener)
    return received.isEmpty ? nil : try Request(try JSON(received))
  }

  private func serve(_ script: Script) {
    wait(for: listener)
    let client = dlmguard_accept(listener)
    guard client >= 0 else { return }
    defer { close(client) }
    if case .hangUp = script { return }
    while true {
      var byte: UInt8 = 0
      wait(for: client)
      guard recv(client, &byte, 1, 0) == 1 else { return }
      if byte == UInt8(ascii: "\n") { break }
      received.append(byte)
    }
    let answer: [UInt8] =
      switch script {
      case .answer(let reply): reply.json.bytes + [UInt8(ascii: "\n")]
      case .raw(let text): Array(text.utf8)
      case .hangUp, .silence: []
      }
    _ = dlmguard_send(client, answer, answer.count)
    // Until the hook is gone.
    var byte: UInt8 = 0
    if case .silence = script {
      wait(for: client)
      _ = recv(client, &byte, 1, 0)
    }
  }

  private func wait(for socket: Int32) {
    var watched = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    while poll(&watched, 1, -1) < 0 && errno == EINTR {}
  }
}
