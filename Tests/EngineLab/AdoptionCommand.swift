import ArgumentParser
import LockEngines
import LockModel

/// How long the next agent takes to hold again what this one leaves: COUNT adopt MICROSECONDS.
struct AdoptionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "adoption")

  @OptionGroup var common: Common

  @Argument(help: "How many claims.")
  var count = 10_000

  func run() throws {
    let owner = try common.owner(1)
    let claims = try (0..<count).map { try claim("adopted-\($0)") }
    let first = try common.open()
    let before = try common.keeper(first)
    _ = wait { (then: @escaping @Sendable (Bool) -> Void) in
      before.acquire(owner, claims) { _ in then(true) }
    }
    _ = wait { (then: @escaping @Sendable (Bool) -> Void) in first.close { then(true) } }
    let start = microseconds()
    let second = try common.open()
    let after = try common.keeper(second)
    let reclaimed = wait { then in after.recover(owner, claims) { then($0) } }
    let end = microseconds()
    guard reclaimed == Reclaimed() else { throw ValidationError("not all was adopted") }
    say("\(count) adopt \(end - start)")
    _ = wait { (then: @escaping @Sendable (Bool) -> Void) in
      after.release(owner) { then(true) }
    }
  }
}
