import AgentAPI
import Foundation
import Testing

/// The examples of docs/protocol.md are what the programs send and read.
@Suite struct ProtocolDocumentTests {
  /// The blocks of one kind: the lines between ```` ```json KIND ```` and ```` ``` ````.
  private static func examples(_ kind: String) throws -> [JSON] {
    let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "../../docs/protocol.md").standardizedFileURL
    let text = try String(contentsOf: page, encoding: .utf8)
    return try text.components(separatedBy: "```json \(kind)\n").dropFirst().map { part in
      let block = part.components(separatedBy: "\n```")[0]
      #expect(!block.contains("\n"), "a message is one line")
      return try JSON(Array(block.utf8))
    }
  }

  private func member(_ name: String, of json: JSON) -> String {
    json[name]?.stringValue ?? ""
  }

  @Test func everyRequestIsRead() throws {
    for example in try Self.examples("request") {
      let request = try Request(example)
      #expect(try Request(try JSON(request.json.bytes)) == request)
      #expect(members(example) == members(request.json), "\(example.pretty)")
    }
  }

  @Test func everyReplyIsRead() throws {
    for example in try Self.examples("reply") {
      let reply = try Reply(example)
      #expect(try Reply(try JSON(reply.json.bytes)) == reply)
      #expect(members(example) == members(reply.json), "\(example.pretty)")
    }
  }

  @Test func noOperationIsMissing() throws {
    let told = Set(try Self.examples("request").map { member("op", of: $0) })
    let known = Set(MessageTests.requests.map { member("op", of: $0.json) })
    #expect(told == known)
  }

  @Test func noKindOfReplyIsMissing() throws {
    func kind(_ json: JSON) -> Set<String> { members(json).subtracting(["v", "ok"]) }
    let told = Set(try Self.examples("reply").map(kind))
    let known = Set(MessageTests.replies.map { kind($0.json) })
    #expect(told == known)
  }

  /// The names of an object's members: what would be read, and nothing that is ignored.
  private func members(_ json: JSON) -> Set<String> {
    guard case .object(let members) = json else { return [] }
    return Set(members.map(\.key))
  }
}
