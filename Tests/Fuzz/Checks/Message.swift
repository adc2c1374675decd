import AgentAPI
import LockModel

/// Whatever goes over the socket, or into the ledger, as JSON.
protocol Message: Hashable {
  init(_ json: JSON) throws(MalformedMessage)
  var json: JSON { get }
}

extension Request: Message {}
extension Reply: Message {}
extension Resource: Message {}
extension UnguardedResource: Message {}
extension Claim: Message {}
extension AuditEvent: Message {}
extension MetricFamily: Message {}

/// A message is one line, and whoever reads it has the same message.
func expectReadsBack(_ message: some Message) throws(BrokenPromise) {
  let line = message.json.bytes
  let text = String(decoding: line, as: UTF8.self)
  try expect(!line.contains(UInt8(ascii: "\n")), "the message is more than one line: \(text)")
  let again = try reread(line, as: message)
  try expect(again == message, "the message has changed: \(text)")
  // Swift takes a letter and its decomposition for equal; to a filesystem they are two names.
  try expect(again.json.bytes == line, "the message is written differently now: \(text)")
}

private func reread<M: Message>(_ line: [UInt8], as message: M) throws(BrokenPromise) -> M {
  do {
    return try M(try JSON(line))
  } catch {
    throw BrokenPromise(
      "the message does not read back: \(error): \(String(decoding: line, as: UTF8.self))")
  }
}
