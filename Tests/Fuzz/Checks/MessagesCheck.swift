import AgentAPI
import LockModel

/// One line, as it comes to the agent or to a client.
func checkMessages(_ input: [UInt8]) throws(BrokenPromise) {
  let json: JSON
  do throws(JSON.SyntaxError) {
    json = try JSON(input)
  } catch {
    return try expectLine("\(error)", "the syntax error")
  }
  try expectReadsBack(json, from: json.bytes)
  try expectReadsBack(json, from: Array(json.pretty.utf8))
  try check(json, as: Request.self)
  try check(json, as: Reply.self)
  try check(json, as: Resource.self)
  try check(json, as: UnguardedResource.self)
  try check(json, as: Claim.self)
  try check(json, as: AuditEvent.self)
  try check(json, as: MetricFamily.self)
}

private func expectReadsBack(_ json: JSON, from bytes: [UInt8]) throws(BrokenPromise) {
  let again: JSON
  do throws(JSON.SyntaxError) {
    again = try JSON(bytes)
  } catch {
    throw BrokenPromise("what was written is no JSON: \(error)")
  }
  try expect(again == json, "the value has changed: \(json.pretty)")
}

private func check<M: Message>(_ json: JSON, as type: M.Type) throws(BrokenPromise) {
  let message: M
  do throws(MalformedMessage) {
    message = try M(json)
  } catch {
    return try expectLine("\(error)", "the refusal of a \(type)")
  }
  try expectReadsBack(message)
}
