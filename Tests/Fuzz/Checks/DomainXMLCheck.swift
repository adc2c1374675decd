import AgentAPI
import DomainXML
import LockModel

/// What is read goes to the agent in one request, which must arrive as it was sent.
func checkDomainXML(_ input: [UInt8]) throws(BrokenPromise) {
  let domain: DomainDescription
  do throws(DomainXMLError) {
    domain = try DomainDescription(xml: input)
  } catch {
    return try expectLine("\(error)", "the error")
  }
  for resource in domain.resources { try expectLine(resource.device, "a resource's device") }
  for unguarded in domain.unguarded {
    try expectLine(unguarded.device, "an unguarded device")
    try expectLine(unguarded.description, "the description of \(unguarded.device)")
  }
  try expectReadsBack(
    Request.hook(
      HookCall(
        operation: .prepare, name: domain.name, uuid: domain.uuid, caller: 1,
        resources: domain.resources, unguarded: domain.unguarded)))
}
