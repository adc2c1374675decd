import LockModel

/// What domain XML says about a domain: who it is, and what storage it uses.
///
/// The XML is that of libvirt's hooks, of `virDomainGetXMLDesc` (formatdomain.html), or of the status
/// files that libvirt keeps of running domains. Nothing is looked at but the given bytes.
public struct DomainDescription: Hashable, Sendable {
  /// The longest document that is read, in bytes: 1,000 disks with long chains take 2 MiB.
  public static let maximumLength = 8 << 20

  /// Who it is, on every node and under every name.
  public let uuid: DomainUUID
  /// What people call it. Untrusted text.
  public let name: String
  /// libvirt's number for a running domain; nil for one that is not running.
  public let id: Int?
  /// How it is, where the XML is one of libvirt's status files; nil for any other.
  public let status: DomainStatus?
  /// What can be locked: devices in the order of the document, firmware, then metadata.
  public let resources: [Resource]
  /// What cannot be, in no order to rely on.
  public let unguarded: [UnguardedResource]

  /// Reads a whole document. May be called on any thread.
  ///
  /// - Throws: ``DomainXMLError`` for bytes that are not one well-formed document, are longer than
  ///   ``maximumLength``, or are not a domain with a name and a UUID, and for an entry in
  ///   ``metadataNamespace`` that is not as it must be.
  public init(xml: [UInt8]) throws(DomainXMLError) {
    guard !xml.isEmpty else { throw DomainXMLError("is empty") }
    guard xml.count <= Self.maximumLength else {
      throw DomainXMLError("is longer than \(Self.maximumLength >> 20) MiB")
    }
    // libxml2 takes one for the end, and what follows would go unread.
    guard !xml.contains(0) else { throw DomainXMLError("holds a NUL byte, so it is not XML") }
    let document = try Document(xml)
    guard
      let read = try document.withRoot({ root throws(DomainXMLError) in try Self(root: root) })
    else { throw DomainXMLError("has no root element") }
    self = read
  }

  private init(root: Element) throws(DomainXMLError) {
    if root.isNamed("domain") {
      try self.init(domain: root, status: nil)
    } else if root.isNamed("domstatus") {
      guard let domain = root.child("domain") else {
        throw DomainXMLError(line: root.line, "the <domstatus> holds no <domain>")
      }
      try self.init(domain: domain, status: root)
    } else {
      throw DomainXMLError(
        line: root.line, "its root is <\(plain(root.name))>, not libvirt's <domain>")
    }
  }

  /// - Parameter status: what libvirt wraps around a running domain in its own files
  ///   (`virDomainObjFormat`).
  private init(domain: Element, status: Element?) throws(DomainXMLError) {
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
    var inventory = try Inventory(of: domain, named: name, uuid: uuid)
    if let status { inventory.add(jobsOf: status) }
    self.status = status.map { DomainStatus($0) }
    self.uuid = uuid
    self.name = name
    id = domain["id"].flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
    resources = inventory.resources
    unguarded = inventory.unguarded
  }
}
