import AgentAPI
import CDeadline
import DomainXML
import Glibc
import LockModel

/// One call that concerns the guard, from settings to answer.
struct Call {
  let operation: HookOperation
  let name: String
  let caller: Int32
  /// Until the settings are read nothing is let pass for want of an answer.
  var mode = HookSettings.Mode.enforce

  /// - Returns: the exit status of a call about which there is nothing to say.
  /// - Throws: ``Stop`` with the status and the message of any other.
  func settle() throws(Stop) -> Int32 {
    lateMeans("reading its settings")
    dlmguard_deadline_arm(Int32(HookSettings().hookTimeout))
    let settings = try settings()
    guard geteuid() == 0 else { return try settleForUser(settings) }
    let call = Call(operation: operation, name: name, caller: caller, mode: settings.mode)
    try call.settle(settings)
    return 0
  }

  private func settle(_ settings: HookSettings) throws(Stop) {
    lateMeans("reading the domain's XML from libvirt")
    dlmguard_deadline_arm(Int32(settings.hookTimeout))
    let request = try request()
    lateMeans("waiting for the agent dlmguardd (log: journalctl -u dlmguardd)")
    try ask(request, settings)
  }

  /// A domain that an ordinary user starts runs under that user's own libvirt, whose storage the
  /// agent, root's alone, knows nothing about.
  private func settleForUser(_ settings: HookSettings) throws(Stop) -> Int32 {
    guard operation == .prepare else { return 0 }
    switch settings.sessionStarts {
    case .allow:
      throw Stop(
        status: 0,
        message: "note: \(Quoted(name)) runs in a user session, so its disks are not guarded")
    case .refuse:
      throw stop(
        .refused(.forbidden),
        "domains of a user session cannot be guarded, and session_starts in "
          + "\(SettingsFile.path) refuses them. Start it under qemu:///system")
    }
  }

  private func settings() throws(Stop) -> HookSettings {
    do throws(SettingsFile.Unusable) {
      return try SettingsFile.read()
    } catch {
      guard operation.gives(up: .settings) else { return HookSettings() }
      throw stop(.settings, "\(error.problem). Correct it, then start the domain again")
    }
  }

  private func request() throws(Stop) -> Request {
    let xml = readAll(STDIN_FILENO, limit: DomainDescription.maximumLength)
    let maySendNone = operation == .stopped || operation == .release
    // Where formatting failed libvirt runs these two without XML (qemuProcessStop).
    if maySendNone && xml.isEmpty { return hook(nil) }
    do throws(DomainXMLError) {
      return hook(try DomainDescription(xml: xml))
    } catch {
      let reason = "the XML that libvirt sent cannot be read: \(error)"
      guard maySendNone else { throw stop(.xml, reason) }
      Hook.say("\(operation.noun) of \(Quoted(name)) is reported by name alone: \(reason)")
      return hook(nil)
    }
  }

  private func hook(_ domain: DomainDescription?) -> Request {
    .hook(
      HookCall(
        operation: operation, name: name, uuid: domain?.uuid, caller: caller,
        resources: domain?.resources ?? [], unguarded: domain?.unguarded ?? []))
  }

  private func ask(_ request: Request, _ settings: HookSettings) throws(Stop) {
    let client = AgentClient(path: settings.socket, patience: operation.isStart ? 1000 : 0)
    let reply: Reply
    do throws(AgentUnreachable) {
      reply = try client.ask(request)
    } catch {
      throw stop(
        .unreachable, error.advice(socket: settings.socket, beforeStart: operation.isStart))
    }
    if case .refused(let refusal) = reply {
      throw Stop(
        status: mode == .enforce && operation.gives(up: .refused(refusal.code)) ? 1 : 0,
        message: refusal.message)
    }
  }

  /// What the call comes to by this trouble, and how the person who waits is told.
  private func stop(_ trouble: Trouble, _ reason: String) -> Stop {
    let givesUp = mode == .enforce && operation.gives(up: trouble)
    let outcome =
      givesUp
      ? "refused"
      : operation.isStart ? "not guarded (mode = \"observe\")" : "not reported to the agent"
    return Stop(
      status: givesUp ? 1 : 0, message: "\(operation.noun) of \(Quoted(name)) \(outcome): \(reason)"
    )
  }

  /// What is said, and answered, should the deadline strike at this stage.
  private func lateMeans(_ doing: String) {
    let late = stop(.deadline, "hook_timeout_ms has passed while \(doing)")
    dlmguard_deadline_means(late.status, Hook.wording(late.message))
  }
}
