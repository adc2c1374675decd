import ArgumentParser
import Glibc
import Simulation

/// Simulated clusters, by their seeds: what `make simulate` runs.
@main
struct SimLab: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sim-lab",
    subcommands: [SeedsCommand.self, ReplayCommand.self, ScenarioCommand.self])
}

/// Many seeds; the first that breaks a promise is told.
struct SeedsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "seeds")

  @Argument(help: "How many seeds.")
  var count: UInt64

  @Option(help: "The first of them.")
  var first: UInt64 = 1

  @Flag(help: "Go on after a violation, and tell only what was violated.")
  var all = false

  func run() throws {
    var steps = 0
    var failures = 0
    for seed in first..<(first + count) {
      let simulation = Simulation(seed: seed)
      steps += simulation.steps
      guard let violation = simulation.violation else { continue }
      failures += 1
      if all {
        print("seed \(seed): \(violation)")
        continue
      }
      for line in Simulation(seed: seed, isTold: true).timeline { print(line) }
      print("seed \(seed) breaks a promise: \(violation)")
      print("again: make simulate SEED=\(seed)")
      throw ExitCode.failure
    }
    print("\(count) seeds from \(first), \(steps) steps: \(failures) violations")
    if failures > 0 { throw ExitCode.failure }
  }
}

/// One seed, told.
struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "replay")

  @Argument(help: "The seed.")
  var seed: UInt64

  func run() throws {
    let simulation = Simulation(seed: seed, isTold: true)
    for line in simulation.timeline { print(line) }
    print("seed \(seed): \(simulation.violation ?? "every promise kept")")
    if simulation.violation != nil { throw ExitCode.failure }
  }
}

/// One story, told.
struct ScenarioCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "scenario")

  @Argument(help: "The file.")
  var file: String

  func run() throws {
    guard let stream = fopen(file, "r") else { throw ValidationError("\(file) cannot be read") }
    defer { fclose(stream) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, stream))
    let scenario = try Scenario(String(decoding: bytes, as: UTF8.self))
    for line in scenario.timeline { print(line) }
    guard let violation = scenario.violation else { return }
    print("breaks a promise: \(violation)")
    throw ExitCode.failure
  }
}
