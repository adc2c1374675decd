import Foundation
import LockModel

@testable import ResourceIdentity

/// Two ways to storage, and what they have in common: the table of docs/resources.md, and its proof.
struct Alias: CustomStringConvertible {
  enum Relation: String {
    /// Who writes the one writes the other.
    case one = "one"
    /// The second is a part of the first.
    case part = "part"
    /// Nothing that either of them writes is the other's.
    case apart = "apart"
  }

  let first: String
  let second: String
  let relation: Relation
  let look: @Sendable () throws -> (Footprint, Footprint)

  init(
    _ first: String, _ second: String, _ relation: Relation,
    _ look: @escaping @Sendable () throws -> (Footprint, Footprint)
  ) {
    self.first = first
    self.second = second
    self.relation = relation
    self.look = look
  }

  var description: String { "| \(first) | \(second) | \(relation.rawValue) |" }

  static func relation(_ first: Footprint, _ second: Footprint) -> Relation? {
    func share(_ a: [ResourceName], _ b: [ResourceName]) -> Bool { !Set(a).isDisjoint(with: b) }
    if share(first.itself, second.itself) { return .one }
    if share(first.itself, second.within) { return .part }
    return share(second.itself, first.within) ? nil : .apart
  }

  static let table = files + disks + stacks + passedThrough + network + volumes + names
}

let naa = "naa.6001405aabbccddeeff0011223344556"
let other = "naa.6001405aabbccddeeff0011223344557"
let lv = "LVM-uaVfYXLcvFJ4hVPeJyMAYFvU3vE0hqBAw9oQKbTm1FQe7sVdqcGx0BnmqP2JpX4a"
let secondLV = "LVM-uaVfYXLcvFJ4hVPeJyMAYFvU3vE0hqBAzzzzKbTm1FQe7sVdqcGx0BnmqP2JpX4a"
let address = PCIAddress(domain: 0, bus: 1, slot: 0, function: 0)

/// A host with two files.
func files(_ host: FakeHost = FakeHost()) -> FakeHost {
  host.write("a", "")
  host.write("b", "")
  return host
}

/// A host with two files that lie on a block device of this machine: since Debian 13 temporary ones
/// lie in memory.
func filesOnDisk() throws -> FakeHost {
  struct NoDisk: Error {}
  let places = [
    FileManager.default.temporaryDirectory, URL(fileURLWithPath: "/var/tmp"),
    URL(fileURLWithPath: #filePath).deletingLastPathComponent(),
  ]
  for place in places where try KernelFile(place.path).device.major != 0 {
    return files(FakeHost(in: place))
  }
  throw NoDisk()
}

/// The same file on two nodes that mount its filesystem each in its own way.
func onTwoNodes(
  _ first: (FakeHost, String) throws -> Void, _ second: (FakeHost, String) throws -> Void
) throws -> (Footprint, Footprint) {
  let (one, two) = (files(), FakeHost("node2"))
  let path = one.root + "/a"
  try first(one, path)
  try second(two, path)
  return (try one.footprint(.file(path)), try two.footprint(.file(path)))
}

func twoPaths(_ host: FakeHost = FakeHost()) -> FakeHost {
  host.disk("sda", "8:0", ["device/wwid": naa]).disk("sdb", "8:16", ["device/wwid": naa])
    .disk("sdc", "8:32", ["device/wwid": other])
}
