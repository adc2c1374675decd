import ArgumentParser
import DomainXML
import LockModel
import ResourceIdentity

/// Counts the resources of which the node knows what they are.
struct IdentifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "identify")

  @OptionGroup var common: Common

  func run() throws {
    let xml = try common.xml()
    let identity = Identity(node: NodeName("bench")).ready()
    try common.measure {
      try DomainDescription(xml: xml).resources.count { resource in
        if case .named = identity.identify(resource).result { true } else { false }
      }
    }
  }
}
