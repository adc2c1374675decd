import AgentAPI
import CLinux
import Cluster
import Configuration
import Glibc
import HostWatch
import LockEngines
import LockModel
import ResourceIdentity

extension DoctorFacts {
  /// Looks at this node. Waits for whatever it asks: a person can press Ctrl-C.
  ///
  /// - Parameters:
  ///   - file: the main configuration file; nil for the usual one.
  ///   - path: what lies there is looked at, too; nil for nothing.
  ///   - client: and where it asks, once the configuration is known.
  static func now(
    file: String?, path: String?, client: (Configuration) -> (AgentClient, path: String)
  ) -> DoctorFacts {
    let settings: Settings
    do throws(Configuration.Mistakes) {
      settings = .valid(try ConfigurationFile(named: file).configuration)
    } catch {
      settings = .mistaken(error.problems.map { shownMessage("\($0)") })
    }
    var facts = DoctorFacts(settings: settings, agent: .silent(""))
    let configuration = facts.configuration
    let (asked, socket) = client(configuration)
    facts.agent = agent(asked, at: socket)
    facts.readHook()
    if configuration.engine == .dlm {
      if case .cluster(let others)? = try? asked.ask(.cluster) { facts.others = others }
      if let path, case .places(let places)? = try? asked.ask(.identify(path: path)) {
        facts.places = places
      }
      let cluster = ClusterSight.now(lockspace: configuration.lockspace)
      facts.cluster = cluster
      if cluster.lockspace != .absent {
        facts.kernelLocks =
          LockspaceView.names(of: configuration.lockspace).map(KernelLocks.shown) ?? .unreadable
      }
    }
    facts.readStatusFiles()
    facts.readLedger()
    if let path {
      let resource = Resource(
        kind: .file, device: "path", source: .file(path), access: .exclusiveWrite)
      facts.place = Place(
        path: path,
        identification: configuration.identity(on: configuration.node).ready().identify(resource))
    }
    return facts
  }

  private static func agent(_ client: AgentClient, at path: String) -> Agent {
    do throws(AgentUnreachable) {
      switch try client.ask(.status) {
      case .status(let status): return .answers(status)
      case .refused(let refusal): return .silent(shownMessage(refusal.message))
      default: return .silent("it answers another question")
      }
    } catch {
      return .silent(UnreachableText(path: path, reason: error).line)
    }
  }

  // MARK: - The hook

  private mutating func readHook() {
    let processes = ProcessTable(libvirtRunDirectory: configuration.libvirtRunDirectory)
    hook = HookFile(path: configuration.hookFile, processes: processes).state()
    hookTarget = Self.target(of: configuration.hookFile)
    // Not every hook there is dlmguard's: only one that is, or calls, it.
    let places = ["/etc/libvirt/hooks/qemu", "/etc/libvirt/hooks/qemu.d/dlmguard"]
    secondHook = places.first { place in
      place != configuration.hookFile && places.contains(configuration.hookFile)
        && Self.isGuard(place)
    }
    libvirt = Self.installedLibvirt()
    confinement = Self.confinement()
  }

  private static func target(of path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// Whether a file is, or calls, dlmguard's hook, as make install looks for it.
  private static func isGuard(_ path: String) -> Bool {
    guard let bytes = text(of: path, limit: 1 << 24) else { return false }
    return bytes.contains("dlmguard")
  }

  /// What the daemon that is installed says of itself: `libvirtd (libvirt) 9.0.0`.
  private static func installedLibvirt() -> (major: Int, minor: Int)? {
    for daemon in ["libvirtd", "virtqemud"] {
      let words = [daemon, "--version"].flatMap { Array($0.utf8CString) }
      var output: Int32 = -1
      let pid = dlmguard_read_program(words, words.count, &output)
      guard pid > 0 else { continue }
      var lines = LineReader(descriptor: output)
      let line = lines.next()
      close(output)
      guard dlmguard_program_ended(pid) == 0, let line else { continue }
      return LibvirtVersion.read(String(decoding: line, as: UTF8.self))
    }
    return nil
  }

  private static func confinement() -> [String] {
    var found: [String] = []
    let profiles = text(of: "/sys/kernel/security/apparmor/profiles", limit: 1 << 20) ?? ""
    let isConfined = profiles.split(separator: "\n").contains { line in
      (line.hasPrefix("libvirtd ") || line.hasPrefix("virtqemud ")) && line.hasSuffix("(enforce)")
    }
    if isConfined { found.append("AppArmor") }
    if text(of: "/sys/fs/selinux/enforce", limit: 8)?.hasPrefix("1") == true {
      found.append("SELinux")
    }
    return found
  }

  // MARK: - What libvirt and the agent have written down

  private mutating func readStatusFiles() {
    let files = StatusFiles(directory: configuration.libvirtRunDirectory)
    do throws(Unreadable) {
      for name in try files.all() {
        do throws(StatusFiles.Failure) {
          _ = try files.read(name)
        } catch {
          statusProblems.append("\(Quoted(name.description)): \(error)")
        }
      }
    } catch {
      statusProblems.append(error.description)
    }
  }

  private mutating func readLedger() {
    let owners = "\(configuration.stateDirectory)/owners"
    switch Self.names(in: owners) {
    case .success(let names):
      records = names.filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }
        .map { Self.record($0, in: owners) }
    case .failure(let error) where error.number == ENOENT: break
    case .failure(let error): ledgerProblem = error.text
    }
    if case .success(let names) = Self.names(in: "\(configuration.stateDirectory)/quarantine") {
      quarantined = names
    }
  }

  private static func record(_ file: String, in directory: String) -> Record {
    guard let bytes = text(of: "\(directory)/\(file)", limit: 1 << 24),
      let json = try? JSON(Array(bytes.utf8))
    else { return Record(file: file, owner: nil, text: "it cannot be read", isAlive: nil) }
    var isAlive: Bool?
    if let pid = json["pid"]?.integerValue.flatMap({ Int32(exactly: $0) }) {
      let process = try? ProcessTable(libvirtRunDirectory: "/").process(pid)
      isAlive = (process?.startTime).map { Int64(clamping: $0) } == json["start_time"]?.integerValue
    }
    return Record(
      file: file, owner: json["owner"]?.stringValue.flatMap { OwnerID($0) },
      text: json["name"]?.stringValue ?? "without a name", isAlive: isAlive)
  }

  private struct ReadError: Error {
    let number: Int32
    var text: String { String(cString: dlmguard_error_text(number)) }
  }

  private static func names(in directory: String) -> Result<[String], ReadError> {
    var names = [CChar](repeating: 0, count: 1 << 20)
    let count = dlmguard_list_directory(directory, &names, names.count)
    guard count >= 0 else { return .failure(ReadError(number: Int32(-count))) }
    return .success(
      names[..<count].split(separator: 0)
        .map { String(decoding: $0.map { UInt8(bitPattern: $0) }, as: UTF8.self) }.sorted())
  }

  private static func text(of path: String, limit: Int) -> String? {
    var bytes = [UInt8](repeating: 0, count: limit)
    let count = dlmguard_read_file(path, &bytes, bytes.count)
    return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
  }
}

/// How a libvirt daemon says which it is.
enum LibvirtVersion {
  /// From `libvirtd (libvirt) 9.0.0`; nil for anything else.
  static func read(_ line: String) -> (major: Int, minor: Int)? {
    guard let word = line.split(separator: " ").last else { return nil }
    let numbers = word.split(separator: ".").map { Int($0) }
    guard numbers.count >= 2, let major = numbers[0], let minor = numbers[1] else { return nil }
    return (major, minor)
  }
}
