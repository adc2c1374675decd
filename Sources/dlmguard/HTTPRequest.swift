import Glibc

/// The one request of a connection, as far as it is looked at (RFC 9112): its first line.
enum HTTPRequest: Hashable {
  case get(String)
  /// HEAD: the same without what follows the head.
  case head(String)
  case otherMethod
  case malformed

  /// How much of a request is read, in bytes.
  static let maximumHead = 8192

  /// The bytes up to the empty line that ends a request's head, or as many as there are.
  static func read(from descriptor: Int32) -> [UInt8] {
    var head: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1024)
    while head.count < maximumHead {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return head }
      head += buffer[..<count]
      if String(decoding: head, as: UTF8.self).contains("\r\n\r\n") { return head }
    }
    return head
  }

  init(_ head: [UInt8]) {
    let line = head.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
    let words = String(decoding: line, as: UTF8.self).split(
      separator: " ", omittingEmptySubsequences: false)
    guard line.count < head.count, words.count == 3, words[2].hasPrefix("HTTP/1."),
      words[1].hasPrefix("/")
    else {
      self = .malformed
      return
    }
    let path = String(words[1].prefix { $0 != "?" })
    self =
      switch words[0] {
      case "GET": .get(path)
      case "HEAD": .head(path)
      default: .otherMethod
      }
  }

  /// - Parameter metrics: nil where the agent does not answer.
  func answer(_ metrics: () -> String?) -> HTTPResponse {
    switch self {
    case .get("/metrics"), .head("/metrics"):
      guard let text = metrics() else {
        return HTTPResponse(
          "503 Service Unavailable", "the agent does not answer\n", isHead: isHead)
      }
      return HTTPResponse("200 OK", text, type: PrometheusText.contentType, isHead: isHead)
    case .get, .head:
      return HTTPResponse("404 Not Found", "only /metrics is here\n", isHead: isHead)
    case .otherMethod:
      return HTTPResponse("405 Method Not Allowed", "", headers: ["Allow: GET, HEAD"])
    case .malformed: return HTTPResponse("400 Bad Request", "")
    }
  }

  private var isHead: Bool { if case .head = self { true } else { false } }
}

/// An answer, after which the connection ends.
struct HTTPResponse: Hashable {
  let bytes: [UInt8]

  init(
    _ status: String, _ body: String, type: String = "text/plain; charset=utf-8",
    headers: [String] = [], isHead: Bool = false
  ) {
    let lines =
      [
        "HTTP/1.1 \(status)", "Content-Type: \(type)", "Content-Length: \(body.utf8.count)",
        "Connection: close",
      ] + headers
    let head = lines.map { "\($0)\r\n" }.joined() + "\r\n"
    bytes = Array((isHead ? head : head + body).utf8)
  }
}
