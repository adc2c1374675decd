import AgentAPI
import Testing

@testable import dlmguard

@Suite struct MetricsTextTests {
  static let family = MetricFamily(
    "dlmguard_x_seconds", "a\\b\nc", .histogram,
    [
      .init(suffix: "_bucket", [.init("le", "+Inf"), .init("n", "a\"\\\n")], 3),
      .init(suffix: "_sum", [], 0.25),
    ])

  @Test func itIsWhatPrometheusReads() {
    let empty = MetricFamily("dlmguard_none", "h", .gauge, [])
    #expect(
      PrometheusText(families: [empty, Self.family]).text == #"""
        # HELP dlmguard_x_seconds a\\b\nc
        # TYPE dlmguard_x_seconds histogram
        dlmguard_x_seconds_bucket{le="+Inf",n="a\"\\\n"} 3
        dlmguard_x_seconds_sum 0.25

        """#)
  }

  private func head(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test(arguments: [
    ("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", HTTPRequest.get("/metrics")),
    ("GET /metrics?a=b HTTP/1.0\n", .get("/metrics")), ("HEAD / HTTP/1.1\r\n", .head("/")),
    ("POST /metrics HTTP/1.1\r\n", .otherMethod), ("GET /metrics\r\n", .malformed),
    ("GET  /metrics HTTP/1.1\r\n", .malformed), ("GET metrics HTTP/1.1\r\n", .malformed),
    ("GET /metrics HTTP/1.1", .malformed), ("", .malformed), ("\r\n", .malformed),
    ("GET /metrics HTTP/2\r\n", .malformed),
  ]) func aRequestIsItsFirstLine(text: String, request: HTTPRequest) {
    #expect(HTTPRequest(head(text)) == request)
  }

  @Test func anAnswerSaysHowLongItIs() {
    func answer(_ request: HTTPRequest, _ metrics: String? = "m\n") -> String {
      String(decoding: request.answer { metrics }.bytes, as: UTF8.self)
    }
    let whole = answer(.get("/metrics"))
    #expect(whole.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"))
    #expect(whole.hasSuffix("Content-Length: 2\r\nConnection: close\r\n\r\nm\n"))
    #expect(answer(.head("/metrics")).hasSuffix("Content-Length: 2\r\nConnection: close\r\n\r\n"))
    #expect(answer(.get("/metrics"), nil).hasPrefix("HTTP/1.1 503 "))
    #expect(answer(.get("/")).hasPrefix("HTTP/1.1 404 "))
    #expect(answer(.otherMethod).hasPrefix("HTTP/1.1 405 "))
    #expect(answer(.malformed).hasPrefix("HTTP/1.1 400 "))
  }
}
