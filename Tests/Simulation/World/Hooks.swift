import AgentAPI
import GuardCore
import LockModel

/// One process of libvirt's hook.
final class Hook {
  let number: Int
  let operation: HookOperation
  let guest: Guest
  let caller: Int32
  let resources: [Resource]
  /// Libvirt sent no XML.
  let isNameless: Bool
  let node: Node
  /// What libvirt does with the answer; called only while that daemon lives.
  let then: (Bool) -> Void
  let daemon: Int
  var request: RequestID?
  /// When the agent took its request up, in ms.
  var taken: Int64 = .max
  /// Whether the agent has set itself a limit for its answer, and has been told that it is over.
  var isLimited = false
  var isOverdue = false
  var isOver = false

  init(
    _ number: Int, _ operation: HookOperation, _ guest: Guest, caller: Int32,
    resources: [Resource], isNameless: Bool, on node: Node, for daemon: Int,
    then: @escaping (Bool) -> Void
  ) {
    self.number = number
    self.operation = operation
    self.guest = guest
    self.caller = caller
    self.resources = resources
    self.isNameless = isNameless
    self.node = node
    self.daemon = daemon
    self.then = then
  }

  var call: HookCall {
    HookCall(
      operation: operation, name: guest.name, uuid: isNameless ? nil : guest.uuid, caller: caller,
      resources: isNameless ? [] : resources)
  }

  var isStart: Bool {
    switch operation {
    case .prepare, .start, .started: true
    default: false
    }
  }
}

/// What becomes of a hook whatever the agent says.
enum HookFault {
  /// Libvirt does not run it: it has been removed, or is not executable, or libvirt has a reason of its own.
  case skipped
  /// Another script of `qemu.d` says no.
  case refused
}

/// What comes between a hook and its "yes".
enum HookTrouble {
  case unreachable, deadline
}

extension World {
  /// Libvirt runs the hook; `then` is told whether it may go on.
  ///
  /// - Parameter uses: what libvirt knows of by now.
  func runHook(
    _ operation: HookOperation, _ guest: Guest, uses: [Use], on node: Node,
    by daemon: Daemon, then: @escaping (Bool) -> Void
  ) {
    guard let boot = node.boot else { return }
    // Whether libvirt asks before a start goes on is decided there.
    if operation != .start, !daemon.twins.contains(guest.index), isSkipped(operation, on: node) {
      tell(node, "hook", "\(operation.rawValue) \(guest.name) is not run")
      after(0...1, .daemon(daemon.number)) { then(true) }
      return
    }
    let hook = Hook(
      number(), operation, guest, caller: daemon.process.pid,
      resources: uses.map(resource),
      isNameless: (operation == .stopped || operation == .release) && chance(8), on: node,
      for: daemon.number,
      then: faults.repeatsHook(operation, self)
        ? { [self] isYes in
          runHook(operation, guest, uses: uses, on: node, by: daemon) { then(isYes && $0) }
        } : then)
    boot.hooks[hook.number] = hook
    tell(node, "hook", "\(operation.rawValue) \(guest.name)")
    after(1...8, .hook(hook.number)) { [self] in connect(hook, waited: 0) }
    after(10_000...10_000, .hook(hook.number)) { [self] in finish(hook, without: .deadline) }
  }

  /// Whether libvirt does not run this hook.
  func isSkipped(_ operation: HookOperation, on node: Node) -> Bool {
    if node.hookFaults[operation] == .skipped {
      node.hookFaults[operation] = nil
      return true
    }
    return faults.losesHook(operation, self)
  }

  func resource(_ use: Use) -> Resource {
    Resource(
      kind: use.access == .backing ? .backing : .file, device: "disk",
      source: .file(storages[use.storage].path), access: use.access)
  }

  private func connect(_ hook: Hook, waited: Int64) {
    guard let boot = hook.node.boot, !hook.isOver else { return }
    guard let agent = boot.agent, agent.isOpen else {
      guard hook.isStart, waited < 1_000 else { return finish(hook, without: .unreachable) }
      after(100...100, .hook(hook.number)) { [self] in connect(hook, waited: waited + 100) }
      return
    }
    let request = RequestID(UInt64(number()))
    hook.request = request
    agent.hooks[request] = hook
    post(.request(request, .hook(hook.call)), to: agent)
  }

  func finish(_ hook: Hook, with reply: Reply) {
    guard case .refused(let refusal) = reply else { return end(hook, isYes: true, "yes") }
    let isNo = hook.isStart || (hook.operation == .reconnect && refusal.code == .lost)
    if isNo, hook.operation == .reconnect, let qemu = hook.node.boot?.qemu(of: hook.guest.uuid) {
      oracle.judgeKill(of: qemu.process, on: hook.node, self)
    }
    end(hook, isYes: !isNo, "\(isNo ? "no" : "yes, though") (\(refusal.code)): \(refusal.message)")
  }

  /// The hook decides for itself (Sources/qemu-hook/Trouble.swift).
  func finish(_ hook: Hook, without trouble: HookTrouble) {
    if trouble == .deadline { oracle.judgeSilence(towards: hook, self) }
    end(hook, isYes: !hook.isStart, "\(hook.isStart ? "no" : "yes, though"): \(trouble)")
  }

  private func end(_ hook: Hook, isYes: Bool, _ what: String) {
    guard !hook.isOver, let boot = hook.node.boot else { return }
    hook.isOver = true
    boot.hooks[hook.number] = nil
    agenda.end([.hook(hook.number)])
    tell(hook.node, "hook", "\(hook.operation.rawValue) \(hook.guest.name) says \(what)")
    if let request = hook.request, let agent = boot.agent,
      agent.hooks.removeValue(forKey: request) != nil
    {
      post(.clientGone(request), to: agent)
    }
    // The scripts of `qemu.d` are run one after the other, until one of them says no.
    let isVetoed = isYes && hook.node.hookFaults[hook.operation] == .refused
    if isVetoed {
      hook.node.hookFaults[hook.operation] = nil
      tell(
        hook.node, "hook", "another script refuses \(hook.operation.rawValue) \(hook.guest.name)")
    }
    after(0...2, .daemon(hook.daemon)) { hook.then(isYes && !isVetoed) }
  }
}
