import CLibXML2
import CLinux
import LockModel

/// A libvirt storage pool, as libvirt keeps it on disk (docs/formatstorage.rst); libvirt itself is
/// never asked, because it may be waiting for the answer.
struct PoolDefinition {
  private let pool: XMLElement

  /// Reads `<pool>`, or `<poolstate>` around it, as libvirt keeps it for an active pool.
  ///
  /// - Returns: nil where the text is not that.
  init?(xml: [UInt8]) {
    guard let root = XMLElement(document: xml) else { return nil }
    guard let pool = root.name == "poolstate" ? root.child("pool") : root, pool.name == "pool"
    else { return nil }
    self.pool = pool
  }

  /// The pool of that name: as it is while it is active, else as it is defined.
  static func read(_ name: String, _ host: HostPaths) throws(Untold) -> PoolDefinition {
    // It becomes a part of a path.
    guard !name.isEmpty, !name.contains("/"), !name.utf8.contains(0), name != "..", name != "."
    else { throw .failed("\(Quoted(name)) cannot be the name of a storage pool") }
    for directory in [host.activePools, host.definedPools] {
      let path = "\(directory)/\(name).xml"
      // The largest that libvirt itself would read is 10 MB, the largest that it writes some KB.
      var bytes = [UInt8](repeating: 0, count: 1 << 20)
      let count = dlmguard_read_file(path, &bytes, bytes.count)
      if count < 0 { continue }
      guard count < bytes.count, let pool = PoolDefinition(xml: Array(bytes[..<count])) else {
        throw .failed("\(Quoted(path)) is not the definition of a storage pool")
      }
      return pool
    }
    throw .failed(
      "this node has no storage pool \(Quoted(name)): neither \(host.activePools) nor "
        + "\(host.definedPools) has its definition. Define it (virsh pool-define), or give the "
        + "disk its path")
  }

  /// `dir`, `logical`, `rbd`, …
  var type: String { pool["type"] ?? "" }
  /// The volume group, the Ceph pool, the Gluster volume.
  var sourceName: String? { source?.child("name")?.text }
  /// Below that: a Gluster directory.
  var sourceDirectory: String { source?.child("dir")?["path"] ?? "" }
  /// The disk, or the IQN.
  var sourceDevice: String? { source?.child("device")?["path"] }
  /// Where volumes appear on the node.
  var targetPath: String? { pool.child("target")?.child("path")?.text }
  /// By which adapter a SCSI pool's disks are seen.
  var adapter: XMLElement? { source?.child("adapter") }

  var hosts: [NetworkImage.Host] {
    (source?.children ?? []).filter { $0.name == "host" }.compactMap { host in
      host["name"].map { .tcp($0, port: host["port"].flatMap { UInt16($0) }) }
    }
  }

  private var source: XMLElement? { pool.child("source") }
}

/// An element of a small document, copied out of libxml2.
struct XMLElement {
  let name: String
  let text: String
  let children: [XMLElement]
  private let attributes: [String: String]

  /// Nothing outside the bytes is read, and a document type declaration, which libvirt never writes,
  /// is refused; libxml2's own limits on depth stay on.
  init?(document bytes: [UInt8]) {
    let options =
      XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue
      | XML_PARSE_NOCDATA.rawValue
    let document = bytes.withUnsafeBytes { buffer in
      xmlReadMemory(
        buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(buffer.count), nil, "UTF-8",
        Int32(options))
    }
    guard let document else { return nil }
    defer { xmlFreeDoc(document) }
    guard xmlGetIntSubset(document) == nil, let root = xmlDocGetRootElement(document) else {
      return nil
    }
    self.init(root)
  }

  private init(_ node: xmlNodePtr) {
    name = node.pointee.name.map { String(cString: $0) } ?? ""
    var children: [XMLElement] = []
    var text = ""
    var next = node.pointee.children
    while let child = next {
      next = child.pointee.next
      switch child.pointee.type {
      case XML_ELEMENT_NODE: children.append(XMLElement(child))
      case XML_TEXT_NODE: text += child.pointee.content.map { String(cString: $0) } ?? ""
      default: break
      }
    }
    var attributes: [String: String] = [:]
    var property = node.pointee.properties
    while let attribute = property {
      property = attribute.pointee.next
      guard let name = attribute.pointee.name,
        let value = xmlNodeListGetString(node.pointee.doc, attribute.pointee.children, 1)
      else { continue }
      attributes[String(cString: name)] = String(cString: value)
      dlmguard_xml_free(value)
    }
    self.children = children
    self.text = text
    self.attributes = attributes
  }

  subscript(_ attribute: String) -> String? { attributes[attribute] }

  func child(_ name: String) -> XMLElement? { children.first { $0.name == name } }
}
