import ArgumentParser
import LockEngineConformance
import LockEngines
import LockModel

/// The suite that every engine must pass, on the kernel's; one line a check.
struct ConformanceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "conformance")

  @OptionGroup var common: Common

  @Option(help: "Begins every resource's name.")
  var prefix = "c"

  @Option(help: "How long to listen before something counts as waiting, in ms.")
  var quiet: UInt32 = 100

  @Option(help: "Only the checks whose names contain this.")
  var only = ""

  @Option(help: "A resource that another node holds in PW; may be given repeatedly.")
  var occupied: [String] = []

  func run() throws {
    let occupied = try occupied.map { try ResourceName($0) }
    var failed = 0
    for name in Conformance.names where only.isEmpty || name.contains(only) {
      var engine = try common.open()
      let subject = EngineUnderTest(
        engine, quiet: quiet, locksOutliveProcess: true, occupied: occupied
      ) {
        _ = wait { (then: @escaping @Sendable (Bool) -> Void) in engine.close { then(true) } }
        do {
          engine = try common.open()
        } catch {
          fatalError("\(error)")
        }
        return engine
      }
      let failures = Conformance.failures(of: subject, in: name, prefix: prefix)
      print(failures.isEmpty ? "ok   \(name)" : "FAIL \(name)")
      for failure in failures { print("     \(failure.problem)") }
      failed += failures.isEmpty ? 0 : 1
      _ = wait { (then: @escaping @Sendable (Bool) -> Void) in engine.close { then(true) } }
    }
    if failed > 0 { throw ExitCode.failure }
  }
}
