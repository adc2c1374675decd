import ArgumentParser
import LockModel
import Testing

@testable import dlmguard

@Suite struct CommandLineTests {
  private func status(of arguments: [String]) -> ProgramExit? {
    do {
      _ = try Dlmguard.parse(arguments)
      return nil
    } catch {
      return ProgramExit(error)
    }
  }

  @Test(arguments: [
    ["frob"], ["who"], ["inquire", "a", "b"], ["status", "--frob"], ["status", "--socket"],
    ["explain"], ["explain", "a", "b"], ["config", "frob"], ["config", "check", "a", "b"],
    ["run"], ["run", "a"], ["run", "a", "--"], ["run", "--", "a"], ["run", "a", "b", "c"],
    ["run", "--read", "--shared", "a", "--", "b"], ["run", "--frob", "a", "--", "b"],
    ["acquire"], ["acquire", "vm"], ["release", "vm"], ["metrics", "--serve", "--json"],
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

  @Test func aCommandsWordsAreItsOwn() throws {
    let arguments = ["run", "--socket", "/s", "--read", "a", "b", "--", "c", "--", "--json", "-x"]
    let run = try #require(try Dlmguard.parse(arguments) as? Run)
    #expect(run.mode == .read && run.common.socket == "/s" && !run.common.json)
    #expect(run.paths == ["a", "b"])
    #expect(run.command == ["c", "--", "--json", "-x"])
    #expect((try Dlmguard.parse(["run", "a", "--", "c"]) as? Run)?.mode == .exclusive)
    #expect((try Dlmguard.parse(["run", "a", "--read", "--", "c"]) as? Run)?.mode == .read)
    #expect((try Dlmguard.parse(["inquire", "--", "--odd"]) as? Inquire)?.domain == "--odd")
    #expect((try Dlmguard.parse(["inquire", "--", "run"]) as? Inquire)?.domain == "run")
  }

  @Test(arguments: [
    ("/a:b", ResourceSource.file("/a:b")), ("./a:b", .file("/w/./a:b")), ("a", .file("/w/a")),
    ("lease:ls/k", .resource(try! ResourceName("lease:ls/k"))), ("a b:c", .file("/w/a b:c")),
    ("/dev", .directory("/dev")), ("/dev/null", .file("/dev/null")),
  ]) func whatIsNamedIsAPathOrAResource(text: String, source: ResourceSource) {
    #expect(WantedResource(text, in: "/w")?.source == source)
  }

  @Test func statusesPassThrough() {
    for status in [ProgramExit.yes, .no, .usage, .unreachable] {
      #expect(ProgramExit(ExitCode(status.rawValue)) == status)
    }
  }
}
