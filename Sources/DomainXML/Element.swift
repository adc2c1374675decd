import CLibXML2

/// One element of a ``Document``; valid while that is.
///
/// Names are static strings because those are C strings already. Only elements and attributes of no
/// namespace are libvirt's own; anything else (`<metadata>` of other programs, `qemu:commandline`) is
/// found only by its namespace.
struct Element {
  private let node: xmlNodePtr

  init(_ node: xmlNodePtr) {
    self.node = node
  }

  var name: String { node.pointee.name.map { String(cString: $0) } ?? "" }

  /// Its name among libvirt's own elements; nil for one of any namespace.
  var ownName: String? { node.pointee.ns == nil ? name : nil }

  /// The line it starts on (libxml2 counts up to 65535).
  var line: Int { xmlGetLineNo(node) }

  func isNamed(_ name: StaticString, namespace: StaticString? = nil) -> Bool {
    guard xmlStrEqual(node.pointee.name, name.utf8Start) != 0 else { return false }
    guard let own = node.pointee.ns else { return namespace == nil }
    return namespace.map { xmlStrEqual(own.pointee.href, $0.utf8Start) != 0 } ?? false
  }

  func isIn(_ namespace: StaticString) -> Bool {
    guard let own = node.pointee.ns else { return false }
    return xmlStrEqual(own.pointee.href, namespace.utf8Start) != 0
  }

  var children: Children { Children(ahead: node.pointee.children) }

  func children(_ name: StaticString, namespace: StaticString? = nil) -> [Element] {
    children.filter { $0.isNamed(name, namespace: namespace) }
  }

  /// The first child of that name.
  func child(_ name: StaticString, namespace: StaticString? = nil) -> Element? {
    for child in children where child.isNamed(name, namespace: namespace) { return child }
    return nil
  }

  /// The value of an attribute; nil where there is none, or an empty one.
  subscript(attribute: StaticString) -> String? {
    Self.take(xmlGetNoNsProp(node, attribute.utf8Start))
  }

  /// All text within it; nil where there is none.
  var text: String? {
    Self.take(xmlNodeGetContent(node))
  }

  /// The names of all its attributes, whatever their namespace.
  var attributeNames: [String] {
    var names: [String] = []
    var ahead = node.pointee.properties
    while let attribute = ahead {
      if let name = attribute.pointee.name { names.append(String(cString: name)) }
      ahead = attribute.pointee.next
    }
    return names
  }

  private static func take(_ text: UnsafeMutablePointer<xmlChar>?) -> String? {
    guard let text else { return nil }
    defer { dlmguard_xml_free(text) }
    return text.pointee == 0 ? nil : String(cString: text)
  }
}

/// The elements among an element's children. No chain of lazy sequences: in a process that lives for
/// a millisecond, making their types at run time would cost more than the walk.
struct Children: Sequence, IteratorProtocol {
  fileprivate(set) var ahead: xmlNodePtr?

  mutating func next() -> Element? {
    while let node = ahead {
      ahead = node.pointee.next
      if node.pointee.type == XML_ELEMENT_NODE { return Element(node) }
    }
    return nil
  }
}
