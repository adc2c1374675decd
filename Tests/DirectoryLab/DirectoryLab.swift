import ArgumentParser

/// What the corosync ring and the benchmarks run of the directory.
@main struct DirectoryLab: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "directory-lab", abstract: "The directory of the cluster, without a guard.",
    subcommands: [MemberCommand.self, ConvergeCommand.self, MemoryCommand.self])
}
