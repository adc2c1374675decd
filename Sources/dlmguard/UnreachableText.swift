import AgentAPI
import Glibc
import LockModel

/// Why the agent did not answer, and what to do, in one line.
struct UnreachableText {
  let path: String
  let reason: AgentUnreachable

  var line: String {
    switch reason {
    case .noAgent(EACCES), .noAgent(EPERM):
      "the agent's socket \(Quoted(path)) is for root only: run this as root"
    case .noAgent(ENOENT), .noAgent(ECONNREFUSED):
      "no agent listens at \(Quoted(path)): start it with 'systemctl start dlmguardd'; "
        + "if it does not stay up, 'journalctl -u dlmguardd' says why"
    case .noAgent(ENAMETOOLONG):
      "the socket path \(Quoted(path)) is too long for a socket: give a shorter --socket"
    case .noAgent(let error):
      "the agent at \(Quoted(path)) cannot be reached (\(String(cString: strerror(error)))): "
        + "see 'systemctl status dlmguardd' and 'journalctl -u dlmguardd'"
    case .hungUp:
      "the agent at \(Quoted(path)) hung up before it answered: ask again; "
        + "'journalctl -u dlmguardd' says whether it was restarted"
    case .garbled(let problem):
      "the agent at \(Quoted(path)) gave an answer that this program cannot read "
        + "(\(Quoted(problem))): after an upgrade, 'systemctl restart dlmguardd'"
    }
  }
}
