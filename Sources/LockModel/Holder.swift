/// A node of the cluster as corosync and the kernel's lock manager count it (corosync.conf,
/// `nodeid`; never 0, which libdlm takes for "this node").
public struct NodeID: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// From 1.
  public let number: UInt32

  /// Nil for 0, which names no node.
  public init?(_ number: UInt32) {
    guard number > 0 else { return nil }
    self.number = number
  }

  /// `node id 2`: for messages in which no name is known.
  public var description: String { "node id \(number)" }

  /// By number.
  public static func < (lhs: NodeID, rhs: NodeID) -> Bool {
    lhs.number < rhs.number
  }
}

/// Who holds a resource somewhere in the cluster, as the resource's own value block tells.
///
/// Only a writer can tell (``LockMode/pw``, ``LockMode/ex``): readers and sharers cannot write the
/// block.
public struct Holder: Hashable, Sendable {
  /// The node that it runs on.
  public let node: NodeID
  /// The domain that it is.
  public let domain: DomainUUID
  /// The mode it was granted.
  public let mode: LockMode
  /// When it was granted that, by its own node's clock.
  public let since: Timestamp

  /// What a holder says of itself.
  public init(node: NodeID, domain: DomainUUID, mode: LockMode, since: Timestamp) {
    self.node = node
    self.domain = domain
    self.mode = mode
    self.since = since
  }
}

/// A claim that the engine did not grant.
public struct RefusedClaim: Hashable, Sendable {
  /// Why it was not.
  public enum Cause: Hashable, Sendable {
    /// Somebody has it; nil where nobody says so: a reader or sharer, a writer that has not got round
    /// to it, or one that died.
    case held(by: Holder?)
    /// Nobody need have it: the engine could not take it, and why, for a person.
    case failed(String)
  }

  /// What was wanted.
  public let claim: Claim
  /// Why it is not held.
  public let cause: Cause

  /// Who has it, if anybody says so.
  public var holder: Holder? {
    if case .held(let holder) = cause { holder } else { nil }
  }

  /// Whether asking again, or looking for a holder, would be in vain.
  public var isFailure: Bool {
    if case .failed = cause { true } else { false }
  }

  /// - Parameter holder: nil where the resource does not tell.
  public init(_ claim: Claim, holder: Holder? = nil) {
    self.claim = claim
    cause = .held(by: holder)
  }

  /// - Parameter failure: half a sentence, with what to do.
  public init(_ claim: Claim, failure: String) {
    self.claim = claim
    cause = .failed(failure)
  }
}
