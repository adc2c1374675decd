import CLibXML2
import LockModel

/// A parsed document, which lives as long as this value.
///
/// Nothing outside the given bytes is ever read: no network, no DTD, no external entity, no
/// XInclude; and libxml2's own limits on depth and size stay on (no `XML_PARSE_HUGE`).
struct Document: ~Copyable {
  private let document: xmlDocPtr

  /// - Throws: ``DomainXMLError`` for anything that is not well-formed, and for a document type
  ///   declaration, which libvirt never writes and without which there are no entities.
  init(_ bytes: [UInt8]) throws(DomainXMLError) {
    guard let context = xmlNewParserCtxt() else { throw DomainXMLError("out of memory") }
    defer { xmlFreeParserCtxt(context) }
    // libxml2 reports some errors (of its encoders) past the parser, to a handler of the thread
    // that prints by default. stderr belongs to the person who starts a domain.
    xmlSetStructuredErrorFunc(nil) { _, _ in }
    defer {
      xmlSetStructuredErrorFunc(nil, nil)
      xmlResetLastError()
    }
    // Stopping here is what keeps entity declarations from being read at all.
    context.pointee.sax?.pointee.internalSubset = { context, _, _, _ in
      xmlStopParser(context?.assumingMemoryBound(to: xmlParserCtxt.self))
    }
    let options =
      XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue
      | XML_PARSE_NOWARNING.rawValue | XML_PARSE_NOCDATA.rawValue
    let parsed = bytes.withUnsafeBytes { buffer in
      xmlCtxtReadMemory(
        context, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(buffer.count), nil,
        nil, Int32(options))
    }
    // Where it was made to stop, libxml2 calls what it has so far a document.
    if context.pointee.errNo == Int32(XML_ERR_USER_STOP.rawValue) {
      xmlFreeDoc(parsed)
      throw DomainXMLError("has a document type declaration, which domain XML never has")
    }
    guard let parsed else { throw Self.error(of: context) }
    document = parsed
  }

  deinit {
    xmlFreeDoc(document)
  }

  /// Calls `body` with the root element, which must not outlive the call.
  func withRoot<Result, Failure: Error>(
    _ body: (Element) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    guard let root = xmlDocGetRootElement(document) else { return nil }
    return try body(Element(root))
  }

  private static func error(of context: xmlParserCtxtPtr) -> DomainXMLError {
    let error = context.pointee.lastError
    let text = error.message.map { String(cString: $0) } ?? ""
    let reason = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? "not XML"
    return DomainXMLError(
      line: error.line > 0 ? Int(error.line) : nil, "not well-formed: \(reason)")
  }
}
