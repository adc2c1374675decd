/// One process of this host, which a recycled pid cannot stand in for.
public struct ProcessRef: Hashable, Sendable, CustomStringConvertible {
  public let pid: Int32
  /// When it started, in clock ticks after boot (proc(5), `/proc/PID/stat` field 22).
  public let startTime: UInt64

  public init(pid: Int32, startTime: UInt64) {
    self.pid = pid
    self.startTime = startTime
  }

  public var description: String { "process \(pid)" }
}
