import ArgumentParser
import Glibc
import LockEngines
import LockModel

/// Claims by command, one line each on standard input; every line is answered by one.
///
///     take OWNER NAME[:MODE]...    granted, or: refused NAME [by UUID on NODE]
///     release OWNER                released
///     recover OWNER NAME[:MODE]... reclaimed, missing N, refused N
///     locks                        locks N
///     audit                        audited, or: no table
///     strangers                    strangers NAME:MODE...
///     die                          ends as a crash would, without a word
///
/// What is lost is told by a line of its own: lost NAME REASON.
struct PlayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "play")

  @OptionGroup var common: Common

  func run() throws {
    let engine = try common.open()
    engine.onLoss { loss in say("lost \(loss.resource) \(loss.reason)") }
    let keeper = try common.keeper(engine)
    say("ready")
    while let line = readLine() {
      var words = line.split(separator: " ").map(String.init)
      guard !words.isEmpty else { continue }
      let command = words.removeFirst()
      switch command {
      case "take":
        let owner = try common.owner(UInt64(words.removeFirst()) ?? 0)
        let claims = try words.map(Self.claim)
        say(
          wait { then in
            keeper.acquire(owner, claims) { result in then(Self.text(result)) }
          })
      case "release":
        let owner = try common.owner(UInt64(words.removeFirst()) ?? 0)
        say(wait { then in keeper.release(owner) { then("released") } })
      case "recover":
        let owner = try common.owner(UInt64(words.removeFirst()) ?? 0)
        let claims = try words.map(Self.claim)
        say(
          wait { then in
            keeper.recover(owner, claims) { reclaimed in
              then(
                "reclaimed, missing \(reclaimed.missing.count), refused \(reclaimed.refused.count)")
            }
          })
      case "locks": say("locks \(engine.locks().count)")
      case "audit":
        say(wait { then in engine.audit { then($0 ? "audited" : "no table") } })
      case "strangers":
        say(
          wait { then in
            engine.releaseStrangers { strangers in
              let texts = (strangers ?? []).map { "\($0.resource):\($0.mode)" }.sorted()
              then(strangers == nil ? "no table" : (["strangers"] + texts).joined(separator: " "))
            }
          })
      case "die": return
      default: throw ValidationError("no such command: \(command)")
      }
    }
  }

  private static func claim(_ word: String) throws -> Claim {
    let parts = word.split(separator: ":")
    let mode = parts.count == 2 ? LockMode(parts[1]) : .pw
    guard let mode else { throw ValidationError("no such mode: \(word)") }
    return try engine_lab.claim(String(parts[0]), mode)
  }

  private static func text(_ result: Result<Void, ClaimConflict>) -> String {
    guard case .failure(let conflict) = result, let first = conflict.refused.first else {
      return "granted"
    }
    let holder = first.holder.map { " by \($0.domain) on \($0.node.number)" } ?? ""
    return "refused \(first.claim.resource)\(holder)"
  }
}

/// One line, at once.
@Sendable func say(_ line: String) {
  print(line)
  fflush(nil)
}
