import Foundation
import Simulation
import Testing

/// A sample; `make simulate` lets many more clusters live, in an optimized build.
@Suite struct SimulationTests {
  @Test(arguments: 0..<8) func promisesAreKept(part: UInt64) {
    for seed in (part * 100 + 1)...(part * 100 + 100) {
      let simulation = Simulation(seed: seed)
      guard let violation = simulation.violation else { continue }
      let timeline = Simulation(seed: seed, isTold: true).timeline.suffix(80)
      Issue.record("\(timeline.joined(separator: "\n"))\nmake simulate SEED=\(seed): \(violation)")
    }
  }

  @Test func aSeedTellsOneStory() {
    let told = Simulation(seed: 7, isTold: true)
    let again = Simulation(seed: 7, isTold: true)
    #expect(!told.timeline.isEmpty && told.timeline == again.timeline)
    #expect(Simulation(seed: 7).steps == told.steps, "it is the same whether or not it is told")
    #expect(Simulation(seed: 8, isTold: true).timeline != told.timeline)
  }
}

/// Every story in `scenarios` happens as its log says.
@Suite struct SimulationScenarioTests {
  static let directory = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "scenarios")

  static let names: [String] =
    ((try? FileManager.default.contentsOfDirectory(atPath: directory.path())) ?? [])
    .filter { $0.hasSuffix(".txt") }.map { String($0.dropLast(4)) }.sorted()

  /// `scenarios/README.md` says what each tells, and names none that is not there.
  @Test func everyStoryIsListed() throws {
    let list = try String(
      contentsOf: Self.directory.appending(path: "README.md"), encoding: .utf8)
    let linked = Set(list.matches(of: /\(([a-z0-9-]+)\.txt\)/).map { String($0.1) })
    let prefixes = list.matches(of: /`([a-z0-9-]+)\*`/).map { String($0.1) }
    let plain = Set(list.matches(of: /`([a-z0-9-]+)`/).map { String($0.1) })
    #expect(linked.subtracting(Self.names).isEmpty)
    let untold = Self.names.filter { name in
      !linked.contains(name) && !plain.contains(name)
        && !prefixes.contains { name.hasPrefix($0) }
    }
    #expect(untold.isEmpty && Self.names.count >= 100)
  }

  @Test(arguments: names) func happensAsTheLogSays(name: String) throws {
    let text = try String(
      contentsOf: Self.directory.appending(path: "\(name).txt"), encoding: .utf8)
    let expected = try String(
      contentsOf: Self.directory.appending(path: "\(name).log"), encoding: .utf8)
    let scenario = try Scenario(text)
    #expect(scenario.violation == nil)
    let told = scenario.timeline.joined(separator: "\n") + "\n"
    #expect(told == expected, "make simulate SCENARIO=\(name)")
  }

  @Test func nonsenseIsRefused() {
    for text in ["start web n1", "storage a\nguest web a\ndestroy web n9", "guest web a"] {
      #expect(throws: Scenario.Unreadable.self) { try Scenario(text) }
    }
  }
}
