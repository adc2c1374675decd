/// How uses of a thing and uses of its parts keep each other out, with two names for the thing: its
/// own (`X`), and that of what its parts share (`X#`, ``ResourceName/parts``).
///
/// | use | locks `X` in | locks `X#` in |
/// |---|---|---|
/// | the whole, in mode m | m | PR, where m is PR |
/// | a part, in CR | CR | |
/// | a part, in PR | PR | |
/// | a part, in CW, PW or EX | PR | CW |
///
/// So two parts never meet, and a whole meets a part as two uses of one thing would, but for two
/// cells: a sharer of the whole shuts out sharers of parts, who may not know of it; and EX on a part
/// lets those look on who read the whole in CR. One name would not do: it would have to let writers
/// of two parts run together (CW, CW) and keep sharers of the whole (CW) from both.
extension Footprint {
  /// One lock of a use.
  public struct Lock: Hashable, Sendable {
    /// What is locked.
    public let resource: ResourceName
    /// In which mode.
    public let mode: LockMode
    /// Whether the user has all of the thing, or a part.
    public let use: Claim.Use
  }

  /// All locks that a use takes, each name once.
  public func locks(for mode: LockMode) -> [Lock] {
    var locks: [Lock] = []
    for thing in itself {
      locks.append(Lock(resource: thing, mode: mode, use: .whole))
      guard mode == .pr, let parts = thing.parts else { continue }
      locks.append(Lock(resource: parts, mode: .pr, use: .whole))
    }
    for container in within {
      guard let parts = container.parts else {
        // No name is left for its parts: whoever uses one uses it all.
        locks.append(Lock(resource: container, mode: mode, use: .whole))
        continue
      }
      locks.append(Lock(resource: container, mode: mode == .cr ? .cr : .pr, use: .part))
      guard mode.writes else { continue }
      locks.append(Lock(resource: parts, mode: .cw, use: .part))
    }
    return locks
  }
}

extension LockMode {
  /// Whether a holder in this mode may write.
  public var writes: Bool { self == .cw || self == .pw || self == .ex }
}
