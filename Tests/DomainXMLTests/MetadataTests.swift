import DomainXML
import LockModel
import Testing

@Suite struct MetadataTests {
  @Test(arguments: [
    ("name='n'", ResourceSource.named("n"), "resource n", Access.exclusiveWrite),
    ("name='n' mode='exclusive-write'", .named("n"), "resource n", .exclusiveWrite),
    ("path='/p' mode='shared-write'", .file("/p"), "resource /p", .sharedWrite),
    ("mode='read-only' path='/p'", .file("/p"), "resource /p", .readOnly),
    ("name='a&#10;b'", .named("a\nb"), "resource 'a\\nb'", .exclusiveWrite),
  ])
  func everyEntry(
    attributes: String, source: ResourceSource, device: String, access: Access
  ) throws {
    let domain = try domain(Self.metadata("<d:resource \(attributes)/>"))
    #expect(
      domain.resources == [Resource(kind: .extra, device: device, source: source, access: access)])
  }

  @Test func severalEntries() throws {
    let entries = "<d:resource name='a'/><!-- why -->\n<d:resource path='/b'/>"
    #expect(try domain(Self.metadata(entries)).resources.count == 2)
    #expect(try domain(Self.metadata("")).resources.isEmpty)
  }

  @Test(arguments: [
    ("<d:resource/>", "neither a name nor a path"),
    ("<d:resource name=''/>", "neither a name nor a path"),
    ("<d:resource name='n' path='/p'/>", "a name and a path"),
    ("<d:resource path='p'/>", "does not begin with /"),
    ("<d:resource name='n' mode='backing'/>", "the mode 'backing'"),
    ("<d:resource name='n' mode=''/>", "the mode ''"),
    ("<d:resource name='n' Mode='read-only'/>", "the attribute 'Mode'"),
    ("<d:resource d:name='n'/>", "neither a name nor a path"),
    ("<d:ressource name='n'/>", "<ressource> is nothing that dlmguard knows"),
    ("<resource name='n'/>", "<resource> is nothing that dlmguard knows"),
  ])
  func aMalformedEntryRefusesTheDocument(entry: String, reason: String) throws {
    let error = #expect(throws: DomainXMLError.self) {
      try domain("\n\n" + Self.metadata(entry))
    }
    #expect(error?.line == 3)
    #expect(error?.reason.contains(reason) == true)
  }

  @Test(arguments: [
    "<d:resource xmlns:d='urn:dlmguard:domain:1' name='n'/>",
    "<d:resources xmlns:d='urn:dlmguard:domain:1' version='2'/>",
  ])
  func soDoesAnythingElseInTheNamespace(inner: String) {
    #expect(throws: DomainXMLError.self) { try domain("<metadata>\(inner)</metadata>") }
  }

  @Test(arguments: [
    "<metadata><d:resources xmlns:d='urn:dlmguard:domain:2'><d:resource/></d:resources></metadata>",
    "<metadata><resources><resource/></resources></metadata>",
    "<d:resources xmlns:d='urn:dlmguard:domain:1'><d:resource/></d:resources>",
  ])
  func whatIsNotOursIsNotRead(inner: String) throws {
    #expect(try domain(inner).resources.isEmpty)
  }

  private static func metadata(_ entries: String) -> String {
    "<metadata><d:resources xmlns:d='urn:dlmguard:domain:1'>\(entries)</d:resources></metadata>"
  }
}
