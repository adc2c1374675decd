/// A point of wall-clock time, in milliseconds after 1970-01-01T00:00:00Z.
///
/// Only for people to read: nothing is ever decided by comparing two nodes' clocks.
public struct Timestamp: Hashable, Sendable, Comparable {
  /// By the clock of the node that took it; negative before 1970.
  public let milliseconds: Int64

  /// - Parameter milliseconds: after 1970-01-01T00:00:00Z, leap seconds not counted.
  public init(milliseconds: Int64) {
    self.milliseconds = milliseconds
  }

  /// Earlier first; means something between two times of one node only.
  public static func < (lhs: Timestamp, rhs: Timestamp) -> Bool {
    lhs.milliseconds < rhs.milliseconds
  }
}

extension Timestamp: CustomStringConvertible {
  /// `2026-03-01T09:30:05Z`: UTC, because the reader may be looking at two nodes' messages.
  public var description: String {
    let seconds = milliseconds.dividedFloor(by: 1000)
    let day = seconds.dividedFloor(by: 86_400)
    let second = seconds - day * 86_400
    let (year, month, dayOfMonth) = Self.civilDate(day)
    return "\(Self.padded(year, 4))-\(Self.padded(month, 2))-\(Self.padded(dayOfMonth, 2))T"
      + "\(Self.padded(second / 3600, 2)):\(Self.padded(second / 60 % 60, 2)):"
      + "\(Self.padded(second % 60, 2))Z"
  }

  /// The Gregorian date of a day counted from 1970-01-01, in eras of 400 years from a 1 March, so
  /// that the leap day is the last of its year.
  private static func civilDate(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = day + 719_468
    let era = shifted.dividedFloor(by: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let march = (5 * dayOfYear + 2) / 153
    let month = march < 10 ? march + 3 : march - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * march + 2) / 5 + 1)
  }

  private static func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

extension Int64 {
  fileprivate func dividedFloor(by divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
