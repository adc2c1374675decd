import CLibXML2

/// One element of a ``Document``; valid while that is.
///
/// Only elements and attributes of no namespace are libvirt's own; anything else (`<metadata>` of
/// other programs, `qemu:commandline`) is found only by its namespace.
struct Element {
  private let node: xmlNodePtr

  init(_ node: xmlNodePtr) {
    self.node = node
  }

  var name: String { node.pointee.name.map { String(cString: $0) } ?? "" }

  /// The line it starts on (libxml2 counts up to 65535).
  var line: Int { xmlGetLineNo(node) }

  func isNamed(_ name: String, namespace: String? = nil) -> Bool {
    guard xmlStrEqual(node.pointee.name, name) != 0 else { return false }
    guard let own = node.pointee.ns else { return namespace == nil }
    return namespace.map { xmlStrEqual(own.pointee.href, $0) != 0 } ?? false
  }

  var children: some Sequence<Element> {
    sequence(first: node.pointee.children) { $0?.pointee.next }
      .lazy
      .prefix { $0 != nil }
      .compactMap { $0 }
      .filter { $0.pointee.type == XML_ELEMENT_NODE }
      .map { Element($0) }
  }

  func children(_ name: String, namespace: String? = nil) -> [Element] {
    children.filter { $0.isNamed(name, namespace: namespace) }
  }

  /// The first child of that name.
  func child(_ name: String, namespace: String? = nil) -> Element? {
    children.first { $0.isNamed(name, namespace: namespace) }
  }

  /// The value of an attribute; nil where there is none, or an empty one.
  subscript(attribute: String) -> String? {
    Self.take(xmlGetNoNsProp(node, attribute))
  }

  /// All text within it; nil where there is none.
  var text: String? {
    Self.take(xmlNodeGetContent(node))
  }

  /// The same without the white space around it.
  var trimmedText: String? {
    guard let text else { return nil }
    let inner = text.drop(while: \.isWhitespace)
    guard let last = inner.lastIndex(where: { !$0.isWhitespace }) else { return nil }
    return String(inner[...last])
  }

  private static func take(_ text: UnsafeMutablePointer<xmlChar>?) -> String? {
    guard let text else { return nil }
    defer { dlmguard_xml_free(text) }
    return text.pointee == 0 ? nil : String(cString: text)
  }
}
