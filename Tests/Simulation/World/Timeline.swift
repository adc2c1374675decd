/// What happened, for a person: time in s, where, who, what.
struct Timeline {
  /// Off where nobody will read it: words cost more than deeds.
  var isKept: Bool
  private(set) var lines: [String] = []

  init(isKept: Bool) {
    self.isKept = isKept
  }

  mutating func add(_ time: Int64, _ place: String, _ who: String, _ what: String) {
    let seconds = "\(time / 1000)"
    let milliseconds = "\(time % 1000)"
    let padded = String(repeating: "0", count: 3 - milliseconds.count) + milliseconds
    let stamp = "\(seconds).\(padded)"
    lines.append(
      String(repeating: " ", count: max(0, 8 - stamp.count)) + stamp + "  " + Self.pad(place, 4)
        + Self.pad(who, 9) + what)
  }

  private static func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }
}
