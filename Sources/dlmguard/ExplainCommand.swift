import ArgumentParser
import Configuration
import DomainXML
import GuardCore
import LockModel
import ResourceIdentity

struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what a start of a domain would lock, and why; needs no agent.",
    discussion: """
      Exit status 1 also means that a start would be refused whoever else runs. The backing files of a \
      domain that does not run are often not in its XML: libvirt finds them when it starts.
      """)

  @Argument(help: "A file with domain XML; or the name or UUID of a domain of this node.")
  var domain: String

  @OptionGroup var config: ConfigOption
  @OptionGroup var common: CommonOptions

  func run() throws {
    let settings = try common.configuration(config.config).configuration
    let source: DomainSource
    do throws(DomainSource.Failure) {
      source = try DomainFiles(runDirectory: settings.libvirtRunDirectory).find(domain)
    } catch {
      throw common.quit(.no, error.description)
    }
    let description = source.description
    let identity = settings.identity(on: settings.node).ready()
    let explanation = Explanation(
      of: Domain(uuid: description.uuid, name: description.name),
      description.resources.map { identity.identify($0) }, unguarded: description.unguarded,
      policy: settings.policy)
    let text = ExplanationText(
      source: source, unguarded: description.unguarded, explanation: explanation)
    common.show(text.json) { text.lines($0) }
    if let refusal = explanation.refusal { throw common.quit(.no, shownMessage(refusal)) }
  }
}
