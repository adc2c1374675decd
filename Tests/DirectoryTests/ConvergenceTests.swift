import LockEngineConformance
import LockModel
import Testing

@testable import Directory

/// A cluster of directories over a group that keeps corosync's promises, and no more: within a
/// partition all hear the same messages and changes of membership in the same order.
struct GroupWorld {
  struct Host {
    let id: NodeID
    var isUp = true
    var partition = 0
    var held: [OwnerID: DirectoryEntry] = [:]
    var nextOwner: UInt64 = 1
    var agent: Agent?
    /// All that it ever held.
    var history: Set<DirectoryEntry> = []
  }

  struct Agent {
    let pid: UInt32
    var directory = Directory()
    var reassembly = Reassembly()
    var outbox: Outbox
  }

  var random: SeededRandom
  var hosts: [Host]
  var ring: UInt64 = 1
  var pid: UInt32 = 1
  var time: Int64 = 0

  init(seed: UInt64) {
    random = SeededRandom(seed: seed)
    hosts = (1...UInt32.random(in: 2...5, using: &random)).map { Host(id: node($0)) }
    for index in hosts.indices { startAgent(index) }
  }

  mutating func step() {
    let index = Int.random(in: 0..<hosts.count, using: &random)
    switch Int.random(in: 0..<20, using: &random) {
    case 0: crashAgent(index)
    case 1: if hosts[index].isUp, hosts[index].agent == nil { startAgent(index) }
    case 2: if hosts[index].isUp { crashNode(index) } else { bootNode(index) }
    case 3: partition()
    case 4...8: change(index)
    default: deliver()
    }
  }

  mutating func startAgent(_ index: Int) {
    pid += 1
    hosts[index].agent = Agent(pid: pid, outbox: Outbox(limit: 8))
    tellMembership(of: hosts[index].partition)
  }

  mutating func crashAgent(_ index: Int) {
    hosts[index].agent = nil
    tellMembership(of: hosts[index].partition)
  }

  mutating func crashNode(_ index: Int) {
    hosts[index].agent = nil
    hosts[index].isUp = false
    hosts[index].held = [:]
    ring += 1
    tellMembership(of: hosts[index].partition)
  }

  mutating func bootNode(_ index: Int) {
    hosts[index].isUp = true
    ring += 1
    tellMembership(of: hosts[index].partition)
  }

  /// A new cut, or none: whoever meets somebody from another side meets him anew.
  mutating func partition() {
    let before = hosts.map(\.partition)
    let isWhole = random.once(in: 2)
    for index in hosts.indices {
      hosts[index].partition = isWhole ? 0 : Int.random(in: 0...1, using: &random)
    }
    ring += 1
    for index in hosts.indices {
      let others = hosts.indices.filter {
        hosts[$0].partition == hosts[index].partition && before[$0] != before[index]
      }
      tell(index, returned: Set(others.map { hosts[$0].id }))
    }
  }

  mutating func tellMembership(of partition: Int) {
    for index in hosts.indices where hosts[index].partition == partition { tell(index) }
  }

  mutating func tell(_ index: Int, returned: Set<NodeID> = []) {
    guard var agent = hosts[index].agent else { return }
    time += 1
    let members = hosts.filter { $0.isUp && $0.partition == hosts[index].partition }
    let agents = Dictionary(
      uniqueKeysWithValues: members.compactMap { host in host.agent.map { (host.id, $0.pid) } })
    let view = ClusterView(
      here: hosts[index].id, ring: ring, nodes: Set(members.map(\.id)), agents: agents,
      isSettled: true, returned: returned)
    agent.reassembly.keep(agents.filter { !returned.contains($0.key) })
    if agent.directory.take(view, at: Timestamp(milliseconds: time)) {
      agent.outbox.add(snapshot(index))
    }
    hosts[index].agent = agent
  }

  func snapshot(_ index: Int) -> [DirectoryMessage] {
    [.snapshotBegin(profile)]
      + hosts[index].held.sorted { $0.key < $1.key }.map { .ownerSet($0.value) } + [.snapshotEnd]
  }

  /// An owner comes, changes or goes; without an agent it can only go.
  mutating func change(_ index: Int) {
    guard hosts[index].isUp else { return }
    if let owner = hosts[index].held.keys.sorted().randomElement(using: &random),
      random.once(in: 2) || hosts[index].agent == nil
    {
      hosts[index].held[owner] = nil
      hosts[index].agent?.outbox.add([.ownerGone(owner)])
    } else if hosts[index].agent != nil {
      let owner = OwnerID(
        domain: uuid(.random(in: 1...4, using: &random)), instance: hosts[index].nextOwner)
      hosts[index].nextOwner += 1
      // Some fit in a datagram, others do not.
      let count = random.once(in: 4) ? 60 : 1
      let new = entry(
        owner, claims: (0..<count).flatMap { disk("/some/images/of/\(owner)/\($0)") })
      hosts[index].held[owner] = new
      hosts[index].history.insert(new)
      hosts[index].agent?.outbox.add([.ownerSet(new)])
    }
  }

  /// Somebody's next datagram goes to all of his partition; false where there is none.
  @discardableResult
  mutating func deliver() -> Bool {
    for index in hosts.indices {
      let isNeeded = hosts[index].agent?.outbox.takeNeedOfSnapshot()
      if isNeeded == true {
        let all = snapshot(index)
        hosts[index].agent?.outbox.add(all)
      }
    }
    let senders = hosts.indices.filter { hosts[$0].agent?.outbox.isEmpty == false }
    guard let index = senders.randomElement(using: &random), var sender = hosts[index].agent,
      let datagram = sender.outbox.next()
    else { return false }
    sender.outbox.sent()
    hosts[index].agent = sender
    for receiver in hosts.indices where hosts[receiver].partition == hosts[index].partition {
      guard var agent = hosts[receiver].agent else { continue }
      hosts[receiver].agent = nil
      if let heard = agent.reassembly.take(datagram, from: hosts[index].id, agent: sender.pid) {
        agent.directory.hear(heard)
      }
      hosts[receiver].agent = agent
    }
    return true
  }

  mutating func quiesce() {
    while deliver() {}
  }

  /// What is wrong with a quiet cluster.
  func faults() -> [String] {
    var faults: [String] = []
    for host in hosts {
      guard let directory = host.agent?.directory else { continue }
      let peers = hosts.filter { $0.isUp && $0.partition == host.partition }
      if directory.listing.map(\.node) != peers.map(\.id) {
        faults.append("\(host.id) knows of \(directory.listing.map(\.node))")
      }
      for peer in peers {
        let told = directory.entries(of: peer.id)
        if peer.agent != nil {
          if told != peer.held.sorted(by: { $0.key < $1.key }).map(\.value) {
            faults.append("\(host.id) is wrong about \(peer.id): \(told.map(\.owner))")
          }
        } else if !told.allSatisfy(peer.history.contains) {
          faults.append("\(host.id) has invented something of \(peer.id)")
        }
      }
      for listing in directory.listing {
        let isAttended = hosts.contains { $0.id == listing.node && $0.agent != nil }
        if listing.isAttended != isAttended || (isAttended && listing.unattendedSince != nil) {
          faults.append("\(host.id) is wrong about the agent of \(listing.node)")
        }
      }
    }
    return faults
  }
}

@Suite struct ConvergenceTests {
  /// Whatever the order of joins, crashes, partitions and changes, after it has become quiet each
  /// directory is what the nodes hold.
  @Test(arguments: 0..<10) func everyDirectoryBecomesTheTruth(_ block: UInt64) {
    for seed in block * 10..<block * 10 + 10 {
      var world = GroupWorld(seed: seed)
      for _ in 0..<5 {
        for _ in 0..<60 { world.step() }
        world.quiesce()
        let faults = world.faults()
        #expect(faults.isEmpty, "seed \(seed): \(faults)")
        if !faults.isEmpty { return }
      }
    }
  }
}
