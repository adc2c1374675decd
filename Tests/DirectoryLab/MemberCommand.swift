import Agent
import ArgumentParser
import CLinux
import Cluster
import Directory
import Dispatch
import Glibc
import LockModel

/// An agent's place in the group, led by a script: a command a line on stdin, an answer a line on stdout.
///
///     hold NUMBER            a guest with two disks is held here from now on
///     drop NUMBER            no more
///     dump                   what is known: `NODE STATE GUEST…; …`, the other nodes by number
///     ask NODE|all QUESTION  the answer to a question about guest 1, within 20 s
struct MemberCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "member", abstract: "Join the group of a lockspace.")

  @Argument var lockspace: String
  @Option(help: "The version of the protocol to speak.") var version: UInt8 = ProtocolVersion
    .current
    .number
  @Option(
    help: "What is answered to questions: waiting, staying, none, or nothing at all (silence).")
  var answer = "waiting"

  func run() throws {
    let member = Member(version: ProtocolVersion(version), answer: answer)
    let group = try AgentGroup(lockspace: lockspace, version: ProtocolVersion(version)) { news in
      member.queue.async { member.take(news) }
    }
    member.queue.sync { member.group = group }
    while let line = readLine() {
      let words = line.split(separator: " ").map(String.init)
      member.queue.sync { member.obey(words) }
    }
    group.stop()
  }
}

/// Touched on its queue only.
private final class Member: @unchecked Sendable {
  let queue = DispatchQueue(label: "member")
  var group: AgentGroup?
  private var directory: Directory
  private var held: [Int: DirectoryEntry] = [:]
  private var here = 0
  private var isSettled = false
  private var enquiries: Enquiries!

  init(version: ProtocolVersion, answer: String) {
    directory = Directory(version: version)
    enquiries = Enquiries(
      firstNumber: UInt64(dlmguard_now()) << 20, send: { [self] in group?.send($0) },
      callBack: { [queue] call in queue.async(execute: call) },
      expireLater: { [self] enquiry, milliseconds in
        queue.asyncAfter(deadline: .now() + .milliseconds(Int(milliseconds))) {
          self.enquiries.expire(enquiry)
        }
      })
    let answers: [String: HandoverAnswer] = [
      "waiting": .waiting, "staying": .staying, "none": HandoverAnswer.none,
      "leaving": .leaving(attached: guest(1, on: 1, disks: 1).claims),
    ]
    enquiries.asked = { [self] from, number, _, _ in
      if let answer = answers[answer] { enquiries.answer(number, to: from, answer) }
    }
  }

  func take(_ news: AgentGroup.News) {
    switch news {
    case .view(let view):
      here = Int(view.here.number)
      isSettled = view.isSettled
      if directory.take(view, at: Timestamp(milliseconds: dlmguard_now())) { announceAll() }
      enquiries.take(view)
    case .heard(let heard):
      if !enquiries.hear(heard.message, from: heard.node) { directory.hear(heard) }
    case .missed: announceAll()
    case .severed:
      directory.forget()
      isSettled = false
      enquiries.sever()
    }
  }

  private func announceAll() {
    group?.send(snapshot(of: here, held.sorted { $0.key < $1.key }.map(\.value)))
  }

  func obey(_ words: [String]) {
    switch (words.first, words.dropFirst().first) {
    case ("hold", let number?):
      let entry = guest(Int(number) ?? 0, on: here, disks: 2)
      held[Int(number) ?? 0] = entry
      group?.send([.ownerSet(entry)])
      say("held")
    case ("drop", let number?):
      if let entry = held.removeValue(forKey: Int(number) ?? 0) {
        group?.send([.ownerGone(entry.owner)])
      }
      say("dropped")
    case ("ask", let node?):
      enquiries.ask(
        words.last == "leaving" ? .leaving : .waiting,
        about: guest(1, on: 1, disks: 0).owner.domain,
        of: UInt32(node).flatMap { NodeID($0) }, for: 20_000
      ) { [self] node, answer in
        let word = "\(answer)".split(separator: "(").first ?? ""
        say("answer \(node.map { String($0.number) } ?? "-") \(word)")
      }
    default: say(dump)
    }
  }

  private var dump: String {
    let nodes = directory.listing.filter { $0.node != directory.here }.map { node in
      let state =
        if node.unattendedSince != nil {
          "silent"
        } else if !node.isAttended {
          "absent"
        } else if node.version.map({ !directory.version.understands($0) }) ?? false {
          "foreign"
        } else {
          node.isKnown ? "answering" : "joining"
        }
      return
        ([String(node.node.number), state]
        + directory.entries(of: node.node).map { entry in
          String(entry.name.split(separator: "-").last ?? "")
        }).joined(separator: " ")
    }
    return "\(here) \(isSettled ? "settled" : "unsettled"): " + nodes.joined(separator: "; ")
  }

  private func say(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    _ = write(STDOUT_FILENO, bytes, bytes.count)
  }
}
