import ArgumentParser
import Glibc
import LockEngines
import LockModel

/// A third party that wants what others hand to each other: asks for resources without waiting, one
/// after the other, again and again. Prints how often; the first grant is one too many, and ends it
/// with exit code 1.
struct HammerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "hammer")

  @OptionGroup var common: Common

  @Option(help: "Go on until this file is there.")
  var until: String

  @Option(help: "Rest for so many ms after each round, so that the machine can do something else.")
  var pause: UInt32 = 0

  @Option(help: "The mode that is asked for.")
  var mode = "PW"

  @Argument(help: "The resources.")
  var names: [String]

  func run() throws {
    guard let mode = LockMode(Substring(mode)) else {
      throw ValidationError("no such mode: \(mode)")
    }
    let engine = try common.open()
    let resources = try names.map { try ResourceName($0) }
    var tries = 0
    while access(until, F_OK) != 0 {
      for resource in resources {
        tries += 1
        var lock = LockID(number: 0)
        let outcome = wait { then in lock = engine.lock(resource, mode, .noQueue, then: then) }
        switch outcome {
        case .refused: continue
        case .granted:
          say("granted \(resource) after \(tries) tries")
          // Left as it is it would outlive this process.
          wait { then in engine.unlock(lock) { _ in then(()) } }
          throw ExitCode.failure
        default:
          say("\(resource): \(outcome)")
          throw ExitCode.failure
        }
      }
      if pause > 0 { usleep(pause * 1_000) }
    }
    say("refused \(tries) times")
  }
}
