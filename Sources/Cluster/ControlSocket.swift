import CLinux
import Glibc

/// dlm_controld's query socket: one connection a query.
enum ControlSocket {
  /// The abstract address (`DLMC_QUERY_SOCK_PATH` in dlm_controld.h).
  static let address = "dlmc_query_sock"

  /// Sends a query and receives the reply: its header, decoded, and its body. May wait without end;
  /// any thread.
  ///
  /// There is no timeout on purpose. dlm_controld sends all replies but dumps with write(2)
  /// (`do_write` in its main.c) and does not handle SIGPIPE: a client that has closed its connection
  /// by then ends it, unless it was started with SIGPIPE ignored, as systemd does by default.
  ///
  /// - Throws: ``ControlFault``.
  static func ask(
    _ query: ControlQuery, at address: String = address
  ) throws(ControlFault) -> (ControlReply, body: [UInt8]) {
    let request = try query.request()
    let socket = dlmguard_connect_abstract(address)
    guard socket >= 0 else { throw .unreachable(-socket) }
    defer { close(socket) }
    try send(request, to: socket)
    let reply = try query.reply(try receive(ControlQuery.headerSize, from: socket))
    // Not read to the end of the stream: a fence agent may have inherited the other end.
    return (reply, try receive(reply.size, from: socket))
  }

  private static func send(_ bytes: [UInt8], to socket: Int32) throws(ControlFault) {
    var rest = bytes
    while !rest.isEmpty {
      let sent = dlmguard_send(socket, rest, rest.count)
      if sent == -Int(EINTR) { continue }
      guard sent > 0 else { throw sent == -Int(EPIPE) ? .hungUp : .unreachable(Int32(-sent)) }
      rest.removeFirst(sent)
    }
  }

  private static func receive(_ count: Int, from socket: Int32) throws(ControlFault) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let received = bytes.withUnsafeMutableBytes { buffer in
        recv(socket, buffer.baseAddress.map { $0 + filled }, count - filled, 0)
      }
      if received < 0, errno == EINTR { continue }
      // One that ends with a query unread resets the connection.
      guard received > 0 else { throw .hungUp }
      filled += received
    }
    return bytes
  }
}
