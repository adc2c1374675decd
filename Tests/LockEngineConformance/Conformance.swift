import LockEngines
import LockModel

/// What every engine must do: the kernel's rules, one by one (fs/dlm/lock.c).
///
/// It reports failures as values and imports no test framework, so that the same suite runs under
/// `swift test` and as a program on a cluster.
public enum Conformance {
  /// The names of the checks, in the order in which they are meant.
  public static var names: [String] { checks.map(\.name) }

  /// Runs one check.
  ///
  /// - Parameter prefix: begins every resource's name, at most 16 bytes; engines that share a
  ///   lockspace need different ones.
  public static func failures(
    of subject: EngineUnderTest, in check: String, prefix: String = "t"
  ) -> [ConformanceFailure] {
    guard let index = checks.firstIndex(where: { $0.name == check }) else {
      return [ConformanceFailure(check: check, problem: "there is no such check")]
    }
    let bench = Bench(subject, check: check, prefix: "\(prefix):\(index)")
    do {
      try checks[index].body(bench)
    } catch {
      bench.fail("could not be carried out: \(error)")
    }
    bench.clear()
    return bench.failures
  }

  struct Check: Sendable {
    let name: String
    let body: @Sendable (Bench) throws(ResourceName.Invalid) -> Void
  }

  static let checks: [Check] = grantChecks + orderChecks + valueChecks + lifeChecks + restartChecks
}

/// An engine, and what may be expected of it besides the kernel's rules.
public struct EngineUnderTest {
  let engine: any LockEngine
  let quiet: UInt32
  let locksOutliveProcess: Bool
  let occupied: [ResourceName]
  let restart: () -> any LockEngine

  /// - Parameters:
  ///   - engine: the check begins with it.
  ///   - quiet: how long an operation of which nothing is heard is given before it counts as
  ///     waiting, in ms; 0 for an engine that answers at once.
  ///   - locksOutliveProcess: whether the next process adopts what this one holds.
  ///   - occupied: resources that other nodes hold in PW, and go on holding.
  ///   - restart: ends the engine as the end of its process would, and begins the next one.
  public init(
    _ engine: any LockEngine, quiet: UInt32 = 0, locksOutliveProcess: Bool,
    occupied: [ResourceName] = [], restart: @escaping () -> any LockEngine
  ) {
    self.engine = engine
    self.quiet = quiet
    self.locksOutliveProcess = locksOutliveProcess
    self.occupied = occupied
    self.restart = restart
  }
}
