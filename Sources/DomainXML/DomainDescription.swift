import LockModel

/// What domain XML says about a domain: who it is, and what storage it uses.
///
/// The XML is that of libvirt's hooks and of `virDomainGetXMLDesc` (formatdomain.html). Nothing
/// is looked at but the given bytes.
public struct DomainDescription: Hashable, Sendable {
  /// The longest document that is read, in bytes: 1,000 disks with long chains take 2 MiB.
  public static let maximumLength = 8 << 20

  /// Who it is, on every node and under every name.
  public let uuid: DomainUUID
  /// What people call it. Untrusted text.
  public let name: String
  /// libvirt's number for a running domain; nil for one that is not running.
  public let id: Int?
  /// What can be locked, in the order of the document.
  public let resources: [Resource]
  /// What cannot be, in no order to rely on.
  public let unguarded: [UnguardedResource]

  /// Reads a whole document. May be called on any thread.
  ///
  /// - Throws: ``DomainXMLError`` for bytes that are not one well-formed document, are longer than
  ///   ``maximumLength``, or are not a domain with a name and a UUID.
  public init(xml: [UInt8]) throws(DomainXMLError) {
    guard !xml.isEmpty else { throw DomainXMLError("is empty") }
    guard xml.count <= Self.maximumLength else {
      throw DomainXMLError("is longer than \(Self.maximumLength >> 20) MiB")
    }
    // libxml2 takes one for the end, and what follows would go unread.
    guard !xml.contains(0) else { throw DomainXMLError("holds a NUL byte, so it is not XML") }
    let document = try Document(xml)
    guard
      let read = try document.withRoot({ root throws(DomainXMLError) in try Self(domain: root) })
    else { throw DomainXMLError("has no root element") }
    self = read
  }

  private init(domain: Element) throws(DomainXMLError) {
    guard domain.isNamed("domain") else {
      throw DomainXMLError(
        line: domain.line, "its root is <\(plain(domain.name))>, not libvirt's <domain>")
    }
    guard let uuidElement = domain.child("uuid") else {
      throw DomainXMLError(line: domain.line, "the domain has no <uuid>")
    }
    guard let uuid = DomainUUID(uuidElement.text ?? "") else {
      throw DomainXMLError(
        line: uuidElement.line, "\(Quoted(uuidElement.text ?? "", limit: 60)) is not a UUID")
    }
    guard let name = domain.child("name")?.text else {
      throw DomainXMLError(line: domain.line, "the domain has no <name>")
    }
    let inventory = Inventory(of: domain, named: name)
    self.uuid = uuid
    self.name = name
    id = domain["id"].flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
    resources = inventory.resources
    unguarded = inventory.unguarded
  }
}
