import ArgumentParser
import DomainXML
import Glibc

/// Reading a domain's XML, and finding out what it names, without a hook or an agent: what the
/// benchmarks run.
@main
struct ParseLab: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "parse-lab", subcommands: [ParseCommand.self, IdentifyCommand.self])
}

/// What every command is given.
struct Common: ParsableArguments {
  @Argument(help: "A file with a domain's XML.")
  var file: String

  @Argument(help: "How often it is measured.")
  var rounds: Int

  func xml() throws -> [UInt8] {
    guard let stream = fopen(file, "r") else { throw ValidationError("\(file) cannot be read") }
    defer { fclose(stream) }
    var bytes = [UInt8](repeating: 0, count: DomainDescription.maximumLength)
    bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, stream))
    return bytes
  }

  /// Prints what `body` found, then what each round of it took, in nanoseconds.
  func measure(_ body: () throws -> Int) rethrows {
    print(try body())
    for _ in 0..<rounds {
      let clock = ContinuousClock()
      let start = clock.now
      _ = try body()
      let (seconds, attoseconds) = (clock.now - start).components
      print(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
  }
}
