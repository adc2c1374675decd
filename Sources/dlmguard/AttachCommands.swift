import AgentAPI
import ArgumentParser
import LockModel

struct Acquire: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Give a running domain more to hold, until it ends.",
    discussion: """
      For what a guest uses that its description does not name. It is locked beside the domain's own \
      disks, all or nothing, as long as the domain runs, through restarts of the agent; dlmguard release \
      gives it back before.
      """)

  @Flag(exclusivity: .exclusive)
  var mode = WantedMode.exclusive

  @Argument(help: "The domain's name or UUID.", completion: .domains)
  var domain: String

  @Argument(
    help: "Images, devices or directories; or names of resources, as dlmguard who shows them.")
  var paths: [String]

  @OptionGroup var common: CommonOptions

  func run() throws {
    let resources = try common.resources(paths, mode)
    let owners = try common.ask(.attach(DomainSelector(domain), resources)) { reply in
      if case .owners(let owners) = reply { owners } else { nil }
    }
    common.show(.object(("owners", .array(owners.map(\.json))))) {
      InquiryText(owners: owners, style: $0).lines
    }
  }
}

struct Release: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Give back what dlmguard acquire has given a domain.",
    discussion: """
      Only that: what the domain's own description names stays locked as long as it runs.
      """)

  @Argument(help: "The domain's name or UUID.", completion: .domains)
  var domain: String

  @Argument(help: "What was given to dlmguard acquire, or the names of its resources.")
  var paths: [String]

  @OptionGroup var common: CommonOptions

  func run() throws {
    // The mode says nothing here.
    let resources = try common.resources(paths, .exclusive)
    let owners = try common.ask(.detach(DomainSelector(domain), resources)) { reply in
      if case .owners(let owners) = reply { owners } else { nil }
    }
    common.show(.object(("owners", .array(owners.map(\.json))))) {
      InquiryText(owners: owners, style: $0).lines
    }
  }
}
