import ArgumentParser
import LockEngines
import LockModel

/// How long it takes to acquire and release a number of claims: all at once, as the agent does, and
/// one by one; one line each: COUNT pipelined|serial ACQUIRE RELEASE, medians in microseconds.
struct SpeedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "speed")

  @OptionGroup var common: Common

  @Option(help: "How often each is measured.")
  var rounds = 15

  @Option(help: "Begins every resource's name.")
  var prefix = "speed"

  @Flag(help: "Not one by one, which takes long.")
  var pipelinedOnly = false

  @Argument(help: "How many claims at once.")
  var counts: [Int] = [1, 8, 64, 256]

  func run() throws {
    let engine = try common.open()
    let keeper = try common.keeper(engine)
    let owner = try common.owner(1)
    for count in counts {
      let claims = try (0..<count).map { try claim("\(prefix)-\($0)") }
      let ways = [("pipelined", [claims]), ("serial", claims.map { [$0] })]
      for (name, batches) in ways.prefix(pipelinedOnly ? 1 : 2) {
        var figures: [(acquire: Int64, release: Int64)] = []
        for _ in 0...rounds {
          let start = microseconds()
          for batch in batches {
            let isGranted = wait { (then: @escaping @Sendable (Bool) -> Void) in
              keeper.acquire(owner, batch) { result in
                if case .success = result { then(true) } else { then(false) }
              }
            }
            guard isGranted else { throw ValidationError("somebody holds what is measured") }
          }
          let middle = microseconds()
          for batch in batches {
            _ = wait { (then: @escaping @Sendable (Bool) -> Void) in
              keeper.release(owner, batch.map(\.resource)) { then(true) }
            }
          }
          figures.append((middle - start, microseconds() - middle))
        }
        figures.removeFirst()  // warms up
        let acquire = figures.map(\.acquire).sorted()[rounds / 2]
        let release = figures.map(\.release).sorted()[rounds / 2]
        say("\(count) \(name) \(acquire) \(release)")
      }
    }
  }
}
