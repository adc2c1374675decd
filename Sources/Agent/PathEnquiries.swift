import Directory
import GuardCore
import LockModel

/// What the agents of the other nodes see at a path: all are asked at once. Touched on the event loop's
/// thread only.
package struct PathEnquiries {
  private struct Enquiry {
    let request: RequestID
    var silent: Set<NodeID>
    var known: [NodeID: PathIdentity] = [:]
  }

  private var enquiries: [UInt64: Enquiry] = [:]
  private var next: UInt64
  private var others: Set<NodeID> = []
  /// This node; nil while nobody is heard.
  package private(set) var here: NodeID?

  /// - Parameter first: greater than any number that a former agent of this node has used.
  package init(first: UInt64) {
    next = first
  }

  /// Whose agents are there now.
  package mutating func take(_ view: ClusterView) {
    here = view.here
    others = Set(view.agents.keys).subtracting([view.here])
  }

  /// Nobody is heard any more.
  package mutating func sever() {
    here = nil
    others = []
  }

  /// The number by which the others are to be asked; nil where nobody is there.
  package mutating func begin(_ request: RequestID) -> UInt64? {
    guard !others.isEmpty else { return nil }
    defer { next += 1 }
    enquiries[next] = Enquiry(request: request, silent: others)
    return next
  }

  /// One has answered: what that comes to, where it was the last.
  package mutating func hear(
    _ identity: PathIdentity, to number: UInt64, from node: NodeID
  ) -> Event? {
    guard enquiries[number]?.silent.remove(node) != nil else { return nil }
    enquiries[number]?.known[node] = identity
    return enquiries[number]?.silent.isEmpty == true ? end(number) : nil
  }

  /// Nobody waits for the rest any more; nil where nobody has to.
  package mutating func end(_ number: UInt64) -> Event? {
    enquiries.removeValue(forKey: number).map { .seenElsewhere($0.request, $0.known) }
  }
}
