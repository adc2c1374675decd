import AgentAPI
import ArgumentParser
import Glibc
import LockModel

struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show this node: its alarms, its agent, and every domain that holds something.")

  @Flag(help: "Show all nodes of the cluster, as this one hears of them.")
  var cluster = false
  @Flag(help: "Show it again whenever it has changed.")
  var watch = false

  @OptionGroup var common: CommonOptions

  func run() throws {
    if cluster { return try showCluster() }
    if watch { return try StatusWatch(common: common).run() }
    let status = try common.status()
    common.show(status.json) { StatusText(status: status, style: $0).lines }
  }

  private func showCluster() throws {
    let cluster = try common.ask(.cluster) { reply in
      if case .cluster(let cluster) = reply { cluster } else { nil }
    }
    common.show(cluster.json) { ClusterText(cluster: cluster, style: $0).lines }
  }
}

struct Inquire: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what a domain holds, on whichever node.")

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
      throw common.quit(.no, "domain \(Quoted(domain)) holds nothing")
    }
  }
}

struct Who: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show who holds something, on whichever node.")

  @Argument(
    help: "The path of an image or device, a resource's name, or a domain's name or UUID.",
    completion: .file())
  var target: String

  @OptionGroup var common: CommonOptions

  func run() throws {
    switch try RevocationTarget(target, common) {
    case .path(let path): try showHolders(.who(path: path), path: path)
    case .resource(let resource): try showHolders(.whoHolds(resource), path: nil)
    case .domain(let selector): try showHolders(of: selector)
    }
  }

  private func showHolders(_ request: Request, path: String?) throws {
    let (resource, holders) = try common.ask(request) { reply in
      if case .holders(let resource, let holders) = reply { (resource, holders) } else { nil }
    }
    common.show(Self.json(resource, holders)) {
      HoldersText(
        subject: (path.map { [("path", shown($0))] } ?? []) + [("resource", "\(resource)")],
        holders: holders, style: $0
      ).lines
    }
  }

  /// Whoever runs a domain holds the domain itself.
  private func showHolders(of selector: DomainSelector) throws {
    let owners = try common.ask(.inquire(selector)) { reply in
      if case .owners(let owners) = reply { owners } else { nil }
    }
    if owners.isEmpty { throw common.quit(.no, "domain \(Quoted(target)) holds nothing") }
    let holders = owners.flatMap { owner in
      owner.claims.filter { $0.resource == ResourceName(domain: owner.owner.domain) }.map { claim in
        HolderReport(
          owner: owner.owner, name: owner.name, node: owner.node, phase: owner.phase,
          since: owner.since, claim: claim, unattendedSince: owner.unattendedSince)
      }
    }
    common.show(
      .object(("domain", .string(target)), ("holders", .array(holders.map(\.json))))
    ) {
      HoldersText(subject: [("domain", shown(target))], holders: holders, style: $0).lines
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
