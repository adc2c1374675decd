import AgentAPI
import ArgumentParser
import LockModel

struct Revoke: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Take locks away: whoever uses them is killed first.",
    discussion: """
      The QEMU process of every guest of this node that holds what is named is killed (SIGKILL, or as \
      kill_grace_ms says), and its locks go when it is gone. A saved guest loses its locks: what it \
      was in the middle of is then unsafe to resume.
      """)

  @Argument(
    help: "A domain's name or UUID, the path of an image or device, or a resource's name.",
    completion: .domains)
  var target: String

  @OptionGroup var common: CommonOptions

  func run() throws {
    let target = try RevocationTarget(target, common)
    let owners = try common.ask(.revoke(target)) { reply in
      if case .owners(let owners) = reply { owners } else { nil }
    }
    common.show(.object(("revoked", .array(owners.map(\.json))))) { _ in
      owners.map {
        "\(Quoted($0.name)) is gone from this node, and its \($0.claims.count) locks with it"
      }
    }
  }
}

extension RevocationTarget {
  /// What a person means: a path begins with / or ., a resource's name has a colon, the rest is a domain.
  ///
  /// - Throws: an `ExitCode`, once the person has been told why.
  init(_ target: String, _ common: CommonOptions) throws {
    if DomainUUID(target) != nil {
      self = .domain(DomainSelector(target))
    } else if target.hasPrefix("/") || target.hasPrefix(".") {
      guard let path = AbsolutePath.of(target, in: AbsolutePath.workingDirectory) else {
        throw common.quit(
          .no, "the working directory is gone: give the path of \(Quoted(target)) from / on")
      }
      self = .path(path)
    } else if target.contains(":"), let resource = try? ResourceName(target) {
      self = .resource(resource)
    } else {
      self = .domain(DomainSelector(target))
    }
  }
}
