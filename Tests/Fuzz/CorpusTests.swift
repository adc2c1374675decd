import Foundation
import FuzzChecks
import Testing

/// What the fuzzers begin with, and all that they have ever found, without them.
@Suite struct CorpusTests {
  @Test(arguments: Subject.allCases) func everyInputIsReadAsPromised(subject: Subject) throws {
    let inputs = try FileManager.default.contentsOfDirectory(
      at: Bundle.module.bundleURL.appending(path: "corpus/\(subject.rawValue)"),
      includingPropertiesForKeys: nil)
    #expect(inputs.count >= 10)
    for input in inputs {
      let bytes = Array(try Data(contentsOf: input))
      #expect(throws: Never.self, "\(input.lastPathComponent)") { try subject.check(bytes) }
    }
  }
}
