import AgentAPI
import Cluster
import Configuration
import HostWatch
import LockModel

/// What the doctor knows of this node: read once, judged by ``Examination``, which reads nothing.
struct DoctorFacts {
  /// What the agent answers.
  enum Agent: Hashable {
    case answers(StatusReport)
    /// Why not, with what to do.
    case silent(String)
  }

  /// What the configuration comes to.
  enum Settings {
    case valid(Configuration)
    /// Every mistake, as `FILE:LINE: KEY: PROBLEM`.
    case mistaken([String])
  }

  /// One file of the ledger.
  struct Record: Hashable {
    let file: String
    /// Whose it is; nil where it cannot be read.
    let owner: OwnerID?
    /// The domain's name, or what is wrong with the file.
    let text: String
    /// Whether its process lives; nil where it names none.
    let isAlive: Bool?
  }

  /// What lies at the path that a person asks about.
  struct Place: Hashable {
    let path: String
    let identification: Identification
  }

  /// What the kernel shows of the lockspace's locks in debugfs.
  enum KernelLocks: Hashable {
    /// The names that this node's processes hold.
    case shown([String])
    case unreadable
  }

  var version = dlmguardVersion
  var settings: Settings
  /// What the agent goes by in any case: the defaults, where the files are mistaken.
  var configuration = Configuration()
  var agent: Agent
  var hook = HookFile.State.ready
  /// Where the hook's file leads, links followed; nil where it leads nowhere.
  var hookTarget: String?
  /// The other place where libvirt looks for a hook, if something of dlmguard's lies there, too.
  var secondHook: String?
  /// Of the libvirt that is installed: `(9, 0)`; nil where that cannot be told.
  var libvirt: (major: Int, minor: Int)?
  /// What confines libvirt's daemon: `AppArmor`, `SELinux`.
  var confinement: [String] = []
  /// Nil for an engine of one host.
  var cluster: ClusterSight?
  /// Nil where there is no lockspace.
  var kernelLocks: KernelLocks?
  /// What of libvirt's status directory cannot be read.
  var statusProblems: [String] = []
  var records: [Record] = []
  /// Why the ledger cannot be read; nil where it can.
  var ledgerProblem: String?
  var quarantined: [String] = []
  var place: Place?
  /// The same path by the word of each node's agent, this one's first; none where the agent does not say.
  var places: [PlaceReport] = []
  /// All nodes, as the agent sees them; nil where it does not say.
  var others: ClusterReport?

  init(settings: Settings, agent: Agent) {
    self.settings = settings
    self.agent = agent
    if case .valid(let configuration) = settings { self.configuration = configuration }
  }

  var status: StatusReport? {
    if case .answers(let status) = agent { status } else { nil }
  }
}
