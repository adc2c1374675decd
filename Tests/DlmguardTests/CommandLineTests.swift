import ArgumentParser
import Testing

@testable import dlmguard

@Suite struct CommandLineTests {
  private func status(of arguments: [String]) -> ProgramExit? {
    do {
      _ = try Dlmguard.parseAsRoot(arguments)
      return nil
    } catch {
      return ProgramExit(error)
    }
  }

  @Test(arguments: [
    ["frob"], ["who"], ["inquire", "a", "b"], ["status", "--frob"], ["status", "--socket"],
    ["explain"], ["explain", "a", "b"], ["config", "frob"], ["config", "check", "a", "b"],
  ]) func senselessCommandLinesAreUsageErrors(arguments: [String]) {
    #expect(status(of: arguments) == .usage)
  }

  @Test(arguments: [["--help"], ["who", "--help"], ["--version"], ["help", "status"]])
  func helpIsAnAnswer(arguments: [String]) throws {
    do {
      var command = try Dlmguard.parseAsRoot(arguments)
      try command.run()
      Issue.record("\(arguments) printed no help")
    } catch {
      #expect(ProgramExit(error) == .yes)
    }
  }

  @Test(arguments: [
    ["--socket", "/s", "--json", "status"], ["status", "--socket", "/s", "--json"],
    ["--json", "status", "--socket", "/s"],
  ]) func optionsMayStandBeforeTheCommandOrAfterIt(arguments: [String]) throws {
    let command = try #require(try Dlmguard.parseAsRoot(arguments) as? Status)
    #expect(command.common.socket == "/s")
    #expect(command.common.json)
  }

  @Test(arguments: [
    ["--json", "config", "show"], ["config", "--json", "show"], ["config", "show", "--json"],
  ])
  func theSameForACommandOfACommand(arguments: [String]) throws {
    let command = try #require(try Dlmguard.parseAsRoot(arguments) as? ConfigShow)
    #expect(command.common.json)
  }

  @Test func statusesPassThrough() {
    for status in [ProgramExit.yes, .no, .usage, .unreachable] {
      #expect(ProgramExit(ExitCode(status.rawValue)) == status)
    }
  }
}
