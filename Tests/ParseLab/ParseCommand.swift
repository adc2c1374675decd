import ArgumentParser
import DomainXML

/// Counts the resources that the XML names.
struct ParseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "parse")

  @OptionGroup var common: Common

  func run() throws {
    let xml = try common.xml()
    try common.measure { try DomainDescription(xml: xml).resources.count }
  }
}
