extension Owner {
  /// What libvirt's driver, by its hooks and by its daemon's life, has told of an owner, and has yet to tell.
  /// Hooks are late, or lost, or about another run: none of this alone lets a lock go.
  struct Driver {
    /// Its daemon died in the middle of the start.
    var isGone = false
    /// The owner's process is being looked for because nothing is heard of its start.
    var isSilent = false
    /// The process has been seen, and the `started` hook is due.
    var isStartedDue = false
    /// The hook that tells of the owner's end.
    var release = Release.early
    /// How many `release` hooks to expect that are not about this owner: libvirt calls it for starts that
    /// were refused because this one lives, and a former run's may be late.
    var foreignReleases = 0

    /// Another daemon goes on with the start, or begins to restore what was saved.
    mutating func beginAnew() {
      isGone = false
      isStartedDue = false
      release = .early
    }
  }

  /// libvirt's `release` hook.
  enum Release {
    /// It is not due: as far as is known there is a process, or will be.
    case early
    /// The process has ended, and it is still to come.
    case awaited
    /// It has come.
    case heard
  }
}
