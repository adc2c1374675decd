extension Guard {
  /// How this node does, in one line: how many guests are guarded, and what is wrong first.
  ///
  /// Untrusted text in it is quoted.
  public var summary: String {
    let guests =
      switch owners.values.count {
      case 0: "no guest"
      case 1: "1 guest"
      case let count: "\(count) guests"
      }
    let wrong = standingAlarms + alarms.map(\.text)
    guard let first = wrong.first else { return "\(guests), no alarm" }
    return wrong.count == 1
      ? "\(guests), 1 alarm: \(first)" : "\(guests), \(wrong.count) alarms, the first: \(first)"
  }
}
