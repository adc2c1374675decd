import ArgumentParser
import Directory
import Glibc
import LockModel

/// A whole cluster starts at once, then one more node joins: what that takes, by the bytes that corosync
/// would carry, and the time of the agents alone.
struct ConvergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "converge", abstract: "Let simulated nodes tell each other what they hold.",
    discussion: "Prints: datagrams, bytes, ms of CPU of all nodes, ms of one node; right or wrong.")

  @Option var nodes = 64
  @Option var guests = 100
  @Option var disks = 2

  func run() throws {
    let entries = (1...nodes).map { node in
      (0..<guests).map { guest($0, on: node, disks: disks) }
    }
    var directories = [Directory](repeating: Directory(), count: nodes)
    var reassemblies = [Reassembly](repeating: Reassembly(), count: nodes)
    let agents = Dictionary(
      uniqueKeysWithValues: (1...nodes).map { (NodeID(UInt32($0))!, UInt32($0)) })
    var datagrams = 0
    var bytes = 0
    let begun = clock()
    for index in 0..<nodes {
      let view = ClusterView(
        here: NodeID(UInt32(index + 1))!, ring: 1, nodes: Set(agents.keys), agents: agents,
        isSettled: true)
      _ = directories[index].take(view, at: Timestamp(milliseconds: 0))
    }
    for sender in 0..<nodes {
      var outbox = Outbox()
      outbox.add(snapshot(of: sender + 1, entries[sender]))
      while let datagram = outbox.next() {
        outbox.sent()
        datagrams += 1
        bytes += datagram.count
        for receiver in 0..<nodes where receiver != sender {
          if let heard = reassemblies[receiver].take(
            datagram, from: NodeID(UInt32(sender + 1))!, agent: UInt32(sender + 1))
          {
            directories[receiver].hear(heard)
          }
        }
      }
    }
    let spent = Double(clock() - begun) * 1_000 / Double(CLOCKS_PER_SEC)
    let isRight = (0..<nodes).allSatisfy { receiver in
      (0..<nodes).allSatisfy { sender in
        sender == receiver
          || directories[receiver].entries(of: NodeID(UInt32(sender + 1))!)
            == entries[sender].sorted { $0.owner < $1.owner }
      }
    }
    print(datagrams, bytes, spent, spent / Double(nodes), isRight ? "right" : "wrong")
  }
}
