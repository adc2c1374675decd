import LockEngines
import LockModel

/// What every engine must do: the kernel's rules, one by one (fs/dlm/lock.c).
///
/// It reports failures as values and imports no test framework, so that the same suite runs under
/// `swift test` and as a program on a cluster.
public enum Conformance {
  /// The names of the checks, in the order in which ``failures(of:prefix:)`` runs them.
  public static var names: [String] { checks.map(\.name) }

  /// Runs one check on a fresh engine.
  ///
  /// - Parameter prefix: begins every resource's name, at most 16 bytes; engines that share a
  ///   lockspace need different ones.
  public static func failures(
    of engine: any LockEngine, in check: String, prefix: String = "t"
  ) -> [ConformanceFailure] {
    guard let index = checks.firstIndex(where: { $0.name == check }) else {
      return [ConformanceFailure(check: check, problem: "there is no such check")]
    }
    let bench = Bench(engine, check: check, prefix: "\(prefix):\(index)")
    do {
      try checks[index].body(bench)
    } catch {
      bench.fail("could not be carried out: \(error)")
    }
    bench.clear()
    return bench.failures
  }

  /// Runs every check, each on an engine of its own.
  public static func failures(of makeEngine: () -> any LockEngine, prefix: String = "t")
    -> [ConformanceFailure]
  {
    names.flatMap { failures(of: makeEngine(), in: $0, prefix: prefix) }
  }

  struct Check: Sendable {
    let name: String
    let body: @Sendable (Bench) throws(ResourceName.Invalid) -> Void
  }

  static let checks: [Check] = grantChecks + orderChecks + valueChecks + lifeChecks
}
