import AgentAPI
import Cluster
import Configuration
import GuardCore
import HostWatch
import LockModel

/// What the facts of a node mean: one finding for each thing that a guard stands on, in the order in which
/// they should be mended.
struct Examination {
  let findings: [Finding]

  var worst: Finding.Result { findings.map(\.result).max() ?? .ok }

  init(_ facts: DoctorFacts) {
    findings =
      [
        configuration(facts), hook(facts), hookPlace(facts), confinement(facts), agent(facts),
        version(facts), engine(facts), quorum(facts), fencing(facts), lockspace(facts),
        others(facts), timeline(facts), debugfs(facts), libvirtStatus(facts), unguarded(facts),
        alarms(facts), records(facts), kernelLocks(facts), quarantine(facts), place(facts),
      ].compactMap { $0 }
  }
}

// MARK: - Configuration and hook

private func configuration(_ facts: DoctorFacts) -> Finding {
  guard case .mistaken(let problems) = facts.settings else {
    return .ok("configuration", "it has no mistakes")
  }
  let more = problems.count == 1 ? "" : " (and \(problems.count - 1) more)"
  return .failure(
    "configuration", "\(problems.first ?? "it cannot be read")\(more)",
    "mend the file, then: dlmguard config check && systemctl reload dlmguardd")
}

private let danger = "libvirt starts guests without asking dlmguard"

private func hook(_ facts: DoctorFacts) -> Finding {
  let path = Quoted(facts.configuration.hookFile)
  return switch facts.hook {
  case .ready: .ok("hook", "\(path) is there, and libvirt's daemon has seen it")
  case .absent:
    .failure(
      "hook", "\(danger): \(path) is not there",
      "make install, then: systemctl restart libvirtd (guests go on)")
  case .notAFile:
    .failure(
      "hook", "\(danger): \(path) is no file",
      "remove it and make install, then: systemctl restart libvirtd (guests go on)")
  case .notExecutable:
    .failure("hook", "\(danger): \(path) cannot be executed", "chmod 755 \(path)")
  case .newer(let daemon):
    // It is run if it has replaced another one; a call of it, which the agent hears, would tell.
    .warning(
      "hook",
      "\(danger), perhaps: \(path) came after libvirt's daemon (\(daemon)), which looks for "
        + "hooks only when it starts",
      "systemctl restart libvirtd (guests go on)")
  case .unknown(let unreadable):
    .warning("hook", "whether libvirt calls it cannot be told: \(unreadable)", "run this as root")
  }
}

/// The oldest libvirt that looks into qemu.d (libvirt 6.5.0, "hooks: add support for hook directories").
private let firstWithDirectories = (major: 6, minor: 5)

private func hookPlace(_ facts: DoctorFacts) -> Finding? {
  let path = facts.configuration.hookFile
  if let second = facts.secondHook {
    return .failure(
      "hook's place",
      "dlmguard's hook lies in \(Quoted(path)) and in \(Quoted(second)): it runs twice, and refuses every start "
        + "as the second of its kind",
      "rm \(Quoted(second)), then: systemctl restart libvirtd")
  }
  if let libvirt = facts.libvirt, libvirt < firstWithDirectories, path.contains("/qemu.d/") {
    return .failure(
      "hook's place",
      "\(danger): libvirt \(libvirt.major).\(libvirt.minor) does not look into qemu.d",
      "make install HOOK=/etc/libvirt/hooks/qemu, set hook_file in dlmguard.conf to that, then: systemctl "
        + "restart libvirtd")
  }
  return nil
}

private func confinement(_ facts: DoctorFacts) -> Finding? {
  guard let target = facts.hookTarget, target != facts.configuration.hookFile,
    !target.hasPrefix("/etc/libvirt/hooks/")
  else {
    return facts.confinement.isEmpty
      ? nil
      : .ok(
        "confinement",
        "\(facts.confinement.joined(separator: ", ")) confines libvirt's daemon; the hook lies where it may run"
      )
  }
  let why = "the hook is a link to \(Quoted(target))"
  let remedy = "make install (it puts a real file there)"
  guard let confinement = facts.confinement.first else {
    return .warning(
      "confinement", "\(why), which AppArmor or SELinux would not let libvirt run", remedy)
  }
  return .failure(
    "confinement", "\(why), which \(confinement) does not let libvirt run: \(danger)", remedy)
}

// MARK: - Agent

private func agent(_ facts: DoctorFacts) -> Finding {
  switch facts.agent {
  case .answers(let status):
    .ok("agent", "it answers (process \(status.pid), up since \(status.started))")
  case .silent(let why):
    .failure(
      "agent", "every start is refused: \(why)",
      "systemctl enable --now dlmguardd; journalctl -u dlmguardd")
  }
}

private func version(_ facts: DoctorFacts) -> Finding? {
  guard let status = facts.status else { return nil }
  guard status.version != facts.version else {
    return .ok("version", "agent and program are \(facts.version)")
  }
  return .warning(
    "version", "the agent is \(shown(status.version)), this program is \(facts.version)",
    "systemctl restart dlmguardd (its locks stay)")
}

private func engine(_ facts: DoctorFacts) -> Finding {
  let wanted = facts.configuration.engine.rawValue
  guard let status = facts.status else { return .ok("engine", "\(wanted) is configured") }
  guard status.engine == wanted else {
    return .failure(
      "engine",
      "the agent keeps locks in \(shown(status.engine)), but dlmguard.conf says \(wanted)",
      "systemctl restart dlmguardd")
  }
  if let problem = status.alarms.first(where: { $0.hasPrefix("no guest can be started") }) {
    return .failure("engine", shownMessage(problem), "dlmguard status")
  }
  return .ok("engine", "\(wanted) grants locks")
}

// MARK: - Cluster

private func quorum(_ facts: DoctorFacts) -> Finding? {
  guard let cluster = facts.cluster else { return nil }
  if cluster.corosync == .unanswered {
    return .failure(
      "quorum", "corosync does not answer: it hangs, or has no processor",
      "corosync-quorumtool -s; journalctl -u corosync")
  }
  // What concerns corosync alone: dlm_controld is another finding.
  var sight = cluster
  sight.controlDaemon = .running(fencing: .enabled)
  guard let impediment = sight.impediment(allowUnfenced: true) else {
    guard case .reachable(.held(let members)) = cluster.corosync else { return nil }
    return .ok("quorum", "this node has it, and sees \(members.count) nodes")
  }
  return .failure("quorum", impediment, "corosync-quorumtool -s; journalctl -u corosync")
}

private func fencing(_ facts: DoctorFacts) -> Finding? {
  guard let cluster = facts.cluster else { return nil }
  var sight = cluster
  sight.corosync = .reachable(.held(members: []))
  let allowed = facts.configuration.allowUnfenced
  if let impediment = sight.impediment(allowUnfenced: allowed) {
    return .failure("fencing", impediment, "dlm_tool dump_config; systemctl status dlm")
  }
  if let warning = sight.warning(allowUnfenced: allowed) {
    return .warning(
      "fencing", warning,
      "configure fencing in /etc/dlm/dlm.conf on every node, and remove allow_unfenced")
  }
  return .ok("fencing", "dlm_controld runs, and waits for failed nodes to be fenced")
}

private func lockspace(_ facts: DoctorFacts) -> Finding? {
  guard let cluster = facts.cluster else { return nil }
  let name = facts.configuration.lockspace
  return switch cluster.lockspace {
  case .running: .ok("lockspace", "\(name) grants locks")
  case .absent:
    .failure(
      "lockspace", "\(name) is not there on this node",
      "systemctl restart dlmguardd; dlmguard status")
  case .stopped(let cause):
    .warning(
      "lockspace", "\(name) stands still" + (cause.map { ": it waits for \(words($0))" } ?? ""),
      "dlm_tool ls")
  case .unreadable(let why): .warning("lockspace", why, "run this as root")
  }
}

private func words(_ cause: StopCause) -> String {
  switch cause {
  case .membership: "corosync's membership"
  case .quorum: "quorum"
  case .fencing(let nodes):
    nodes.isEmpty
      ? "a node to be fenced"
      : "\(nodes.map(\.description).joined(separator: ", ")) to be fenced"
  case .filesystems: "cluster filesystems"
  case .nodes(let count): "\(count) nodes"
  case .kernel: "the kernel"
  }
}

/// The other nodes' agents: that they answer, understand each other, and are configured alike.
private func others(_ facts: DoctorFacts) -> Finding? {
  guard facts.cluster != nil, let cluster = facts.others else { return nil }
  guard cluster.isConnected else {
    return .warning(
      "other nodes",
      "the agent does not hear the others: guests cannot be migrated, and holders "
        + "elsewhere are named only by what their locks say",
      "corosync-cpgtool; journalctl -u dlmguardd")
  }
  let others = cluster.nodes.filter { $0.node != cluster.node }
  let problems = others.compactMap { node -> String? in
    switch node.state {
    case .silent(let since): "\(node.node)'s agent does not answer since \(since)"
    case .absent: "\(node.node) has no agent"
    case .foreign: "\(node.node)'s agent speaks another protocol"
    case .answering, .joining:
      node.differences.isEmpty
        ? nil : "\(node.node) is configured otherwise (\(node.differences.joined(separator: ", ")))"
    }
  }
  guard problems.isEmpty else {
    return .warning(
      "other nodes", problems.joined(separator: "; "),
      "there: systemctl enable --now dlmguardd; dlmguard config show, and the same settings everywhere"
    )
  }
  return .ok("other nodes", "\(others.count) more agents answer, and are configured alike")
}

private func timeline(_ facts: DoctorFacts) -> Finding? {
  guard let cluster = facts.cluster else { return nil }
  let policy = facts.configuration.policy
  guard let reform = cluster.nodes?.reform else {
    return .warning(
      "timeline", "corosync does not tell its token, so corosync's own defaults are counted with",
      "corosync-cmapctl | grep totem.token")
  }
  let action = max(policy.quorumGrace, 2 * reform)
  let setting = "on_quorum_loss = \"\(policy.onQuorumLoss.rawValue)\""
  let allowed =
    "corosync gives up a silent node after \(reform) ms; \(setting) comes \(action) ms after that"
  if facts.configuration.allowUnfenced, policy.onQuorumLoss != .alarm {
    return .warning(
      "timeline", "\(allowed), but without fencing others get its locks at once",
      "configure fencing in /etc/dlm/dlm.conf on every node")
  }
  if policy.quorumGrace < 2 * reform {
    return .warning(
      "timeline",
      "quorum_grace_ms = \(policy.quorumGrace) is less than twice corosync's token and consensus (\(2 * reform) ms), "
        + "which counts instead",
      "set quorum_grace_ms to \(2 * reform) or more in dlmguard.conf, or a shorter token in corosync.conf"
    )
  }
  return .ok("timeline", allowed)
}

private func debugfs(_ facts: DoctorFacts) -> Finding? {
  switch facts.kernelLocks {
  case nil: nil
  case .shown(let names): .ok("debugfs", "the kernel shows the lockspace's \(names.count) locks")
  case .unreadable:
    .failure(
      "debugfs",
      "the lockspace's locks cannot be seen: after a restart of the agent none could be taken over",
      "mount -t debugfs none /sys/kernel/debug")
  }
}

// MARK: - Guests

private func libvirtStatus(_ facts: DoctorFacts) -> Finding {
  let directory = Quoted(facts.configuration.libvirtRunDirectory)
  guard let problem = facts.statusProblems.first else {
    return .ok("libvirt", "what it knows of running guests can be read in \(directory)")
  }
  return .failure(
    "libvirt", "changes of running guests are not seen: \(problem)",
    "ls -l \(directory); is libvirt newer than this dlmguard knows?")
}

private func unguarded(_ facts: DoctorFacts) -> Finding? {
  guard let status = facts.status else { return nil }
  let guests = status.owners.filter { !$0.unguarded.isEmpty }
  guard let first = guests.first, let thing = first.unguarded.first else {
    return .ok("guests", "\(status.owners.count) hold locks; nothing of them is unguarded")
  }
  return .warning(
    "guests",
    "\(guests.count) use something that cannot be locked, as \(shown(first.name)): "
      + "\(shown(thing.device)) (\(shown(thing.description)))",
    "dlmguard status; dlmguard explain \(Quoted(first.name))")
}

private func alarms(_ facts: DoctorFacts) -> Finding? {
  guard let status = facts.status, let first = status.alarms.first else { return nil }
  let more = status.alarms.count == 1 ? "" : " (and \(status.alarms.count - 1) more)"
  return .warning("alarms", "\(shownMessage(first))\(more)", "dlmguard status")
}

// MARK: - Leftovers

private func records(_ facts: DoctorFacts) -> Finding? {
  if let problem = facts.ledgerProblem {
    return .failure(
      "records", "the locks on record cannot be read: \(problem)",
      "ls -ld \(Quoted(facts.configuration.stateDirectory)); df \(Quoted(facts.configuration.stateDirectory))"
    )
  }
  guard let status = facts.status else {
    let dead = facts.records.filter { $0.isAlive == false }
    return .ok(
      "records",
      "\(facts.records.count) owners are on record, \(dead.count) of them with a process that is gone: "
        + "the next agent sees to them")
  }
  let known = Set(status.owners.map(\.owner))
  let strays = facts.records.filter { record in record.owner.map { !known.contains($0) } ?? true }
  guard let stray = strays.first else {
    return .ok("records", "\(facts.records.count) owners are on record, and the agent knows each")
  }
  return .warning(
    "records",
    "\(strays.count) records are of owners that the agent does not know, as \(Quoted(stray.file)) "
      + "(\(shown(stray.text)))",
    "systemctl restart dlmguardd (it reads them all)")
}

private func kernelLocks(_ facts: DoctorFacts) -> Finding? {
  guard case .shown(let names)? = facts.kernelLocks, let status = facts.status else { return nil }
  let claimed = Set(status.owners.flatMap { $0.claims.map { "\($0.resource)" } })
  let orphans = names.filter { !claimed.contains($0) }
  guard let orphan = orphans.first else {
    return .ok("orphans", "every lock of this node in the lockspace has an owner")
  }
  return .warning(
    "orphans", "\(orphans.count) locks of this node have no owner, as \(shown(orphan))",
    "ask again in a moment; if it stays so: systemctl restart dlmguardd (it adopts and frees them)")
}

private func quarantine(_ facts: DoctorFacts) -> Finding? {
  guard let first = facts.quarantined.first else { return nil }
  return .warning(
    "quarantine",
    "\(facts.quarantined.count) records could not be read and were moved aside, as "
      + "\(shown(first))",
    "see whether that guest runs (virsh list), restart it, then: rm "
      + "\(Quoted("\(facts.configuration.stateDirectory)/quarantine/\(first)"))")
}

// MARK: - A path

private func place(_ facts: DoctorFacts) -> Finding? {
  guard let place = facts.place else { return nil }
  let path = Quoted(place.path)
  switch place.identification.result {
  case .named(let footprint):
    if facts.places.count > 1 { return everywhere(place, facts.places) }
    let name = footprint.itself[0]
    guard facts.cluster != nil, name.isOfOneNode else {
      return .ok("path", "\(path) is \(name), whoever asks")
    }
    return known(onlyHere: place.path, name)
  case .absent: return .failure("path", "\(path) does not exist on this node", "ls -ld \(path)")
  case .failed(let reason):
    return .failure(
      "path", "\(path) cannot be identified, so a guest that uses it is refused: \(reason)",
      "see docs/resources.md; [[storage]] in dlmguard.conf names what nodes share")
  }
}

private let nameItsStorage =
  "if nodes share it, name its storage: [[storage]] in dlmguard.conf, the same on every node"

private func known(onlyHere path: String, _ name: ResourceName) -> Finding {
  .warning(
    "path",
    "\(Quoted(path)) is known only here, as \(name): a guest of another node that uses it is not kept out",
    nameItsStorage)
}

/// What all nodes see at one path: the same, if they share it.
private func everywhere(_ place: DoctorFacts.Place, _ reports: [PlaceReport]) -> Finding {
  let path = Quoted(place.path)
  var nodes: [[ResourceName]: [String]] = [:]
  var unknown: [String] = []
  for report in reports {
    switch report.identity {
    case .named(let names): nodes[names, default: []].append("\(report.node)")
    case .failed(let reason):
      unknown.append("\(report.node) cannot tell what it is (\(shownMessage(reason)))")
    case .absent: break
    case nil: unknown.append("no answer from \(report.node)")
    }
  }
  let seen = nodes.sorted { $0.value[0] < $1.value[0] }
  let words = seen.map { "\($0.key[0]) on \($0.value.joined(separator: ", "))" }
  if seen.count > 1 {
    let names = words.joined(separator: "; ")
    if seen.allSatisfy({ $0.key[0].isOfOneNode }) {
      return .warning(
        "path",
        "\(path) is a file or device of each node's own (\(names)): a guest of one node does not "
          + "keep out those of another", nameItsStorage)
    }
    return .failure(
      "path",
      "\(path) is not the same to all nodes: \(names). Guests of nodes that name it differently do "
        + "not keep each other out", nameItsStorage)
  }
  guard unknown.isEmpty else {
    return .warning(
      "path", (words.map { "\(path) is \($0)" } + unknown).joined(separator: "; "),
      "dlmguard status --cluster; see docs/resources.md")
  }
  guard let only = seen.first else { return .ok("path", "\(path) is nowhere any more") }
  if only.key[0].isOfOneNode { return known(onlyHere: place.path, only.key[0]) }
  return .ok("path", "\(path) is \(words.joined())")
}

extension ResourceName {
  /// Whether the node's own name is a part of it (docs/resources.md), as far as paths lead to such.
  fileprivate var isOfOneNode: Bool {
    ["file:", "block:"].contains { description.hasPrefix($0) }
  }
}
