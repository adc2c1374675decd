import AgentAPI

/// Metrics in Prometheus' text format, version 0.0.4
/// (prometheus.io/docs/instrumenting/exposition_formats).
struct PrometheusText {
  /// Of the answer of an HTTP server.
  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  let families: [MetricFamily]

  var text: String { lines.map { "\($0)\n" }.joined() }

  var lines: [String] {
    families.filter { !$0.samples.isEmpty }.flatMap { family in
      [
        "# HELP \(family.name) \(Self.escaped(family.help, quote: false))",
        "# TYPE \(family.name) \(family.kind.rawValue)",
      ] + family.samples.map { Self.line($0, of: family.name) }
    }
  }

  private static func line(_ sample: MetricFamily.Sample, of name: String) -> String {
    let labels = sample.labels.map { "\($0.name)=\"\(escaped($0.value, quote: true))\"" }
      .joined(separator: ",")
    return name + sample.suffix + (labels.isEmpty ? "" : "{\(labels)}") + " \(number(sample.value))"
  }

  private static func number(_ value: Double) -> String {
    Int64(exactly: value).map(String.init) ?? "\(value)"
  }

  private static func escaped(_ text: String, quote: Bool) -> String {
    var escaped = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": escaped.append(contentsOf: "\\\\".unicodeScalars)
      case "\n": escaped.append(contentsOf: "\\n".unicodeScalars)
      case "\"" where quote: escaped.append(contentsOf: "\\\"".unicodeScalars)
      default: escaped.append(scalar)
      }
    }
    return String(escaped)
  }
}
