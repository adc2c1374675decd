import AgentAPI
import Glibc
import LockModel

extension AgentUnreachable {
  /// What happened, and what to do about it.
  func advice(socket: String, beforeStart: Bool) -> String {
    switch self {
    case .noAgent(ENOENT), .noAgent(ECONNREFUSED):
      "the agent dlmguardd is not running on this host"
        + (beforeStart ? ", so its disks cannot be locked" : "")
        + ". Start it: systemctl start dlmguardd (log: journalctl -u dlmguardd)"
    case .noAgent(EACCES), .noAgent(EPERM):
      "the hook may not open the agent's socket \(Quoted(socket)). Look for an AppArmor or SELinux "
        + "denial: journalctl -k"
    case .noAgent(EAGAIN):
      "the agent dlmguardd has too many calls waiting. Try again (log: journalctl -u dlmguardd)"
    case .noAgent(let error):
      "the agent's socket \(Quoted(socket)) cannot be opened (\(String(cString: strerror(error))))"
    case .hungUp:
      "the agent dlmguardd hung up without an answer: it is stopping, or has failed. Try again "
        + "(log: journalctl -u dlmguardd)"
    case .garbled(let problem):
      "the agent's answer makes no sense to this hook (\(problem)): they are of different "
        + "versions. After an upgrade: systemctl restart dlmguardd"
    }
  }
}
