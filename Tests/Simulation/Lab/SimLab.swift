import ArgumentParser
import Glibc
import Simulation

/// Simulated clusters, by their seeds: what `make simulate` runs.
@main
struct SimLab: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sim-lab",
    subcommands: [SeedsCommand.self, ReplayCommand.self, ScenarioCommand.self])
}

/// Many seeds, as many at once as there are processors; the first that breaks a promise is told.
struct SeedsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "seeds")

  /// So many are done before it is looked whether one broke a promise.
  private static let span: UInt64 = 500

  @Argument(help: "How many seeds.")
  var count: UInt64

  @Option(help: "The first of them.")
  var first: UInt64 = 1

  @Flag(help: "What goes wrong is rarer, and mended before long.")
  var lively = false

  @Flag(help: "Go on after a violation, and tell only what was violated.")
  var all = false

  func run() async throws {
    let end = first + count
    var steps = 0
    var failures = 0
    for start in stride(from: first, to: end, by: Int(Self.span)) {
      let stretch = await Stretch(start..<min(start + Self.span, end), isLively: lively)
      steps += stretch.steps
      failures += stretch.failures.count
      for (seed, violation) in stretch.failures {
        guard !all else {
          print("seed \(seed): \(violation)")
          continue
        }
        let told = Simulation(seed: seed, isLively: lively, isTold: true)
        for line in told.timeline { print(line) }
        print("seed \(seed) breaks a promise: \(violation)")
        print("again: make simulate SEED=\(seed)\(lively ? " LIVELY=1" : "")")
        throw ExitCode.failure
      }
    }
    print("\(count) seeds from \(first), \(steps) steps: \(failures) violations")
    if failures > 0 { throw ExitCode.failure }
  }
}

/// What became of some seeds.
struct Stretch {
  /// How many things happened in all of them.
  private(set) var steps = 0
  /// Those that broke a promise, and which, in order.
  private(set) var failures: [(seed: UInt64, violation: String)] = []

  init(_ seeds: Range<UInt64>, isLively: Bool) async {
    let processors = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    await withTaskGroup { group in
      for share in 0..<processors {
        group.addTask {
          // They take turns, so that none has all of those that take long.
          stride(from: seeds.lowerBound + UInt64(share), to: seeds.upperBound, by: processors)
            .map { Simulation(seed: $0, isLively: isLively) }
        }
      }
      for await simulations in group {
        for simulation in simulations {
          steps += simulation.steps
          if let violation = simulation.violation { failures.append((simulation.seed, violation)) }
        }
      }
    }
    failures.sort { $0.seed < $1.seed }
  }
}

/// One seed, told.
struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "replay")

  @Argument(help: "The seed.")
  var seed: UInt64

  @Flag(help: "As the seeds of that option.")
  var lively = false

  func run() throws {
    let simulation = Simulation(seed: seed, isLively: lively, isTold: true)
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
