import AgentAPI
import ArgumentParser
import Glibc
import LockModel

struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show this node: its alarms, its agent, and every domain that holds something.")

  @Flag(help: "Show it again whenever it has changed.")
  var watch = false

  @OptionGroup var common: CommonOptions

  func run() throws {
    if watch { return try StatusWatch(common: common).run() }
    let status = try common.status()
    common.show(status.json) { StatusText(status: status, style: $0).lines }
  }
}

struct Inquire: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what a domain holds on this node.")

  @Argument(help: "The domain's name or UUID.", completion: .domains)
  var domain: String

  @OptionGroup var common: CommonOptions

  func run() throws {
    let owners = try common.ask(.inquire(DomainSelector(domain))) { reply in
      if case .owners(let owners) = reply { owners } else { nil }
    }
    if common.json || !owners.isEmpty {
      common.show(.object(("owners", .array(owners.map(\.json))))) {
        InquiryText(owners: owners, style: $0).lines
      }
    }
    if owners.isEmpty {
      throw common.quit(.no, "domain \(Quoted(domain)) holds nothing on this node")
    }
  }
}

struct Who: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show who holds what lies at a path.")

  @Argument(help: "An image, a block device or a directory.", completion: .file())
  var path: String

  @OptionGroup var common: CommonOptions

  func run() throws {
    guard let path = AbsolutePath.of(path, in: AbsolutePath.workingDirectory) else {
      throw common.quit(
        .no, "the working directory is gone: give the path of \(Quoted(path)) from / on")
    }
    let (resource, holders) = try common.ask(.who(path: path)) { reply in
      if case .holders(let resource, let holders) = reply { (resource, holders) } else { nil }
    }
    common.show(Self.json(resource, holders)) {
      HoldersText(path: path, resource: resource, holders: holders, style: $0).lines
    }
  }

  /// `resource`, and `holders`.
  static func json(_ resource: ResourceName, _ holders: [HolderReport]) -> JSON {
    .object(("resource", .string("\(resource)")), ("holders", .array(holders.map(\.json))))
  }
}

struct Version: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Show the version of this program.")

  @OptionGroup var common: CommonOptions

  func run() {
    common.show(.object(("version", .string(dlmguardVersion)))) { _ in [dlmguardVersion] }
  }
}
