/// One thing that the agent has counted or measured, in Prometheus' terms (OpenMetrics).
public struct MetricFamily: Hashable, Sendable {
  /// How its samples are to be read.
  public enum Kind: String, CaseIterable, Hashable, Sendable {
    /// Only grows, from 0 when the agent starts.
    case counter
    /// What is so now.
    case gauge
    /// Samples `…_bucket`, `…_sum` and `…_count`.
    case histogram
  }

  /// One number of it.
  public struct Sample: Hashable, Sendable {
    /// Stands after the family's name: empty, or `_bucket`.
    public let suffix: String
    /// Names and values; the values are untrusted text in part.
    public let labels: [Label]
    /// In the unit that the family's name ends with.
    public let value: Double

    /// - Parameter suffix: only of a histogram.
    public init(suffix: String = "", _ labels: [Label] = [], _ value: Double) {
      self.suffix = suffix
      self.labels = labels
      self.value = value
    }
  }

  /// One `name="value"` of a sample.
  public struct Label: Hashable, Sendable {
    /// One plain word.
    public let name: String
    /// Whatever it is.
    public let value: String

    /// - Parameter name: letters and underscores.
    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// `dlmguard_…`, with its unit at the end.
  public let name: String
  /// What it is, in one line.
  public let help: String
  /// How it is to be read.
  public let kind: Kind
  /// In a stable order.
  public let samples: [Sample]

  /// - Parameter name: letters and underscores.
  public init(_ name: String, _ help: String, _ kind: Kind, _ samples: [Sample]) {
    self.name = name
    self.help = help
    self.kind = kind
    self.samples = samples
  }
}

extension MetricFamily {
  /// `name`, `help`, `kind`, and `samples`, each with `suffix`, `labels` (an object) and `value`.
  public var json: JSON {
    .object(
      ("name", .string(name)), ("help", .string(help)), ("kind", .string(kind.rawValue)),
      ("samples", .array(samples.map(\.json))))
  }

  /// - Throws: ``MalformedMessage`` where a member is missing or wrong.
  public init(_ json: JSON) throws(MalformedMessage) {
    self.init(
      try json.string("name"), try json.string("help"),
      try json.require("kind", "a kind of metric") { json in
        json.stringValue.flatMap { Kind(rawValue: $0) }
      },
      try json.list("samples") { json throws(MalformedMessage) in try Sample(json) })
  }
}

extension MetricFamily.Sample {
  fileprivate var json: JSON {
    .object(
      ("suffix", suffix.isEmpty ? nil : .string(suffix)),
      (
        "labels",
        labels.isEmpty
          ? nil : .object(labels.map { JSON.Member(key: $0.name, value: .string($0.value)) })
      ),
      ("value", .number(value)))
  }

  fileprivate init(_ json: JSON) throws(MalformedMessage) {
    let members = try json.optional("labels", "an object") { json -> [JSON.Member]? in
      if case .object(let members) = json { members } else { nil }
    }
    var labels: [MetricFamily.Label] = []
    for member in members ?? [] {
      guard let value = member.value.stringValue else {
        throw MalformedMessage(field: "labels.\(member.key)", problem: "is not text")
      }
      labels.append(MetricFamily.Label(member.key, value))
    }
    self.init(
      suffix: try json.optional("suffix", "text", \.stringValue) ?? "", labels,
      try json.require("value", "a number") { json in
        switch json {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
      })
  }
}
