import AgentAPI
import Foundation
import Testing

@Suite struct JSONTests {
  @Test func writesWhatItReads() throws {
    let text = #"{"a":[1,-2,{"b":null}],"c":"ä\n\"\\\u001f","d":true,"e":{},"f":[]}"#
    #expect(String(decoding: try JSON(Array(text.utf8)).bytes, as: UTF8.self) == text)
  }

  /// Foundation is the judge of what is JSON; ours is stricter only about trailing commas,
  /// repeated keys, depth and width.
  @Test(arguments: [
    "", "{", "}", "nul", "tru", "01", "-", "1.", ".5", "1e", "1e+", "+1", "[,1]", "{\"a\"}",
    "{\"a\":}", "{a:1}", "\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"",
    "\"\\ud800\\u0041\"",
    "\"\\udc00\"", "[1 2]", "1 2", "\"a\nb\"", "nan", "[1]]",
  ])
  func refusesWhatFoundationRefuses(text: String) {
    #expect(throws: (any Error).self) {
      try JSONSerialization.jsonObject(with: Data(text.utf8), options: [.fragmentsAllowed])
    }
    #expect(throws: JSON.SyntaxError.self) { try JSON(Array(text.utf8)) }
  }

  @Test(arguments: [
    "0", "-0", "12", "-12", "0.5", "1e3", "1E-2", "9223372036854775807", "1e300", "\"\"",
    "\"\\u00e9\\ud83d\\ude00\\/\\b\\f\"", "[[[]]]", " { \"a\" : [ 1 , 2 ] } ", "true", "null",
  ])
  func readsWhatFoundationReads(text: String) throws {
    let theirs = try JSONSerialization.jsonObject(
      with: Data(text.utf8), options: [.fragmentsAllowed])
    let again = try JSONSerialization.jsonObject(
      with: Data(try JSON(Array(text.utf8)).bytes), options: [.fragmentsAllowed])
    #expect((theirs as? NSObject) == (again as? NSObject))
  }

  @Test func refusesTrailingCommasRepeatedKeysDepthAndBadUTF8() {
    #expect(throws: JSON.SyntaxError.self) { try JSON(Array(#"{"a":1,"a":2}"#.utf8)) }
    #expect(throws: JSON.SyntaxError.self) { try JSON(Array("[1,]".utf8)) }
    #expect(throws: JSON.SyntaxError.self) { try JSON(Array(#"{"a":1,}"#.utf8)) }
    let deep = String(repeating: "[", count: 100_000)
    #expect(throws: JSON.SyntaxError.self) { try JSON(Array(deep.utf8)) }
    #expect(throws: JSON.SyntaxError.self) { try JSON([0x22, 0xff, 0x22]) }
  }

  @Test func refusesWideObjects() throws {
    func object(_ members: Int) -> [UInt8] {
      Array("{\((0..<members).map { "\"\($0)\":0" }.joined(separator: ","))}".utf8)
    }
    #expect(try JSON(object(64))["63"] == .integer(0))
    #expect(throws: JSON.SyntaxError.self) { try JSON(object(65)) }
  }
}
