import AgentAPI
import LockModel

extension Owner {
  /// What the guard knows of a running guest from looking at it.
  struct Sight {
    /// What the claims were last compared with; nil before the first time.
    var compared: Sighting?
    /// What they should be, as far as that can be told and had.
    var wish: [Claim] = []
    /// Whether the wish lacks what could not be identified: then nothing is given back.
    var isPartial = false
    /// What the guest uses that is not locked, and why.
    var troubles: [String] = []
    /// The same of the comparison before: what has been told.
    var former: [String] = []
    /// Whether its CPUs are known to stand still.
    var isPaused = false
    /// Whether it is being paused.
    var isPausing = false
    /// Whether libvirt is saving it.
    var isBeingSaved = false
    /// Whether it will be looked at again, since something is not as it should be.
    var isAwaited = false
    /// The engine may hold more than is claimed.
    var isSurplus = false
    /// How sure it is that something is not used any more.
    var doubt = Doubt.none
    /// That is being given back.
    var isReducing = false
    /// It was seen to use something else while its claims were being changed.
    var isStale = false
  }

  /// Between two of libvirt's descriptions a new image may be in neither.
  enum Doubt {
    /// Everything that is claimed was used when last seen.
    case none
    /// Something was not, a moment ago.
    case fresh
    /// That was long enough ago: what is still not used is given back.
    case over
  }

  /// Why a process was told to end, and how.
  struct Death {
    let process: ProcessRef
    let reason: String
    var signal: KillSignal
  }
}
