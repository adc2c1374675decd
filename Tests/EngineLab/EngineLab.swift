import ArgumentParser
import CLinux
import LockEngines
import LockModel
import Synchronization

/// The kernel's engine alone, without an agent: what the cluster ring and the benchmarks run.
@main
struct EngineLab: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "engine-lab",
    subcommands: [
      ConformanceCommand.self, PlayCommand.self, SpeedCommand.self, AdoptionCommand.self,
      HammerCommand.self,
    ])
}

/// What every command is given.
struct Common: ParsableArguments {
  @Option(help: "The lockspace; made if it is not there.")
  var lockspace = "engine-lab"

  @Option(help: "This node's id.")
  var node: UInt32 = 1

  func open() throws -> KernelEngine {
    try KernelEngine(try Lockspace(lockspace))
  }

  func keeper(_ engine: KernelEngine) throws -> ClaimKeeper {
    guard let node = NodeID(node) else { throw ValidationError("0 is no node id") }
    return ClaimKeeper(
      engine: engine,
      signature: .init(node: node, now: { Timestamp(milliseconds: dlmguard_now()) }),
      patience: Patience(pause: pause))
  }

  func owner(_ instance: UInt64) throws -> OwnerID {
    let digits = String(node, radix: 16)
    let uuid = String(repeating: "0", count: 32 - digits.count) + digits
    guard let domain = DomainUUID(uuid) else { throw ValidationError("no UUID: \(uuid)") }
    return OwnerID(domain: domain, instance: instance)
  }
}

func claim(_ name: String, _ mode: LockMode = .pw) throws -> Claim {
  Claim(resource: try ResourceName(name), mode: mode, device: "disk", location: name)
}
