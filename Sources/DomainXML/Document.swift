import CLibXML2
import LockModel

/// A parsed document, which lives as long as this value.
///
/// Nothing outside the given bytes is ever read: no network, no DTD, no external entity, no
/// XInclude; and libxml2's own limits on depth and size stay on (no `XML_PARSE_HUGE`).
struct Document: ~Copyable {
  private let document: xmlDocPtr

  /// - Throws: ``DomainXMLError`` for anything that is not well-formed UTF-8, and for a document
  ///   type declaration, which libvirt never writes and without which there are no entities.
  init(_ bytes: [UInt8]) throws(DomainXMLError) {
    guard let context = xmlNewParserCtxt() else { throw DomainXMLError("out of memory") }
    defer { xmlFreeParserCtxt(context) }
    // Stopping here is what keeps entity declarations from being read at all.
    context.pointee.sax?.pointee.internalSubset = { context, _, _, _ in
      xmlStopParser(context?.assumingMemoryBound(to: xmlParserCtxt.self))
    }
    var fault = Fault()
    let parsed = withUnsafeMutablePointer(to: &fault) { Self.parse(bytes, in: context, $0) }
    // Where it was made to stop, libxml2 calls what it has so far a document.
    if context.pointee.errNo == Int32(XML_ERR_USER_STOP.rawValue) {
      xmlFreeDoc(parsed)
      throw DomainXMLError("has a document type declaration, which domain XML never has")
    }
    guard let parsed else {
      throw DomainXMLError(line: fault.line, "not well-formed: \(fault.message ?? "not XML")")
    }
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

  private static func parse(
    _ bytes: [UInt8], in context: xmlParserCtxtPtr, _ fault: UnsafeMutablePointer<Fault>
  ) -> xmlDocPtr? {
    // Without a handler (one for each thread) libxml2 prints, and stderr belongs to the person who
    // starts a domain.
    xmlSetStructuredErrorFunc(fault) { fault, error in
      guard let error = error?.pointee, error.level == XML_ERR_FATAL else { return }
      fault?.assumingMemoryBound(to: Fault.self).pointee.note(error)
    }
    defer {
      xmlSetStructuredErrorFunc(nil, nil)
      xmlResetLastError()
    }
    // libvirt writes UTF-8 (virDomainDefFormat). Taking nothing else, whatever a document claims,
    // keeps ICU and iconv out of it.
    let options =
      XML_PARSE_NONET.rawValue | XML_PARSE_IGNORE_ENC.rawValue | XML_PARSE_NOCDATA.rawValue
      | XML_PARSE_NOBLANKS.rawValue | XML_PARSE_COMPACT.rawValue
    return bytes.withUnsafeBytes { buffer in
      xmlCtxtReadMemory(
        context, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(buffer.count), nil,
        "UTF-8", Int32(options))
    }
  }
}

/// The first thing that is wrong with a document: what libxml2 reports after it is confusion.
private struct Fault {
  private(set) var line: Int?
  private(set) var message: String?

  mutating func note(_ error: xmlError) {
    guard message == nil, let text = error.message else { return }
    message = String(cString: text).split(whereSeparator: \.isNewline).first.map(Self.harmless)
    line = error.line > 0 ? Int(error.line) : nil
  }

  /// libxml2 repeats names of the document, which may be 50,000 bytes long.
  private static func harmless(_ message: Substring) -> String {
    let isPlain =
      message.utf8.count <= 300 && message.utf8.allSatisfy { (0x20...0x7e).contains($0) }
    return isPlain ? String(message) : "\(Quoted(String(message)))"
  }
}
