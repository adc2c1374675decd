import ArgumentParser
import Directory
import Glibc
import LockModel

/// What a directory of many entries takes, beside the same entries as plain values; and how long it takes
/// to find the holders of a resource in it.
struct MemoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "memory", abstract: "Measure what entries take.",
    discussion: "Prints: bytes of the directory, bytes of the values, µs of a search.")

  @Option var entries = 10_000
  @Option var disks = 2

  func run() throws {
    let here = NodeID(1)!
    let other = NodeID(2)!
    var directory = Directory()
    _ = directory.take(
      ClusterView(
        here: here, ring: 1, nodes: [here, other], agents: [here: 1, other: 2], isSettled: true),
      at: Timestamp(milliseconds: 0))
    let empty = resident()
    directory.hear(
      Heard(node: other, agent: 2, version: .current, message: snapshot(of: 2, []).first))
    for number in 0..<entries {
      directory.hear(
        Heard(
          node: other, agent: 2, version: .current,
          message: .ownerSet(guest(number, on: 2, disks: disks))))
    }
    directory.hear(Heard(node: other, agent: 2, version: .current, message: .snapshotEnd))
    let full = resident()
    let values = directory.entries(of: other)
    let both = resident()
    let wanted = values[entries / 2].claims[1].resource
    let begun = clock()
    let rounds = 20
    for _ in 0..<rounds {
      guard directory.holders(of: wanted).count == 1 else { throw ExitCode.failure }
    }
    let search = Double(clock() - begun) * 1_000_000 / Double(CLOCKS_PER_SEC) / Double(rounds)
    print(full - empty, both - full, search)
    withExtendedLifetime(values) {}
  }

  /// What of the process is in memory, in bytes (proc(5), /proc/self/statm).
  private func resident() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var text = [CChar](repeating: 0, count: 100)
    guard fgets(&text, 99, file) != nil else { return 0 }
    let line = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return (Int(line.split(separator: " ").dropFirst().first ?? "") ?? 0)
      * sysconf(Int32(_SC_PAGESIZE))
  }
}
