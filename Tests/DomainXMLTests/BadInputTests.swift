import DomainXML
import Foundation
import LockModel
import Testing

@Suite struct BadInputTests {
  private func refusal(_ bytes: [UInt8]) -> DomainXMLError? {
    do throws(DomainXMLError) {
      _ = try DomainDescription(xml: bytes)
      return nil
    } catch {
      return error
    }
  }

  private func refusal(_ text: String) -> DomainXMLError? { refusal(Array(text.utf8)) }

  @Test(arguments: [
    ("", "is empty"),
    ("hello", "not well-formed"),
    (" \n ", "not well-formed"),
    ("<domain><name>x</name>", "not well-formed"),
    ("<domain>&undeclared;</domain>", "not well-formed"),
    ("<domain/><domain/>", "not well-formed"),
    ("<domstatus><domain/></domstatus>", "has no <uuid>"),
    ("<domainsnapshot><domain/></domainsnapshot>", "its root is <domainsnapshot>"),
    ("<x:domain xmlns:x='urn:x'/>", "its root is <domain>"),
    ("<domain><name>x</name></domain>", "has no <uuid>"),
    ("<domain><name>x</name><uuid/></domain>", "'' is not a UUID"),
    ("<domain><name>x</name><uuid>12</uuid></domain>", "'12' is not a UUID"),
    (document(name: ""), "has no <name>"),
  ])
  func saysWhatIsWrong(text: String, reason: String) {
    #expect(refusal(text)?.reason.contains(reason) == true)
  }

  @Test func namesTheLine() throws {
    #expect(refusal("<domain>\n<name>x</name>\n<uuid>1</uuid></domain>")?.line == 3)
    #expect(refusal("<domain>\n\n<name></domain>")?.line == 3)
    let error = try #require(refusal("<domain>\n\n<name></domain>"))
    #expect("\(error)".hasPrefix("line 3: not well-formed: "))
    #expect(!"\(error)".contains("\n"))
  }

  @Test func repeatsNoLongOrOddNames() throws {
    let long = try #require(refusal("<domain><\(String(repeating: "a", count: 40_000))></domain>"))
    #expect(long.reason.utf8.count < 400 && long.reason.hasSuffix("…'"))
    let odd = try #require(refusal("<domain><a\u{200d}></domain>"))
    #expect(odd.reason.contains("'Opening and ending tag mismatch: a\\u{200d} line 1 and domain'"))
    let plain = try #require(refusal("<domain><a></domain>"))
    #expect(plain.reason.hasSuffix(": Opening and ending tag mismatch: a line 1 and domain"))
  }

  @Test func everyTruncationIsRefused() throws {
    let whole = try fixture("everything.xml")
    let end = try #require(whole.lastIndex(of: UInt8(ascii: ">")))
    for length in stride(from: 1, through: end, by: 37) {
      #expect(refusal(Array(whole[..<length])) != nil)
    }
  }

  @Test func binaryIsRefused() {
    var seed: UInt64 = 1
    for length in [1, 3, 4, 64, 5000] {
      let noise = (0..<length).map { _ in
        seed = seed &* 6_364_136_223_846_793_005 &+ 1
        return UInt8(truncatingIfNeeded: seed >> 33)
      }
      #expect(refusal(noise) != nil)
    }
    #expect(refusal(Array(document().utf8) + [0, 0]) != nil)
    #expect(refusal(Array("<domain><name>".utf8) + [0xff, 0xfe] + Array("</name>".utf8)) != nil)
  }

  @Test func anyDocumentTypeIsRefused() {
    for declaration in [
      "<!DOCTYPE domain>", "<!DOCTYPE domain SYSTEM 'file:///etc/hostname'>",
      "<!DOCTYPE domain [<!ENTITY a 'b'>]>", "<!DOCTYPE domain [<!ENTITY % a '<!ENTITY b 1>'>%a;]>",
    ] {
      #expect(refusal(declaration + document())?.reason.contains("document type") == true)
    }
  }

  @Test func anEntityBombIsRefusedBeforeItGoesOff() {
    var bomb = "<!DOCTYPE domain [<!ENTITY a0 'aaaaaaaaaa'>"
    for level in 1...30 {
      bomb += "<!ENTITY a\(level) '" + String(repeating: "&a\(level - 1);", count: 10) + "'>"
    }
    bomb += "]>" + document(name: "&a30;")
    #expect(refusal(bomb)?.reason.contains("document type") == true)
  }

  @Test func anExternalEntityIsNotRead() throws {
    let secret = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try "secret".write(to: secret, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: secret) }
    let text =
      "<!DOCTYPE domain [<!ENTITY e SYSTEM 'file://\(secret.path)'>]>" + document(name: "&e;")
    let error = try #require(refusal(text))
    #expect(!"\(error)".contains("secret"))
  }

  @Test func lengthIsBounded() throws {
    let padding = DomainDescription.maximumLength - document().utf8.count
    let longest = document(String(repeating: " ", count: padding))
    #expect(refusal(longest) == nil)
    #expect(refusal(longest + " ")?.reason == "is longer than 8 MiB")
  }

  @Test func depthIsBounded() {
    let deep = String(repeating: "<backingStore>", count: 100_000)
    #expect(refusal(document("<devices><disk>" + deep)) != nil)
  }

  @Test func manyDisksAreRead() throws {
    let disks = (0..<1000).map { "<disk type='file'><source file='/d/\($0)'/></disk>" }
    let domain = try domain("<devices>" + disks.joined() + "</devices>")
    #expect(domain.resources.count == 1000)
    #expect(domain.resources.last?.source == .file("/d/999"))
  }

  @Test(arguments: [
    "a b", "it's \"quoted\"", String(repeating: "ä", count: 127) + "x", "../etc/passwd",
    "\u{202e}x",
  ])
  func oddNamesAreNames(name: String) throws {
    let escaped = name.replacing("\"", with: "&quot;")
    #expect(try domain(name: escaped).name == name)
  }

  @Test func oddTargetsDoNotReachMessages() throws {
    let device = "<disk type='file'><source file='/a&#10;b'/><target dev='v&#10;a'/></disk>"
    let resource = try #require(try domain("<devices>\(device)</devices>").resources.first)
    #expect(resource.device == "disk 'v\\na'")
    #expect(resource.source == .file("/a\nb"))
  }

  /// libvirt writes UTF-8 and nothing else, whatever the first line may say.
  @Test(arguments: ["UTF-8", "ISO-8859-1", "GBK", "x-none"])
  func everythingIsUTF8(encoding: String) throws {
    let header = "<?xml version='1.0' encoding='\(encoding)'?>"
    #expect(try DomainDescription(xml: Array((header + document(name: "ä")).utf8)).name == "ä")
    let parts = document(name: "|").split(separator: "|").map { Array($0.utf8) }
    let latin = refusal(Array(header.utf8) + parts[0] + [0xe4] + parts[1])
    #expect(latin?.reason.contains("not proper UTF-8") == true)
  }

  @Test func otherEncodingsAreNotGuessed() {
    // "<?xml" in EBCDIC, and UTF-16 in either order.
    #expect(refusal([0x4c, 0x6f, 0xa7, 0x94, 0x93] + Array(document().utf8)) != nil)
    for order in [String.Encoding.utf16LittleEndian, .utf16BigEndian, .utf16] {
      #expect(refusal(Array(document().data(using: order) ?? Data())) != nil)
    }
  }
}
