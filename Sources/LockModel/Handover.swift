/// What one agent asks another about a domain that moves between their nodes (docs/design.md §6).
public enum HandoverQuestion: UInt8, CaseIterable, Hashable, Sendable {
  /// The destination asks: is libvirt migrating that domain away from you, and to nobody but me?
  case leaving = 1
  /// The source asks before it lets go: do your claims of that domain wait for mine?
  case waiting = 2
  /// The destination asks, because its guest runs and its claims still wait: what becomes of yours?
  case overlapping = 3
  /// The destination asks, because it does not see its guest run: do you still send it, and to me?
  case sending = 4
}

/// What an agent says of a domain that it was asked about.
public enum HandoverAnswer: Hashable, Sendable {
  /// Its guest is here, and libvirt is migrating it to the node that asks; or it was, and its claims are
  /// about to go. The claims are those that
  /// no description of the domain names: an administrator has attached them, and they move along.
  case leaving(attached: [Claim])
  /// Its guest is here, its CPUs run, and libvirt is migrating it nowhere, or to another node.
  case staying
  /// Its guest is here, its CPUs stand still, and libvirt is migrating it nowhere.
  case standing
  /// Its claims here are queued behind those of the node that asks.
  case waiting
  /// Nothing of the kind is here.
  case none
}
