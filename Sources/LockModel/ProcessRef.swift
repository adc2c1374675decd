/// One process of this host, which a recycled pid cannot stand in for.
public struct ProcessRef: Hashable, Sendable, CustomStringConvertible {
  /// The kernel gives it to another process once this one is gone.
  public let pid: Int32
  /// When it started, in clock ticks after boot (proc(5), `/proc/PID/stat` field 22).
  public let startTime: UInt64

  /// - Parameter startTime: in clock ticks after boot; the very number that the kernel shows.
  public init(pid: Int32, startTime: UInt64) {
    self.pid = pid
    self.startTime = startTime
  }

  /// `process 4711`, for messages; without the start time, which tells people nothing.
  public var description: String { "process \(pid)" }
}
